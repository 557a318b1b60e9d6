package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/event"
)

// lockCommand writes velox.lock.
func (c *cli) lockCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "lock",
		Usage: "write velox.lock: the commit and the checksum of all that goes in",
		UsageText: `vxlite lock -c velox.toml

Finds the commits that the config's refs lead to and writes them beside the
config, with the checksums of all modules: velox.toml has velox.lock. Entries
that fit the config stay as they are; vxlite update moves them. Servers are
asked about every tag, so one that moved is told of. Nothing is compiled.

   vxlite lock                               velox.lock for velox.toml here
   vxlite lock --locked                      only check that it is complete, for CI
   vxlite lock -c other.toml                 other.lock`,
		Flags:           append(without(sharedFlags(), "with"), targetFlag()),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Before:          noArguments,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			result, err := build.Lock(c.ctx, m, p)
			if err != nil {
				return err
			}
			c.screen.sink().Send(event.Event{Kind: event.Done, Result: result})
			return nil
		},
	}
}
