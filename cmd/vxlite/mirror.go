package main

import (
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
)

// mirrorCommand makes and keeps a mirror of all that builds take from outside.
func (c *cli) mirrorCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "mirror",
		Usage:     "fill a mirror with all that builds fetch, carry it elsewhere, and keep it up to date",
		ArgsUsage: "DIR",
		UsageText: `vxlite mirror DIR -c a.toml -c b.toml

Fills the directory DIR with the repositories of RoadRunner, of all plugins and
of all other modules from git that the configs need, with their branches and tags,
and with the third-party modules that their builds ask a module proxy for. Run
again, it fetches what is new.

   vxlite mirror DIR                         for ./velox.toml
   vxlite mirror DIR --release v2025.1.15    for all plugins of a RoadRunner release`,
		Flags: append([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "for the config `FILE` (default: velox.toml; repeatable)"},
		}, without(sharedFlags(), "config", "with", "locked", "offline")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.mirror,
	}
}

// mirrorMode is what else than filling it can be done with a mirror.
type mirrorMode struct {
	flag string
	run  func(ctx *urfave.Context, dir string) error
	// with are the flags that it takes besides those of the screen.
	with []string
}

// mirrorModes are all of them, in the order of the help.
func (c *cli) mirrorModes() []mirrorMode {
	return []mirrorMode{}
}

func (c *cli) mirror(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	dir := ctx.Args().First()
	if dir == "" || ctx.Args().Len() > 1 {
		return badLine("mirror needs one directory, got %d arguments", ctx.Args().Len())
	}
	var given []mirrorMode
	var names []string
	for _, m := range c.mirrorModes() {
		if ctx.IsSet(m.flag) {
			given, names = append(given, m), append(names, dashed(m.flag))
		}
	}
	switch len(given) {
	case 0:
		return c.fillMirror(ctx, dir)
	case 1:
		return given[0].run(ctx, dir)
	}
	return badLine("%s cannot be used together", strings.Join(names, " and "))
}

// fillMirror fetches what the configs need.
func (c *cli) fillMirror(ctx *urfave.Context, dir string) error {
	return nil
}
