package main

import (
	"errors"
	"fmt"
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/amend"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/migrate"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/screen"
)

// addCommand adds plugins to a config.
func (c *cli) addCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "add",
		Usage:     "add plugins to a velox.toml, with those that they need",
		ArgsUsage: "PLUGIN…",
		UsageText: `vxlite add PLUGIN… [--no-needs] [--dry-run]

Adds plugins to velox.toml, below those that are there, and to velox.lock. A PLUGIN
is the name of one of the RoadRunner release, a module path, a clone URL or a
directory, with a go.mod or a bare repository in it. All but a directory may have
@REF behind it; without, a plugin of the release has the release's version, however
it is named, and another its newest. Plugins of the release that the new ones need
are added too: Endure, RoadRunner's container, would otherwise disable these.

   vxlite add http kv
   vxlite add github.com/acme/hello/v2@v2.1.0
   vxlite add ssh://git@git.corp/team/cache.git --folder plugins/rr
   vxlite add ../mine
   vxlite add file:///srv/git/mine.git@v1.0.0
   vxlite add http --dry-run                 show what would change`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "name", Usage: "call the plugin `NAME` in the config"},
			&urfave.StringFlag{Name: "folder", Usage: "the `FOLDER` of its repository that has its go.mod"},
			&urfave.StringFlag{Name: "import", Usage: "the `PATH` of its package, if that is not the module's root"},
			&urfave.StringFlag{Name: "symbol", Usage: "the `STRUCT` to register (default: Plugin)"},
			&urfave.BoolFlag{Name: "no-needs", Usage: "do not add what the plugins need, and accept what Endure would disable"},
			dryRunFlag(),
			configFlag("edit the config `FILE`"),
		}, without(sharedFlags(), "config", "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.add,
	}
}

// removeCommand removes plugins from a config.
func (c *cli) removeCommand() *urfave.Command {
	return &urfave.Command{
		Name:      "remove",
		Usage:     "remove plugins from a velox.toml, and say which others needed them",
		ArgsUsage: "NAME…",
		UsageText: `vxlite remove NAME… [--dry-run]

Removes the plugins of these names, or module paths, from velox.toml and from
velox.lock. Comments that stand directly at a plugin go with it. A plugin that
cannot be fetched can be removed.

   vxlite remove gzip headers
   vxlite remove server --dry-run            show what would change, and who needs it`,
		Flags:           append([]urfave.Flag{dryRunFlag(), configFlag("edit the config `FILE`")}, without(sharedFlags(), "config", "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			if !ctx.Args().Present() {
				return badLine("remove needs the name of a plugin")
			}
			file, err := c.amended(ctx)
			if err != nil {
				return err
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			return c.showAmended(amend.Remove(c.ctx, m, file, ctx.Args().Slice()))
		},
	}
}

func dryRunFlag() urfave.Flag {
	return &urfave.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "show the difference, and write nothing"}
}

func (c *cli) add(ctx *urfave.Context) error {
	wishes, err := wishes(ctx)
	if err != nil {
		return err
	}
	file, err := c.amended(ctx)
	if err != nil {
		return err
	}
	if err := inTodaysForm(file); err != nil {
		return err
	}
	m, err := c.machine(ctx)
	if err != nil {
		return err
	}
	return c.showAmended(amend.Add(c.ctx, m, file, wishes, !ctx.Bool("no-needs")))
}

// wishes are the plugins of the command line.
func wishes(ctx *urfave.Context) ([]amend.Wish, error) {
	if !ctx.Args().Present() {
		return nil, badLine("add needs a plugin: its name, a module path, a clone URL or a directory")
	}
	for _, flag := range []string{"name", "folder", "import", "symbol"} {
		if ctx.IsSet(flag) && ctx.NArg() > 1 {
			return nil, badLine("--%s is for one plugin, and there are %d", flag, ctx.NArg())
		}
	}
	var out []amend.Wish
	for _, arg := range ctx.Args().Slice() {
		origin, err := parse.Origin(arg)
		if e, ok := errors.AsType[*parse.DirRefError](err); ok {
			return nil, usageError{error: fmt.Errorf("%s: %w", arg, err), hint: e.Hint()}
		}
		if err != nil {
			return nil, badLine("%s: %w", giturl.Redact(arg), err)
		}
		out = append(out, amend.Wish{Origin: origin, As: ctx.String("name"), Folder: ctx.String("folder"),
			Import: ctx.String("import"), Symbol: ctx.String("symbol")})
	}
	return out, nil
}

// amended is the config that a command changes. What is read of it again has the
// flags laid over it, and has said before what it has to say.
func (c *cli) amended(ctx *urfave.Context) (amend.File, error) {
	cfg, err := c.readConfig(ctx)
	if err != nil {
		return amend.File{}, err
	}
	return c.fileOf(ctx, cfg)
}

// fileOf is the file of a config.
func (c *cli) fileOf(ctx *urfave.Context, cfg *config.Config) (amend.File, error) {
	data, err := parse.ReadFile(cfg.File)
	if err != nil {
		return amend.File{}, badConfig(ctx, err)
	}
	dir, err := filepath.Abs(filepath.Dir(cfg.File))
	if err != nil {
		return amend.File{}, err
	}
	read := func(data []byte) (*config.Config, error) {
		cfg, err := parse.Data(cfg.File, data, dir, c.env)
		if err != nil {
			return nil, badConfig(ctx, err)
		}
		return cfg, c.layFlags(ctx, cfg)
	}
	return amend.File{Name: cfg.File, Data: data, Read: read, DryRun: ctx.Bool("dry-run")}, nil
}

// oldFormError is a config whose plugins stand where today's form has none.
type oldFormError struct{ file string }

func (e oldFormError) Error() string {
	return e.file + " has its plugins in the form of an older Velox, to which none are added"
}

// ExitStatus implements the interface that picks the exit status.
func (oldFormError) ExitStatus() int { return screen.ExitUsage }

// Hints says what to do.
func (e oldFormError) Hints() []string {
	return []string{"rewrite it in today's form first: vxlite migrate -c " + e.file}
}

// inTodaysForm refuses a config whose plugins migrate would move. Other settings
// may be as any Velox has them.
func inTodaysForm(f amend.File) error {
	dir, err := filepath.Abs(filepath.Dir(f.Name))
	if err != nil {
		return err
	}
	if moved, err := migrate.MovesPlugins(f.Name, f.Data, dir); err != nil || !moved {
		return err
	}
	return oldFormError{f.Name}
}

// showAmended shows what became of a config.
func (c *cli) showAmended(result *amend.Result, err error) error {
	if err != nil {
		return err
	}
	c.screen.Done(result, func(color bool) string {
		return screen.AmendedText(result, fmt.Sprintf("build it with: %s", buildLine(result.Config)), color)
	})
	return nil
}
