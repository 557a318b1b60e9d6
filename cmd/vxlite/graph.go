package main

import (
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/check"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/drawing"
)

// graphCommand draws who needs whom.
func (c *cli) graphCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "graph",
		Usage: "draw which plugin needs which, by Endure's rules",
		UsageText: `vxlite graph -c velox.toml [-f svg|dot|mermaid|json]

Prints the dependency graph of the plugins, with their versions: which plugin,
or value that it provides, is passed to another's Init, and which plugins each
one collects. Plugins that would be disabled are red, and so is the cause.

   vxlite graph > graph.svg                  for a browser
   vxlite graph -f dot | dot -Tpng > graph.png
   vxlite graph -f mermaid                   for a Markdown file`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "format", Aliases: []string{"f"}, Value: "svg", Usage: "`FORMAT`: " + strings.Join(drawing.Formats, ", ")},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			format := ctx.String("format")
			if !slices.Contains(drawing.Formats, format) {
				return &config.NameError{Flag: "--format", Name: format, Known: drawing.Formats, Of: "unknown format"}
			}
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			graph, keys, err := check.Graph(c.ctx, m, p)
			if err != nil {
				return err
			}
			text, err := drawing.Draw(graph, keys, format)
			if err != nil {
				return err
			}
			c.screen.Document(format, text)
			return nil
		},
	}
}
