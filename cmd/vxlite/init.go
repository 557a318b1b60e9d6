package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/pick"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/schema"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// initCommand writes a first config.
func (c *cli) initCommand() *urfave.Command {
	return &urfave.Command{
		Name:  "init",
		Usage: "write a velox.toml with the plugins of a RoadRunner release",
		UsageText: `vxlite init [--ref REF] [--only NAME,NAME… | --rr .rr.yaml…]

Reads the plugin list of a RoadRunner release, and writes a commented velox.toml
with these plugins and versions. An existing file is not overwritten. With --rr,
only the plugins that a .rr.yaml uses are written, and those that they need, each
with the line that asks for it; the others are listed. This reads the sources of
all plugins of the release, and compiles those that are used.

   vxlite init                               the newest release, all of its plugins
   vxlite init --ref v2025.1.15
   vxlite init --only logger,rpc,server,http
   vxlite init --rr .rr.yaml
   vxlite init --mirror https://github.com/=ssh://git@git.corp/github/`,
		Flags: append([]urfave.Flag{
			&urfave.StringFlag{Name: "ref", Value: "latest", Usage: "the release `REF`: a tag, a branch, a commit, or latest, v2025 and the like"},
			&urfave.StringSliceFlag{Name: "only", Usage: "only these plugins: `NAME,NAME` (repeatable)"},
			&urfave.StringSliceFlag{Name: "rr", Usage: "only the plugins that the .rr.yaml `FILE` uses, and those that they need (repeatable)"},
			rrSetFlag(),
			configFlag("write the config to `FILE`"),
		}, without(sharedFlags(), "config", "with", "locked")...),
		HideHelpCommand: true,
		OnUsageError:    c.badUsage,
		Action: func(ctx *urfave.Context) error {
			c.startScreen(ctx, config.Log{})
			file, only := ctx.String("config"), splitNames(ctx.StringSlice("only"))
			if ctx.IsSet("only") && len(only) == 0 {
				return badLine("--only names no plugin") // an unset variable of a script
			}
			if ctx.String("ref") == "" {
				return badLine("--ref names no release")
			}
			if ctx.IsSet("only") && ctx.IsSet("rr") {
				return badLine("--rr chooses the plugins, so --only cannot be used with it")
			}
			if err := rrSetAlone(ctx); err != nil {
				return err
			}
			if _, err := os.Lstat(file); err == nil {
				return existsError{file}
			}
			if dir := filepath.Dir(file); !disk.IsDir(dir) { // before anything is fetched
				return &output.Error{Path: file, Reason: "there is no directory " + dir, Hint: "make it, or name another place with -c"}
			}
			yamls, err := c.readYAMLs(ctx)
			if err != nil {
				return err
			}
			cfg, err := c.releaseConfig(ctx)
			if err != nil {
				return err
			}
			m, err := c.machine(ctx)
			if err != nil {
				return err
			}
			rel, err := scaffold.Release(c.ctx, m, cfg)
			if err != nil {
				return err
			}
			text, n, err := scaffold.Config(rel, only, cfg.Mirrors)
			if ctx.IsSet("rr") {
				text, n, err = c.pick(ctx, m, rel, yamls)
			}
			if err != nil {
				return err
			}
			_, err = os.Stat(filepath.Join(filepath.Dir(file), schema.File))
			if err := writeConfig(file, append([]byte(schema.Line(err == nil)), text...)); err != nil {
				return err
			}
			c.screen.Wrote(screen.Wrote{Files: []string{file},
				Summary: fmt.Sprintf("RoadRunner %s with %s; build it with: %s", rel.Ref, screen.Count(n, "plugin", "plugins"), buildLine(file))})
			return nil
		},
	}
}

// readYAMLs reads the .rr.yaml files that plugins are chosen for.
func (c *cli) readYAMLs(ctx *urfave.Context) ([]*rryaml.File, error) {
	var out []*rryaml.File
	for _, name := range ctx.StringSlice("rr") {
		y, err := rryaml.Read(name, c.env, ctx.StringSlice("rr-set")...)
		if err != nil {
			return nil, err
		}
		out = append(out, y)
	}
	return out, nil
}

// pick is a config with what .rr.yaml files use, and how many plugins that are.
func (c *cli) pick(ctx *urfave.Context, m workspace.Machine, rel *roadrunner.Release, files []*rryaml.File) ([]byte, int, error) {
	cfg, err := scaffold.Bare(rel.Ref, c.env)
	if err != nil {
		return nil, 0, err
	}
	if err := c.layFlags(ctx, cfg); err != nil {
		return nil, 0, err
	}
	picked, err := pick.Plugins(c.ctx, m, cfg, rel, files)
	if err != nil {
		return nil, 0, err
	}
	for _, text := range picked.Unknown {
		c.screen.Show(event.Event{Kind: event.Note, Text: text})
	}
	return scaffold.For(rel, strings.Join(ctx.StringSlice("rr"), ", "), picked.Plugins, picked.Plain, cfg.Mirrors), len(picked.Plugins), nil
}

// writeConfig writes a config in one step.
func writeConfig(file string, text []byte) error {
	if err := disk.Write(file, text, 0o644); err != nil {
		return &output.Error{Path: file, Reason: disk.Reason(err), Hint: "name another place with -c"}
	}
	return nil
}

// buildLine is the command that builds a config.
func buildLine(file string) string {
	if file == "velox.toml" {
		return "vxlite build"
	}
	return "vxlite build -c " + file
}

// releaseConfig is a config that names a RoadRunner release and nothing else.
func (c *cli) releaseConfig(ctx *urfave.Context) (*config.Config, error) {
	cfg := &config.Config{RoadRunner: config.RoadRunner{Ref: ctx.String("ref"), URL: config.RoadRunnerURL}}
	return cfg, c.layFlags(ctx, cfg)
}

// splitNames takes lists with commas apart.
func splitNames(lists []string) []string {
	var out []string
	for _, list := range lists {
		out = append(out, strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return out
}

// without returns the flags but for some.
func without(flags []urfave.Flag, names ...string) []urfave.Flag {
	var out []urfave.Flag
	for _, f := range flags {
		drop := false
		for _, n := range names {
			drop = drop || f.Names()[0] == n
		}
		if !drop {
			out = append(out, f)
		}
	}
	return out
}

// existsError is a file or directory that is not written over.
type existsError struct{ path string }

func (e existsError) Error() string { return e.path + " is there already" }

// ExitStatus implements the interface that picks the exit status.
func (existsError) ExitStatus() int { return screen.ExitUsage }

// Hints says what to do.
func (e existsError) Hints() []string {
	return []string{"remove it first, or name another place"}
}
