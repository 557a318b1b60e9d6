package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/binsize"
	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/size"
	"github.com/vxlite/vxlite/internal/workspace"
)

// sizeFormats are those of a report, the usual one first.
var sizeFormats = []string{"text", "svg"}

// sizeCommand shows what each plugin costs.
func (c *cli) sizeCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "size",
		Usage: "show how much each plugin adds to a binary",
		UsageText: `vxlite size [FILE] [--without NAME]… [-f text|svg]

Shows how much smaller a server would be without each of its plugins: by the
plugin's own code, and by what is linked for it alone. Read from the binary,
stripped or not, with the config and the lock that it was built from; nothing is
built for it. Without FILE, that is ./rr if it is up to date, and else one that is
built and thrown away. Without a config, only the sizes of modules are shown.

   vxlite size
   vxlite size dist/rr -c velox.toml
   vxlite size --without kafka --without sqs how much both would save
   vxlite size -f svg > size.svg             a picture, for a browser`,
		Flags: append([]urfave.Flag{
			&urfave.StringSliceFlag{Name: "without", Usage: "say what a server without the plugins `NAME,NAME` would save (repeatable)"},
			&urfave.StringFlag{Name: "format", Aliases: []string{"f"}, Value: sizeFormats[0], Usage: "`FORMAT`: text, svg"},
			targetFlag(),
		}, sharedFlags()...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			format := ctx.String("format")
			if !slices.Contains(sizeFormats, format) {
				return &config.NameError{Flag: "--format", Name: format, Known: sizeFormats, Of: "unknown format"}
			}
			without := splitNames(ctx.StringSlice("without"))
			if ctx.IsSet("without") && len(without) == 0 {
				return badLine("--without names no plugin")
			}
			var r *size.Report
			var err error
			switch ctx.Args().Len() {
			case 0:
				r, err = c.configSize(ctx, without)
			case 1:
				r, err = c.fileSize(ctx, ctx.Args().First(), without)
			default:
				return badLine("size takes one binary, or none for the config")
			}
			if foreign, ok := errors.AsType[*inspect.ForeignError](err); ok && r != nil {
				foreign.Shown = true
			} else if err != nil {
				return err
			}
			if format == "svg" {
				c.screen.Document(format, r.Treemap())
			} else {
				c.screen.Done(r, func(color bool) string { return screen.SizeText(r, color) })
			}
			return err
		},
	}
}

// configSize reports on what build has made of the config, or would.
func (c *cli) configSize(ctx *urfave.Context, without []string) (*size.Report, error) {
	m, p, err := c.inputs(ctx)
	if err != nil {
		return nil, err
	}
	one := *p.Config
	one.Build.Targets = p.Targets()[:1]
	p.Config = &one
	w, err := workspace.Prepare(c.ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	if name := builtFile(p); name != "" {
		r, err := size.Plugins(c.ctx, w, name, without)
		if !isOther(err) {
			return r, err
		}
	}
	var r *size.Report
	err = build.Scratch(c.ctx, m, p, func(w *workspace.Workspace, binaries []build.Binary) (err error) {
		if r, err = size.Plugins(c.ctx, w, binaries[0].Path, without); r != nil {
			r.File = filepath.Base(r.File) // it is gone
		}
		return err
	})
	return r, err
}

// builtFile is the binary that build puts here by default, or empty where there is
// none.
func builtFile(p workspace.Project) string {
	name := p.Config.Build.Name
	if p.Targets()[0].OS == "windows" {
		name += ".exe"
	}
	if !disk.Exists(name) {
		return ""
	}
	return name
}

// isOther reports whether a binary is not that of the config.
func isOther(err error) bool {
	_, other := errors.AsType[*size.OtherError](err)
	_, foreign := errors.AsType[*inspect.ForeignError](err)
	_, none := errors.AsType[*inspect.NoProgramError](err)
	return other || foreign || none
}

// fileSize reports on a binary, by plugin if its config is at hand.
func (c *cli) fileSize(ctx *urfave.Context, file string, without []string) (*size.Report, error) {
	b, err := inspect.Read(file)
	if err != nil && b == nil {
		c.startScreen(ctx, config.Log{})
		return nil, err
	}
	if b.Manifest == nil {
		c.startScreen(ctx, config.Log{})
		return size.Modules(file)
	}
	m, p, err := c.inputs(ctx)
	modulesWillDo := len(without) == 0 && !ctx.IsSet("config")
	if modulesWillDo && errors.Is(err, fs.ErrNotExist) {
		c.screen.Show(event.Event{Kind: event.Note, Text: "there is no velox.toml, so the modules are shown: -c names the config that it was built from, for the plugins"})
		return size.Modules(file)
	}
	if err != nil {
		return nil, err
	}
	w, err := workspace.Prepare(c.ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	r, err := size.Plugins(c.ctx, w, file, without)
	_, other := errors.AsType[*size.OtherError](err)
	if modulesWillDo && other || len(without) == 0 && errors.Is(err, binsize.ErrNoData) {
		c.screen.Show(event.Event{Kind: event.Note, Text: err.Error() + "; its modules are shown"})
		return size.Modules(file)
	}
	return r, err
}
