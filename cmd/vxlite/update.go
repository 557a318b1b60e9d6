package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/patching"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/update"
)

// updateCommand moves what velox.lock has.
func (c *cli) updateCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "update",
		Usage:     "update velox.lock to the commits that the refs are on now",
		ArgsUsage: "[NAME…]",
		UsageText: `vxlite update [NAME…] [--dry-run] [--drop-upstream]

Resolves the config's refs again. For each module that changes, shows the old
and new version and commit, the number of commits between them, and their tags.
A NAME is the name of a plugin, a module path, or roadrunner; without one, all
modules are updated. A ref that is a version's tag or a full commit hash stays
the same: change it in the config.

Patches are carried over to the new commits: those that apply stay, others are
merged. One that a new commit contains is removed with --drop-upstream, and is an
error without. For one that is in conflict, a clone with the conflict is left, and
neither velox.toml nor velox.lock is changed: see "vxlite help patch".

   vxlite update --dry-run                   show what would change
   vxlite update worker                      update only the plugin worker
   vxlite update                             update everything, and write a new lock`,
		Flags: append(without(sharedFlags(), "with"), targetFlag(),
			&urfave.BoolFlag{Name: "drop-upstream", Usage: "remove patches that the new commits contain"},
			&urfave.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "only show what would change"}),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			if p.Locked {
				return badLine("update writes the lock, which --locked forbids")
			}
			f, err := c.fileOf(ctx, p.Config)
			if err != nil {
				return err
			}
			file := patching.File{Name: f.Name, Data: f.Data, Read: f.Read}
			result, err := update.Update(c.ctx, m, p, file, ctx.Args().Slice(), patching.Options{DropUpstream: ctx.Bool("drop-upstream"), DryRun: ctx.Bool("dry-run")})
			if err != nil {
				return err
			}
			c.screen.Done(result, func(color bool) string { return screen.UpdateText(result, color) })
			return nil
		},
	}
}
