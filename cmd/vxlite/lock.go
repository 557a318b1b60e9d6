package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/update"
)

// lockCommand writes velox.lock.
func (c *cli) lockCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "lock",
		Usage: "write velox.lock: the commits and checksums of everything that goes in",
		UsageText: `vxlite lock -c velox.toml

Resolves the config's refs to commits and writes these beside the config, with
the checksums of all modules: velox.lock for velox.toml. Entries that fit the
config stay as they are; vxlite update changes them. Looks up every tag on the
servers, and prints a note if one has moved. Compiles nothing.

   vxlite lock                               velox.lock for ./velox.toml
   vxlite lock --locked                      only check that it is complete, for CI
   vxlite lock -c other.toml                 other.lock`,
		Flags:           append(without(sharedFlags(), "with"), targetFlag()),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			result, err := update.Lock(c.ctx, m, p)
			if err != nil {
				return err
			}
			c.screen.Done(result, func(color bool) string { return screen.LockText(result.Lock, color) })
			return nil
		},
	}
}
