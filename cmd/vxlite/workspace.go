package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/develop"
	"github.com/vxlite/vxlite/internal/screen"
)

// workspaceCommand writes the workspace out, to work in.
func (c *cli) workspaceCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "workspace",
		Usage: "write all sources into a directory, to edit, test and debug them",
		UsageText: `vxlite workspace DIR [--clones NAME…]

Writes RoadRunner, the plugins and all other modules from git into DIR as plain
files, with a go.work: editors and debuggers find everything, "go build -o rr
./app" builds the server, and "go test ./..." works in the folder of each plugin
and in clones. Your own directories (path, replace, --with) are referred to, not
copied. Run again, it brings DIR up to date and keeps your changes.

   vxlite workspace dev
   vxlite workspace dev --with cache=../cache
   vxlite workspace dev --clones http logger    these as clones with a branch
   cd dev && go build -o rr ./app`,
		Flags: append([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "clones", Usage: "make `NAME`, and the names after DIR, clones with a branch and a remote (repeatable)"},
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			cfg, err := c.readConfig(ctx)
			if err != nil {
				return err
			}
			args, clones := ctx.Args().Slice(), ctx.StringSlice("clones")
			switch {
			case len(args) == 0:
				return badLine("workspace wants a directory: vxlite workspace DIR")
			case len(args) > 1 && len(clones) == 0:
				return badLine("workspace wants one directory; names of plugins follow --clones")
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			result, err := develop.Write(c.ctx, m, c.project(ctx, cfg), args[0], append(clones, args[1:]...))
			if err != nil {
				return err
			}
			c.screen.Done(result, func(color bool) string { return screen.WorkspaceText(result.Workspace, color) })
			return nil
		},
	}
}
