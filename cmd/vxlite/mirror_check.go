package main

import (
	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/mirror"
	"github.com/vxlite/vxlite/internal/screen"
	"github.com/vxlite/vxlite/internal/workspace"
)

// checkFlags are those of --check and --prune.
func checkFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.BoolFlag{Name: "check", Usage: "read all of the mirror, and report what is damaged or missing; with -c, also for the locks of other configs"},
		&urfave.BoolFlag{Name: "prune", Usage: "remove what none of its configs needs; with -c or --release, what none of these needs"},
	}
}

// checkMirror reads all of a mirror.
func (c *cli) checkMirror(ctx *urfave.Context, dir string) error {
	ask := mirror.CheckAsk{Dir: dir, Sink: c.screen.Sink()}
	for _, file := range ctx.StringSlice("config") {
		cfg, err := c.readConfigFile(ctx, file, c.env)
		if err != nil {
			return err
		}
		ask.Configs = append(ask.Configs, mirror.Config{Name: configName(file), Project: workspace.Project{Config: cfg}})
		ask.Limits = ask.Limits.Raise(cfg.Limits)
	}
	r, err := mirror.Check(c.ctx, ask)
	if r != nil {
		c.screen.Done(r, func(color bool) string { return screen.MirrorCheckedText(r, color) })
	}
	return err
}

// pruneMirror removes what is not needed.
func (c *cli) pruneMirror(ctx *urfave.Context, dir string) error {
	ask := mirror.PruneAsk{Dir: dir, Sink: c.screen.Sink()}
	for _, file := range ctx.StringSlice("config") {
		ask.Configs = append(ask.Configs, configName(file))
	}
	for _, ref := range ctx.StringSlice("release") {
		ask.Configs = append(ask.Configs, mirror.ReleaseName(ref))
	}
	r, err := mirror.Prune(c.ctx, ask)
	if r != nil {
		c.screen.Done(r, func(bool) string { return screen.MirrorPrunedText(r) })
	}
	return err
}
