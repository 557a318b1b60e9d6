package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"github.com/vxlite/vxlite/internal/config"
)

// layTarget decides what to compile for: the flags --target win over the config,
// and that over Go's variables in the environment, which are for the platform that
// is compiled for by default.
func (c *cli) layTarget(ctx *urfave.Context, cfg *config.Config) error {
	targets := ctx.StringSlice("target")
	if len(targets) > 0 {
		cfg.Build.Targets, cfg.Places.Targets = nil, config.Place{}
	}
	for _, s := range targets {
		t, err := config.ParseTarget(s)
		if err != nil {
			return usageError{error: err}
		}
		cfg.Build.Targets = append(cfg.Build.Targets, t)
	}
	if !takesTarget(ctx) {
		return nil
	}
	c.tellCGO(cfg)
	host := config.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}
	if ctx.Command.Name == "image" {
		host.OS = "linux" // containers are for nothing else
	}
	t, said, err := c.environmentTarget(host)
	switch {
	case len(said) == 0 || slices.Contains(cfg.Build.Targets, t):
	case len(cfg.Build.Targets) > 0:
		by := "the config's targets are"
		if len(targets) > 0 {
			by = "--target says"
		}
		c.note(cfg, "%s in the environment has no effect: %s %v", strings.Join(said, " "), by, cfg.Build.Targets)
	case err != nil:
		return usageError{error: err}
	case t != host:
		cfg.Build.Targets, cfg.Places.Targets = []config.Target{t}, config.Place{}
		c.note(cfg, "compiling for %v, as %s in the environment", t, strings.Join(said, " "))
	}
	return nil
}

// takesTarget reports whether a command compiles for a platform that is chosen.
func takesTarget(ctx *urfave.Context) bool {
	return slices.ContainsFunc(ctx.Command.Flags, func(f urfave.Flag) bool { return slices.Contains(f.Names(), "target") })
}

// environmentTarget is the platform that Go's variables say, and those of them
// that say so.
func (c *cli) environmentTarget(host config.Target) (t config.Target, said []string, err error) {
	get := func(name string) string {
		v, _ := c.env(name)
		if v != "" {
			said = append(said, name+"="+v)
		}
		return v
	}
	goos, goarch := get("GOOS"), get("GOARCH")
	t, err = config.TargetOf(cmp.Or(goos, host.OS), cmp.Or(goarch, host.Arch), get)
	if err == nil {
		_, err = config.ParseTarget(t.String())
	}
	return t, said, err
}

// tellCGO says where CGO_ENABLED would have another build than the config has.
func (c *cli) tellCGO(cfg *config.Config) {
	switch v, _ := c.env("CGO_ENABLED"); {
	case v == "1" && !cfg.Build.CGO:
		c.note(cfg, "CGO_ENABLED=1 in the environment has no effect: [build] cgo = true turns cgo on")
	case v == "0" && cfg.Build.CGO:
		c.note(cfg, "CGO_ENABLED=0 in the environment has no effect: the config turns cgo on")
	}
}

func (c *cli) note(cfg *config.Config, format string, args ...any) {
	cfg.Notes = append(cfg.Notes, config.Note{Text: fmt.Sprintf(format, args...)})
}
