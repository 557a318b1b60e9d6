package main

import (
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/outdated"
	"github.com/vxlite/vxlite/internal/screen"
)

// outdatedCommand compares the config with what there is now.
func (c *cli) outdatedCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "outdated",
		Usage: "list which plugins have newer versions",
		UsageText: `vxlite outdated [--fail]

Asks the repository of RoadRunner and of each plugin for its versions, and lists
the version in use, the newest of the same major version, that of a higher major
version, and the one that the newest RoadRunner release uses; how old the version
in use is, and how many commits lie between it and the newest. Versions that their
author has retracted, and modules that are deprecated, are marked.

A module is outdated if RoadRunner's newest release uses a newer version of it, or,
for a module that RoadRunner does not use, if there is one of the same major version;
if its branch has moved; or if it is retracted or deprecated.

   vxlite outdated
   vxlite outdated --fail                    exit with status 3 if a module is outdated
   vxlite outdated --all --json              modules that others require, too`,
		Flags: append([]urfave.Flag{
			&urfave.BoolFlag{Name: "fail", Usage: "exit with status 3 if a module is outdated"},
			&urfave.BoolFlag{Name: "all", Usage: "list the modules of velox.lock that only other modules require, too"},
		}, without(sharedFlags(), "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			result, err := outdated.Report(c.ctx, m, p, outdated.Ask{Required: ctx.Bool("all")})
			if result != nil {
				c.screen.Done(result, func(color bool) string { return screen.OutdatedText(result, time.Now(), color) })
			}
			if err == nil && ctx.Bool("fail") {
				err = result.Check()
			}
			return err
		},
	}
}
