package main

import (
	"cmp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/image"
	"github.com/vxlite/vxlite/internal/screen"
)

// imageCommand makes a container's image.
func (c *cli) imageCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "image",
		Usage: "make a container image of the server",
		UsageText: `vxlite image -o image.tar [FILE…]
   vxlite image --push REF [FILE…]

Builds the server for each target, or takes existing binaries, and makes one OCI
image of them, without a daemon: in a tar file, or in a registry. The server is
/usr/bin/rr, and runs as an unprivileged user. The same input gives the same
digest.

   vxlite image -o image.tar --target linux/amd64 --target linux/arm64
   vxlite image --push registry.corp/team/rr:2025.1 dist/rr-linux-amd64 dist/rr-linux-arm64
   vxlite image -o image.tar --ca-certs /etc/ssl/certs/ca-certificates.crt
   vxlite image -o image.tar --base gcr.io/distroless/static:nonroot`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "output", Aliases: []string{"o", "out"}, Usage: "write an OCI layout to this .tar `FILE`, or as rr.tar into a directory"},
			&urfave.StringFlag{Name: "push", Usage: "push it to a registry as `REF`"},
			&urfave.StringFlag{Name: "base", Usage: "use the base `IMAGE`: a reference, or the directory of an OCI layout (default: scratch)"},
			&urfave.StringFlag{Name: "ca-certs", Usage: "add the PEM certificates in `FILE`"},
			&urfave.StringFlag{Name: "user", Usage: "run as `UID[:GID]` (default: 65532:65532)"},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.String("output") == "" && ctx.String("push") == "" {
				return badLine("image needs -o FILE or --push REF")
			}
			if u := ctx.String("user"); u != "" && !config.IsUser(u) {
				return badLine("--user is %q, want UID or UID:GID", u)
			}
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			io := image.Request{Image: p.Config.Image, Files: ctx.Args().Slice(), Output: ctx.String("output"), Push: ctx.String("push")}
			if base := ctx.String("base"); base != "" {
				io.Base, io.BasePlace = base, config.Place{}
			}
			if certs := ctx.String("ca-certs"); certs != "" {
				io.CACerts, io.CACertsPlace = certs, config.Place{}
			}
			io.User = cmp.Or(ctx.String("user"), io.User)
			result, err := image.Make(c.ctx, m, p, io)
			if err != nil {
				return err
			}
			c.screen.ShowResult(result, func(color bool) string { return imageText(result, color) })
			return nil
		},
	}
}

// imageText words where an image is.
func imageText(r *image.Result, color bool) string {
	t := screen.NewTable(color)
	for _, place := range []string{r.Output, r.Pushed} {
		if place != "" {
			t.AppendRow(table.Row{screen.Cell(place), strings.Join(r.Platforms, " "), r.Digest})
		}
	}
	return t.Render() + "\n"
}
