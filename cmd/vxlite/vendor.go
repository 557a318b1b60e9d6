package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/vendoring"
)

// vendorCommand writes what an offline rebuild needs.
func (c *cli) vendorCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "vendor",
		Usage: "write everything that an offline rebuild needs into a folder or a file",
		UsageText: `vxlite vendor -c velox.toml -o DIR or FILE.tar.zst

Writes the config and its lock, the locked commits of RoadRunner, the plugins
and all other modules from git, and the third-party modules that the build needs
into a folder or a single file, with the checksum of each file. The same lock
gives the same bytes.

vxlite build --vendor verifies it and builds the same binary from it, without a
network, a home directory or git.

   vxlite vendor                             into ./vendor
   vxlite vendor -o rr.tar.zst               into one file
   vxlite vendor -o rr.tar.zst --with-compile-cache
                                             larger, for a build in seconds with
                                             build --with-compile-cache
   vxlite vendor -o rr.tar.zst --sign KEY    signed, for build --signed-by
   vxlite vendor --prune                     remove what the lock in ./vendor
                                             does not need
   vxlite build --vendor rr.tar.zst -o dist/`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Value: "vendor", Usage: "write the folder `DIR`, or a file if the name ends in .tar.zst"},
			&urfave.BoolFlag{Name: "with-compile-cache", Usage: "add the compiled packages for all targets"},
			&urfave.BoolFlag{Name: "with-toolchain", Usage: "add the Go release in use, from the module proxy"},
			&urfave.BoolFlag{Name: "with-vulndb", Usage: "add the known vulnerabilities of all modules, for audit --vendor and build --vendor --audit"},
			dbFlag(),
			&urfave.StringFlag{Name: "sign", Usage: "sign it with the private key in the file `KEY`, SSH or OpenPGP"},
			&urfave.BoolFlag{Name: "prune", Usage: "fetch nothing: remove from the folder what its own lock does not need"},
			targetFlag(),
			tableFlag(),
		}, without(sharedFlags(), "with")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.vendor,
	}
}

func (c *cli) vendor(ctx *urfave.Context) error {
	if ctx.Bool("prune") {
		return c.prune(ctx)
	}
	if ctx.IsSet("db") && !ctx.Bool("with-vulndb") {
		c.startScreen(ctx, config.Log{})
		return badLine("--db needs --with-vulndb")
	}
	m, p, err := c.inputs(ctx)
	if err != nil {
		return err
	}
	result, err := vendoring.Make(c.ctx, m, p, ctx.String("output"),
		vendoring.Options{CompileCache: ctx.Bool("with-compile-cache"), Toolchain: ctx.Bool("with-toolchain"), VulnDB: ctx.Bool("with-vulndb"), DB: c.auditOptions(ctx).DB, Sign: ctx.String("sign")})
	if err != nil {
		return err
	}
	c.screen.Done(result, func(color bool) string { return screen.VendoredText(result, wantsTable(ctx), color) })
	return nil
}

var errPruneWith = badLine("--prune uses the folder's own lock: it cannot be used with -c, --target, --sign, --with-compile-cache, --with-toolchain or --with-vulndb")

// prune removes from a vendor folder what its lock does not need.
func (c *cli) prune(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	if ctx.Bool("with-compile-cache") || ctx.Bool("with-toolchain") || ctx.IsSet("target") || ctx.IsSet("config") || ctx.IsSet("sign") || ctx.Bool("with-vulndb") {
		return errPruneWith
	}
	removed, err := vendoring.Prune(c.ctx, ctx.String("output"))
	if err != nil {
		return err
	}
	c.screen.Removed(removed)
	return nil
}
