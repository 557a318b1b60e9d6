package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/screen"
)

// verifyCommand builds a binary again and compares.
func (c *cli) verifyCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "verify",
		Usage: "build a binary again and compare",
		UsageText: `vxlite verify FILE --lock velox.lock

Builds the server again from the config and its lock, for the platform of the
file, in a temporary place, and compares the bytes. If they differ, shows the
differences, and the exit status is 3. The config is the one beside the lock,
unless -c names another.

   vxlite verify rr                          with ./velox.toml and ./velox.lock
   vxlite verify rr --lock release/velox.lock`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "lock", Usage: "take the commits and checksums from `FILE`"},
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if ctx.Args().Len() != 1 {
				return badLine("verify takes one binary")
			}
			if lock := ctx.String("lock"); lock != "" && !ctx.IsSet("config") {
				c.startScreen(ctx, config.Log{})
				if _, err := os.Stat(lock); errors.Is(err, fs.ErrNotExist) { // and not the config beside it
					return badLine("there is no %s", lock)
				}
				if err := ctx.Set("config", strings.TrimSuffix(lock, filepath.Ext(lock))+".toml"); err != nil {
					return err
				}
			}
			m, p, err := c.inputs(ctx)
			if err != nil {
				return err
			}
			p.LockFile = ctx.String("lock")
			d, err := build.Verify(c.ctx, m, p, ctx.Args().First())
			if d != nil {
				c.screen.ShowResult(d, func(color bool) string { return verifiedText(d, color) })
			}
			return err
		},
	}
}

// verifiedText words what a verification found.
func verifiedText(d *inspect.Diff, color bool) string {
	if d.Same {
		return screen.Cell(d.A.File) + ": built again, the same bytes: sha256:" + d.A.SHA256 + "\n"
	}
	return screen.DiffText(d, color)
}
