package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/upgrade"
)

// upgradeCommand moves the config's tags.
func (c *cli) upgradeCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "upgrade",
		Usage:     "change the tags in velox.toml to newer versions, and velox.lock with them",
		ArgsUsage: "[NAME…]",
		UsageText: `vxlite upgrade [NAME…] [--ref REF] [--major] [--dry-run]

Changes RoadRunner to its newest release of the same major version, and all plugins
to the versions that this release uses; plugins that it does not use, and those that
are named, to their newest version of the same major. Versions that are newer than
that stay. With --ref, all are changed to what that release uses, also if that is
older. With --major, major versions may change, and module paths with them.

The new versions are fetched, and the plugins checked as by vxlite check, before
velox.toml and velox.lock are written. All other lines, comments and the order stay.
Branches and commits are not changed.

   vxlite upgrade --dry-run                  show the new tags, the commits between, and
                                             what would change in both files
   vxlite upgrade                            to the newest RoadRunner release
   vxlite upgrade --ref v2025.1.15           to that one
   vxlite upgrade http kv                    only these, to their newest versions
   vxlite upgrade --markdown                 print the text of a pull request`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "ref", Usage: "take the versions of the RoadRunner release `REF`"},
			&urfave.BoolFlag{Name: "major", Usage: "change to other major versions, too"},
			&urfave.BoolFlag{Name: "markdown", Usage: "print what changes as Markdown, for a pull request"},
			dryRunFlag(),
			configFlag("edit the config `FILE`"),
		}, without(sharedFlags(), "config", "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			file, err := c.amended(ctx)
			if err != nil {
				return err
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			r, err := upgrade.Upgrade(c.ctx, m, file, upgrade.Ask{Names: ctx.Args().Slice(), Ref: ctx.String("ref"), Major: ctx.Bool("major")})
			if err != nil {
				return err
			}
			if ctx.Bool("markdown") && !ctx.Bool("json") {
				c.screen.Document("markdown", screen.UpgradeMarkdown(r))
				return nil
			}
			c.screen.Done(r, func(color bool) string { return screen.UpgradeText(r, color) })
			return nil
		},
	}
}
