package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/screen"
)

// bundleFlags are those of --bundle and --apply.
func bundleFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringFlag{Name: "bundle", Usage: "write the mirror into the file `FILE`.tar.zst, and FILE.json for the next bundle beside it"},
		&urfave.StringFlag{Name: "since-bundle", Usage: "with --bundle, leave out what the bundle of `FILE`.json or those before it have"},
		&urfave.StringFlag{Name: "sign", Usage: "with --bundle, sign it with the private key in the file `KEY`, SSH or OpenPGP"},
		&urfave.StringFlag{Name: "apply", Usage: "verify the bundle `FILE` and add what it has to the mirror, which is made if there is none"},
		&urfave.StringSliceFlag{Name: "signed-by", Usage: "with --apply, require a signature by a key in `FILE` (repeatable)"},
	}
}

// bundleMirror writes what is to be carried elsewhere.
func (c *cli) bundleMirror(ctx *urfave.Context, dir string) error {
	result, err := mirrordir.WriteBundle(c.ctx, dir, ctx.String("bundle"),
		mirrordir.BundleOptions{Since: ctx.String("since-bundle"), Sign: ctx.String("sign"), Sink: c.screen.Sink()})
	if err != nil {
		return err
	}
	c.screen.Done(result, func(color bool) string { return screen.BundledText(result, color) })
	return nil
}

// applyToMirror adds what a bundle has. The limits for its packs are those of the
// configs, the largest where they differ.
func (c *cli) applyToMirror(ctx *urfave.Context, dir string) error {
	var limits config.Limits
	for _, file := range ctx.StringSlice("config") {
		cfg, err := c.readConfigFile(ctx, file, c.env)
		if err != nil {
			return err
		}
		limits = limits.Raise(cfg.Limits)
	}
	result, err := mirrordir.Apply(c.ctx, dir, ctx.String("apply"),
		mirrordir.ApplyOptions{SignedBy: ctx.StringSlice("signed-by"), Limits: limits.OrDefault(), Sink: c.screen.Sink()})
	if err != nil {
		return err
	}
	c.screen.Done(result, func(color bool) string { return screen.AppliedText(result, color) })
	return nil
}
