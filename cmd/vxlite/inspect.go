package main

import (
	"errors"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// inspectCommand shows what went into a binary.
func (c *cli) inspectCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "inspect",
		Usage: "show what went into a binary, or how two differ",
		UsageText: `vxlite inspect FILE [FILE]

Shows what a binary was built from, without running it: the versions of vxlite
and Go, the flags, each module from git with its commit, and all other modules.
With two binaries, shows how they differ, and the commits between if the
repository is in a local mirror, or in the store with its history.

   vxlite inspect rr
   vxlite inspect --json dist/rr-windows-amd64.exe
   vxlite inspect old/rr new/rr --mirror https://github.com/=/srv/mirror/`,
		Flags:           []urfave.Flag{mirrorFlag(), jsonFlag(), quietFlag()},
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			c.startScreen(ctx, config.Log{})
			switch files := ctx.Args().Slice(); len(files) {
			case 1:
				return c.inspectOne(files[0])
			case 2:
				return c.inspectTwo(ctx, files[0], files[1])
			}
			return badLine("inspect takes one binary, or two to compare")
		},
	}
}

func (c *cli) inspectOne(file string) error {
	b, err := inspect.Read(file)
	if b != nil {
		c.screen.ShowResult(b, func(color bool) string { return screen.BinaryText(b, color) })
	}
	if foreign, ok := errors.AsType[*inspect.ForeignError](err); ok {
		foreign.Shown = true
	}
	return err
}

func (c *cli) inspectTwo(ctx *urfave.Context, fileA, fileB string) error {
	mirrors, err := mirrorsFrom(ctx)
	if err != nil {
		return err
	}
	a, err := readBinary(fileA)
	if err != nil {
		return err
	}
	b, err := readBinary(fileB)
	if err != nil {
		return err
	}
	d := inspect.Compare(a, b)
	dir, err := c.storeDir()
	if err != nil {
		return err
	}
	store, err := store.Open(dir)
	if err != nil {
		return err
	}
	client, err := source.NewClient(source.Options{Store: store, Env: c.env, Mirrors: mirrors, Jobs: 1, Offline: true, Sink: c.screen.Sink()})
	if err != nil {
		return err
	}
	defer client.Close()
	if err := d.AddHistory(c.ctx, client); err != nil {
		return err
	}
	c.screen.ShowResult(d, func(color bool) string { return screen.DiffText(d, color) })
	return nil
}

// readBinary reads a binary for a comparison, for which what the go command
// records will do.
func readBinary(file string) (*inspect.Binary, error) {
	b, err := inspect.Read(file)
	if _, ok := errors.AsType[*inspect.ForeignError](err); ok {
		return b, nil
	}
	return b, err
}
