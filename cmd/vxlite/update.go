package main

import (
	"errors"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/event"
)

// updateCommand moves what velox.lock has.
func (c *cli) updateCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "update",
		Usage:     "move velox.lock to what the refs lead to now",
		ArgsUsage: "[NAME…]",
		UsageText: `vxlite update [NAME…] [--dry-run]

Asks the servers where the config's refs lead to now, and shows for each module
that moves the old and the new version and commit, how many commits lie between
and which tags. A NAME is a plugin's, a module path, or roadrunner; without one
all may move. A ref that is a version's tag or a whole commit stays where it is:
name a newer one in the config.

   vxlite update --dry-run                   show what would change
   vxlite update worker                      move the plugin worker alone
   vxlite update                             move all, and make the lock anew`,
		Flags: append(without(sharedFlags(), "with"), targetFlag(),
			&urfave.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "only show what would change"}),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			if p.Locked {
				return usageError{errors.New("update writes the lock, and --locked forbids that")}
			}
			result, err := build.Update(c.ctx, m, p, ctx.Args().Slice(), ctx.Bool("dry-run"))
			if err != nil {
				return err
			}
			c.screen.sink().Send(event.Event{Kind: event.Done, Result: result})
			return nil
		},
	}
}
