package main

import (
	"bytes"
	"cmp"
	"io"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// sbomCommand writes a bill of materials.
func (c *cli) sbomCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "sbom",
		Usage: "write the CycloneDX bill of materials of a binary or of a config",
		UsageText: `vxlite sbom [FILE]

Lists what is linked into a binary, or what the config would link for its
targets, as CycloneDX JSON on standard output, or in a file: package URLs,
commits, checksums, and the licences found in the sources. For a binary,
licences are known only for modules that are still in the store or the module
cache.

   vxlite sbom rr > rr.cdx.json
   vxlite sbom -c velox.toml -o server.json
   vxlite sbom -o dist/                      dist/rr.cdx.json
   vxlite build --sbom                       writes rr.cdx.json beside rr`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Usage: "write it to this .json `FILE`, or as rr.cdx.json into a directory"},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			var data []byte
			var file string // empty for standard output
			var err error
			switch ctx.Args().Len() {
			case 0:
				data, file, err = c.configSBOM(ctx)
			case 1:
				data, file, err = c.fileSBOM(ctx)
			default:
				return badLine("sbom takes one binary, or none for the config")
			}
			if err != nil {
				return err
			}
			if file == "" {
				c.screen.ShowDocument(data)
				return nil
			}
			if err := output.Write(file, data); err != nil {
				return err
			}
			c.screen.Wrote(screen.Wrote{Files: []string{file}})
			return nil
		},
	}
}

func (c *cli) configSBOM(ctx *urfave.Context) (data []byte, file string, err error) {
	m, p, err := c.inputs(ctx)
	if err != nil {
		return nil, "", err
	}
	cfg := p.Config
	if file, err = billFile(ctx.String("output"), cfg.Build.Name, cfg.File, lock.Name(cfg.File)); err != nil {
		return nil, "", err
	}
	data, err = build.Bill(c.ctx, m, p)
	return data, file, err
}

// fileSBOM needs no config: the binary says what is in it.
func (c *cli) fileSBOM(ctx *urfave.Context) (data []byte, file string, err error) {
	if ctx.IsSet("config") {
		return nil, "", badLine("sbom takes a binary or a config, not both")
	}
	c.startScreen(ctx, config.Log{})
	store, err := c.storeDir()
	if err != nil {
		return nil, "", err
	}
	bin := ctx.Args().First()
	if file, err = billFile(ctx.String("output"), strings.TrimSuffix(filepath.Base(bin), ".exe"), bin); err != nil {
		return nil, "", err
	}
	data, err = build.BillOf(c.ctx, workspace.Machine{StoreDir: store, Env: c.env, Sink: c.screen.Sink()}, bin)
	return data, file, err
}

// billFile returns the absolute file that a bill of materials becomes, or "" for
// none, once it is sure that it may become it: NAME.cdx.json in a directory.
func billFile(o, name string, inputs ...string) (string, error) {
	if o == "" {
		return "", nil
	}
	dir, file, err := output.Split(o, func(name string) bool { return filepath.Ext(name) == ".json" })
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, cmp.Or(file, name+".cdx.json"))
	what := output.Product{Name: "a bill of materials", Input: "is an input of the bill of materials", Is: isBill}
	return file, output.CheckWritable([]string{file}, what, inputs...)
}

// isBill reports whether a file is a CycloneDX one.
func isBill(file string) bool {
	f, err := disk.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 1024)
	n, _ := io.ReadFull(f, head)
	return bytes.Contains(head[:n], []byte(`"CycloneDX"`))
}
