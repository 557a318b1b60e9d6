package main

import (
	"errors"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/vendoring"
)

// buildCommand makes the binary.
func (c *cli) buildCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "build",
		Usage: "build the server that a velox.toml describes",
		UsageText: `vxlite build -c velox.toml -o DIR

Fetches RoadRunner and the plugins from their repositories, generates a
workspace with the main.go that registers them, compiles it, tests the binary
and puts it into DIR as rr. Prints what went into it: RoadRunner, local modules,
and what has changed since the last build; with --table or -v, everything.

   vxlite build                              from ./velox.toml, to ./rr
   vxlite build -o /usr/bin                  to /usr/bin/rr
   vxlite build --mirror https://github.com/=ssh://git@git.corp/github/
   vxlite build --with cache=../cache        with the plugin cache from ../cache
   vxlite build --target linux/amd64 --target linux/arm64 -o dist/
   vxlite build --sbom --provenance          also rr.cdx.json and rr.intoto.json
   vxlite build --vendor rr.tar.zst          only from what vxlite vendor wrote`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Value: ".", Usage: "put the binary into `DIR`; a DIR that is a file, or is named rr, rr.exe or as in [build] name, is the binary itself"},
			targetFlag(),
			&urfave.BoolFlag{Name: "sbom", Usage: "write a CycloneDX bill of materials beside each binary"},
			&urfave.BoolFlag{Name: "provenance", Usage: "write an in-toto provenance statement beside each binary"},
			&urfave.StringFlag{Name: "vendor", Usage: "read only the vendor folder `DIR`, or a .tar.zst of one; with -c, the config must fit its lock"},
			&urfave.BoolFlag{Name: "with-compile-cache", Usage: "with --vendor, use its compiled packages, although nothing proves which sources they were made from"},
			&urfave.StringSliceFlag{Name: "signed-by", Usage: "with --vendor, require a signature by a key in `FILE`, and use its compiled packages (repeatable)"},
			&urfave.BoolFlag{Name: "table", Usage: "list everything that went in, as -v does"},
			&urfave.BoolFlag{Name: "verify", Usage: "build twice, in different ways, and compare the bytes"},
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.IsSet("vendor") {
				return c.buildVendored(ctx)
			}
			if ctx.IsSet("with-compile-cache") || ctx.IsSet("signed-by") {
				c.startScreen(ctx, config.Log{})
				return errWithoutVendor
			}
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			return c.build(ctx, build.Options{Machine: m, Project: p, Output: ctx.String("output"),
				SBOM: ctx.Bool("sbom"), Provenance: ctx.Bool("provenance"), BuildTwice: ctx.Bool("verify")})
		},
	}
}

var errWithoutVendor = badLine("--with-compile-cache and --signed-by need --vendor")

// build builds, and shows the result.
func (c *cli) build(ctx *urfave.Context, o build.Options) error {
	_, result, err := build.Build(c.ctx, o)
	if err != nil {
		return err
	}
	all := ctx.Bool("table") || ctx.Bool("verbose")
	c.screen.Done(result, func(color bool) string { return screen.BuildText(result, all, color) })
	return nil
}

// buildVendored builds from a vendor folder or file. The config is the one in
// it, unless another is named.
func (c *cli) buildVendored(ctx *urfave.Context) (err error) {
	c.startScreen(ctx, config.Log{})
	store, err := c.storeDir()
	if err != nil {
		store = "" // none is needed
	}
	v, err := vendoring.Open(c.ctx, ctx.String("vendor"), vendoring.OpenOptions{CompileCache: ctx.Bool("with-compile-cache"),
		SignedBy: ctx.StringSlice("signed-by"), Store: store, Env: c.env, Sink: c.screen.Sink()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	read := v.Config
	if ctx.IsSet("config") {
		read = func() (*config.Config, error) { return parse.File(ctx.String("config"), c.env) }
	}
	cfg, err := c.readConfigBy(ctx, read)
	if err != nil {
		return err
	}
	if ctx.IsSet("config") {
		if err := v.CompareLock(cfg.File, ctx.Bool("locked")); err != nil {
			return err
		}
	}
	m, p := c.machineWithoutStore(ctx), c.project(ctx, cfg)
	m.StoreDir, m.Env, p.Vendored = v.EmptyStore(), v.Getenv, v
	m.Offline = false // the folder is all that is read, its proxy too, which GOPROXY=off would forbid
	return c.build(ctx, build.Options{Machine: m, Project: p, Output: ctx.String("output"), BuildTwice: ctx.Bool("verify")})
}
