package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/event"
)

// checkCommand says whether a server would do what it was built for.
func (c *cli) checkCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "check",
		Usage: "check the plugins, who needs whom, and a .rr.yaml against them",
		UsageText: `vxlite check -c velox.toml [--rr .rr.yaml]

Checks the config, the methods of every plugin, and that Endure, RoadRunner's
container, would initialise them all: it disables without a word a plugin whose
needs no other meets. What build does before it links, without linking. With
--rr, also that a plugin reads each section of a .rr.yaml, and that the
middleware and drivers it names are in. Exits with 3 where it finds a problem.

   vxlite check                              velox.toml here
   vxlite check --rr .rr.yaml                and a config of the server
   vxlite check --target windows/amd64       as it would be there`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "rr", Usage: "check `FILE`, a .rr.yaml, against the plugins"},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Before:          noArguments,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			result, err := build.Check(c.ctx, m, p, ctx.String("rr"))
			if result != nil {
				c.screen.sink().Send(event.Event{Kind: event.Done, Result: result})
			}
			return err
		},
	}
}
