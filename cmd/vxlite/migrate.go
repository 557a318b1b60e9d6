package main

import (
	"bytes"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/migrate"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/screen"
)

// migrateCommand rewrites an older config.
func (c *cli) migrateCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "migrate",
		Usage: "rewrite a velox.toml for an older Velox in today's form",
		UsageText: `vxlite migrate [-c FILE] [--dry-run]

Rewrites a velox.toml of any generation: plugins go into [plugins.NAME], the
compiler's settings into [build]. Comments stay in place, and variables stay as
written. vxlite reads the older forms too, so nothing has to be migrated.

   vxlite migrate --dry-run                  show what would change
   vxlite migrate -c build/velox.toml`,
		Flags: []urfave.Flag{
			dryRunFlag(),
			configFlag("rewrite the config `FILE`"),
			jsonFlag(),
			quietFlag(),
		},
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action:          c.migrate,
	}
}

func (c *cli) migrate(ctx *urfave.Context) error {
	c.startScreen(ctx, config.Log{})
	file := ctx.String("config")
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return err
	}
	data, err := parse.ReadFile(file)
	if err != nil {
		return badConfig(ctx, err)
	}
	out, notes, err := migrate.Config(file, data, dir)
	if err != nil {
		return badConfig(ctx, err)
	}
	for _, n := range notes {
		c.screen.Sink().Send(event.Event{Kind: event.Note, Text: n.Pos.String() + ": " + n.Text})
	}
	var result screen.Wrote
	switch {
	case bytes.Equal(data, out) && len(notes) > 0: // they say what is left
		result.Summary = file + "  (unchanged)"
	case bytes.Equal(data, out):
		result.Summary = file + " is in today's form"
	case ctx.Bool("dry-run"):
		result.Summary = string(diff.Diff(file, data, file+" (migrated)", out))
	default:
		if err := writeConfig(file, out); err != nil {
			return err
		}
		result.Files = []string{file}
	}
	c.screen.Wrote(result)
	return nil
}
