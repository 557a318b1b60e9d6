package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/check"
	"github.com/vxlite/vxlite/internal/screen"
)

// checkCommand says whether a server would do what it was built for.
func (c *cli) checkCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "check",
		Usage: "check the plugins, their dependencies, and a .rr.yaml against them",
		UsageText: `vxlite check -c velox.toml [--rr .rr.yaml [--rr-set KEY=VALUE]]

Checks the config, the methods of every plugin, and that Endure, RoadRunner's
container, would initialise all plugins: it silently disables a plugin if no
other provides what it needs. The same checks are part of a build. With --rr,
also checks a .rr.yaml: that a plugin reads each section and the keys in it, and
can decode the values; and that middleware and drivers are included. Plugins
that it never uses are listed. The exit status is 3 if there is a problem.

   vxlite check                              ./velox.toml
   vxlite check --rr .rr.yaml                and the server's config
   vxlite check --rr .rr.yaml --rr-set http.address=:8080
   vxlite check --target windows/amd64       for another platform`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "rr", Usage: "check the .rr.yaml `FILE` against the plugins"},
			rrSetFlag(),
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if err := rrSetAlone(ctx); err != nil {
				return err
			}
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			report, err := check.Plugins(c.ctx, m, p, check.YAML{File: ctx.String("rr"), Set: ctx.StringSlice("rr-set"), Binary: builtFile(p)})
			if report != nil {
				c.screen.Done(struct {
					Check *check.Report `json:"check"`
				}{report}, func(color bool) string { return screen.CheckText(report, color) })
			}
			return err
		},
	}
}
