package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/pipeline"
)

// buildCommand makes the binary.
func (c *cli) buildCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "build",
		Usage: "build the server that a velox.toml describes",
		UsageText: `vxlite build -c velox.toml -o DIR

Fetches RoadRunner and the plugins from their repositories, generates a
workspace with the main.go that registers them, compiles it, tries the binary
and puts it into DIR as rr. What went in is printed as a table.

   vxlite build                              velox.toml here, to ./rr
   vxlite build -o /usr/bin/                 to /usr/bin/rr
   vxlite build --mirror https://github.com/=ssh://git@git.corp/github/
   vxlite build --with cache=../cache        the plugin cache from a directory of yours
   vxlite build --target linux/amd64 --target linux/arm64 -o dist/`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o"}, Value: ".", Usage: "put the binary into `DIR`, or write it to that file"},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    badUsage,
		Action: func(ctx *urfave.Context) error {
			o, err := c.options(ctx)
			if err != nil {
				return err
			}
			result, err := pipeline.Build(c.ctx, o)
			if err != nil {
				return err
			}
			c.screen.sink().Send(event.Event{Kind: event.Done, Result: result})
			return nil
		},
	}
}
