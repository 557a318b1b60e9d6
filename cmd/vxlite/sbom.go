package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/workspace"
)

// sbomCommand writes a bill of materials.
func (c *cli) sbomCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "sbom",
		Usage: "write the CycloneDX bill of materials of a binary or of a config",
		UsageText: `vxlite sbom [FILE]

Lists what is linked into a binary, or what the config would link for its
targets, as CycloneDX JSON on standard output: package URLs, commits, checksums,
and the licences found in the sources. For a binary, licences are known only for
modules that are still in the store or the module cache.

   vxlite sbom rr > rr.cdx.json
   vxlite sbom -c velox.toml > server.cdx.json
   vxlite build --sbom                       writes rr.cdx.json beside rr`,
		Flags:           append(sharedFlags(), targetFlag()),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			var data []byte
			var err error
			switch ctx.Args().Len() {
			case 0:
				data, err = c.configSBOM(ctx)
			case 1:
				data, err = c.fileSBOM(ctx)
			default:
				return badLine("sbom takes one binary, or none for the config")
			}
			if err != nil {
				return err
			}
			c.screen.ShowDocument(data)
			return nil
		},
	}
}

func (c *cli) configSBOM(ctx *urfave.Context) ([]byte, error) {
	m, p, err := c.inputs(ctx)
	if err != nil {
		return nil, err
	}
	return build.Bill(c.ctx, m, p)
}

// fileSBOM needs no config: the binary says what is in it.
func (c *cli) fileSBOM(ctx *urfave.Context) ([]byte, error) {
	if ctx.IsSet("config") {
		return nil, badLine("sbom takes a binary or a config, not both")
	}
	c.startScreen(ctx, config.Log{})
	store, err := c.storeDir()
	if err != nil {
		return nil, err
	}
	return build.BillOf(c.ctx, workspace.Machine{StoreDir: store, Env: c.env, Sink: c.screen.Sink()}, ctx.Args().First())
}
