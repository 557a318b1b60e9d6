package main

import (
	"slices"
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
   vxlite mirror DIR --release v2025.1.15    for all plugins of a RoadRunner release
   vxlite mirror DIR --bundle 1.tar.zst      write all of it into a file
   vxlite mirror DIR --bundle 2.tar.zst --since-bundle 1.json
                                             write what is new since then
   vxlite mirror DIR --apply 2.tar.zst       elsewhere, take that over
   vxlite mirror DIR --push 'ssh://git@git.corp/mirrors/{owner}/{name}.git'
                                             push its repositories to a server`,
		Flags: slices.Concat([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "config", Aliases: []string{"c"}, Usage: "for the config `FILE` (default: velox.toml; repeatable)"},
			pushFlag(),
		}, fillFlags(), bundleFlags(), checkFlags(), []urfave.Flag{tableFlag()}, without(sharedFlags(), "config", "with", "locked", "offline")),
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
	return []mirrorMode{
		{"bundle", c.bundleMirror, []string{"since-bundle", "sign"}},
		{"apply", c.applyToMirror, []string{"signed-by", "config"}},
		{"push", c.pushMirror, []string{"config", "jobs"}},
		{"check", c.checkMirror, []string{"config"}},
		{"prune", c.pruneMirror, []string{"config", "release"}},
	}
}

func (c *cli) mirror(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	dir := ctx.Args().First()
	if dir == "" || ctx.Args().Len() > 1 {
		return badLine("mirror needs one directory, got %d arguments", ctx.Args().Len())
	}
	fill := mirrorMode{run: c.fillMirror, with: append(firstNames(fillFlags()), "config", "mirror", "jobs", "table")}
	mode, err := pickMode(ctx, fill, c.mirrorModes())
	if err != nil {
		return err
	}
	return mode.run(ctx, dir)
}

// pickMode returns the mode that the flags ask for, or what is to be done without
// one, and refuses flags that it has no use for.
func pickMode(ctx *urfave.Context, mode mirrorMode, modes []mirrorMode) (mirrorMode, error) {
	var names []string
	for _, m := range modes {
		if ctx.IsSet(m.flag) {
			mode, names = m, append(names, dashed(m.flag))
		}
	}
	if len(names) > 1 {
		return mode, badLine("%s cannot be used together", strings.Join(names, " and "))
	}
	screen := firstNames(screenFlags())
	for _, f := range firstNames(ctx.Command.Flags) {
		if !ctx.IsSet(f) || f == mode.flag || slices.Contains(mode.with, f) || slices.Contains(screen, f) {
			continue
		}
		if mode.flag != "" {
			return mode, badLine("%s cannot be used with %s", dashed(f), dashed(mode.flag))
		}
		var needs []string
		for _, m := range modes {
			if slices.Contains(m.with, f) {
				needs = append(needs, dashed(m.flag))
			}
		}
		return mode, badLine("%s needs %s", dashed(f), strings.Join(needs, " or "))
	}
	return mode, nil
}

func firstNames(flags []urfave.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, f.Names()[0])
	}
	return names
}
