package main

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/mirror"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// fillFlags say what a mirror is filled with.
func fillFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.StringSliceFlag{Name: "release", Usage: "for all plugins of the RoadRunner release `REF` (repeatable)"},
		&urfave.StringSliceFlag{Name: "refs", Usage: "only branches and tags that match `PATTERN`, such as v5.* or refs/heads/main (repeatable)"},
		&urfave.StringFlag{Name: "since", Usage: "only branches, tags and history from `DATE` on, as 2026-01-31"},
		&urfave.BoolFlag{Name: "shallow", Usage: "leave out all history"},
		&urfave.BoolFlag{Name: "move-tags", Usage: "let tags that have moved upstream move in the mirror"},
		&urfave.StringFlag{Name: "layout", Usage: "put repositories to `PATH` below DIR/git, by default " + string(mirrordir.DefaultLayout) + "; or gitolite, gitlab"},
		&urfave.StringSliceFlag{Name: "with-toolchain", Usage: "add the Go release `VERSION`, such as go1.26.4, from the module proxy (repeatable)"},
		&urfave.StringSliceFlag{Name: "platforms", Usage: "for builds on `OS/ARCH,OS/ARCH`, in place of each config's targets (repeatable)"},
		&urfave.BoolFlag{Name: "with-vulndb", Usage: "add the known vulnerabilities of all modules, for audit"},
	}
}

// fillMirror fetches what the configs need.
func (c *cli) fillMirror(ctx *urfave.Context, dir string) error {
	ask, err := c.fillAsk(ctx, dir)
	if err != nil {
		return err
	}
	m, err := c.machine(ctx)
	if err != nil {
		return err
	}
	r, err := mirror.Fill(c.ctx, m, dir, ask)
	if r != nil {
		c.screen.Done(r, func(color bool) string { return screen.FilledText(r, wantsTable(ctx), color) })
	}
	return err
}

func (c *cli) fillAsk(ctx *urfave.Context, dir string) (ask mirror.Ask, err error) {
	if ask.Settings, err = scaffold.Bare("", c.env); err != nil {
		return ask, err
	}
	if err := c.layFlags(ctx, ask.Settings); err != nil {
		return ask, err
	}
	if ask.Git.Wants, err = wantsRefs(ctx.StringSlice("refs")); err != nil {
		return ask, err
	}
	if since := ctx.String("since"); since != "" {
		if ask.Git.Since, err = time.Parse(time.DateOnly, since); err != nil {
			return ask, badLine("--since needs a date such as 2026-01-31, got %q", since)
		}
	}
	ask.Git.Shallow, ask.Git.MoveTags = ctx.Bool("shallow"), ctx.Bool("move-tags")
	if ctx.IsSet("layout") {
		if ask.Layout, err = mirrordir.ParseLayout(ctx.String("layout")); err != nil {
			return ask, badLine("--layout: %w", err)
		}
	}
	if ask.Proxy.Platforms, err = platforms(ctx); err != nil {
		return ask, err
	}
	ask.Proxy.Toolchains, ask.Proxy.VulnDB = ctx.StringSlice("with-toolchain"), ctx.Bool("with-vulndb")
	ask.Releases = ctx.StringSlice("release")
	if ask.Configs, err = c.mirrorConfigs(ctx, dir); err != nil || len(ask.Configs) == 0 {
		return ask, err
	}
	first := ask.Configs[0].Config // which has --mirror too
	ask.Settings.Mirrors, ask.Settings.Git, ask.Settings.Limits = first.Mirrors, first.Git, first.Limits
	return ask, nil
}

// platforms are those of --platforms.
func platforms(ctx *urfave.Context) (out []config.Target, err error) {
	for _, p := range splitNames(ctx.StringSlice("platforms")) {
		t, err := config.ParseTarget(p)
		if err != nil {
			return nil, badLine("--platforms: %w", err)
		}
		out = append(out, t)
	}
	return out, nil
}

// mirrorConfigs reads the configs. Without -c and --release that is ./velox.toml; where
// there is none, a mirror's repositories are brought up to date.
func (c *cli) mirrorConfigs(ctx *urfave.Context, dir string) (out []mirror.Config, err error) {
	files := ctx.StringSlice("config")
	if len(files) == 0 {
		filled := disk.Exists(filepath.Join(dir, mirrordir.StateFile)) && !disk.Exists("velox.toml")
		if filled || ctx.IsSet("release") {
			return nil, nil
		}
		files = []string{"velox.toml"}
	}
	for _, file := range files {
		cfg, err := c.readConfigFile(ctx, file, c.env)
		if err != nil {
			return nil, err
		}
		out = append(out, mirror.Config{Name: configName(file), Project: workspace.Project{Config: cfg}})
	}
	return out, nil
}

// configName is what a mirror calls a config: it tells nothing of the machine.
func configName(file string) string {
	if filepath.IsLocal(file) {
		return filepath.ToSlash(filepath.Clean(file))
	}
	return filepath.Base(file)
}

// wantsRefs is what patterns choose of branches and tags, by their whole names: all of
// them where there is no pattern.
func wantsRefs(patterns []string) (func(ref string) bool, error) {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, badLine("--refs %q is not a pattern", p)
		}
	}
	return func(ref string) bool {
		_, short, _ := strings.Cut(strings.TrimPrefix(ref, "refs/"), "/")
		for _, p := range patterns {
			for _, name := range []string{ref, short, path.Base(short)} {
				if ok, _ := path.Match(p, name); ok {
					return true
				}
			}
		}
		return len(patterns) == 0
	}, nil
}
