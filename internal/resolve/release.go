package resolve

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// readRoadRunner reads what RoadRunner's source says, and drops from its go.mod
// what only its own plugin list needs.
func readRoadRunner(m *plan.Module) (*roadrunner.Source, error) {
	src, err := lookInto(m)
	if err != nil {
		return nil, err
	}
	return src, src.DropListed(m.GoMod)
}

// lookInto reads what RoadRunner's source says.
func lookInto(m *plan.Module) (*roadrunner.Source, error) {
	src, err := roadrunner.Read(m.Dir, m.GoMod)
	if err != nil {
		return nil, &plan.ModuleError{Name: config.RoadRunnerName, Pos: m.Pos, Err: fmt.Errorf("%s does not look like RoadRunner: %w", m.Place(), err)}
	}
	return src, nil
}

// bundled are the plugins that belong to every server and that the config does
// not list itself.
func bundled(src *roadrunner.Source, listed []plan.Plugin) []plan.Plugin {
	have := map[string]bool{}
	for _, p := range listed {
		have[p.Import] = true
	}
	var out []plan.Plugin
	for _, b := range src.Bundled {
		if !have[b.Import] {
			out = append(out, plan.Plugin{Name: roadrunner.BaseName(b.Import), Import: b.Import, Symbol: b.Symbol, Module: b.Import, Bundled: true})
		}
	}
	return out
}

// ReadRelease fetches RoadRunner alone, as cfg has it, and reads its plugin
// list.
func ReadRelease(ctx context.Context, cfg *config.Config, o Options) (*roadrunner.Release, error) {
	r := newResolver(cfg, o)
	m, err := r.one(ctx, wanted{name: config.RoadRunnerName, pos: cfg.RoadRunner.Pos, url: cfg.RoadRunner.URL, ref: cfg.RoadRunner.Ref, dir: cfg.RoadRunner.Path})
	if err != nil {
		return nil, err
	}
	src, err := lookInto(m)
	if err != nil {
		return nil, err
	}
	rel := &roadrunner.Release{Path: m.Path, Version: m.Version, Ref: m.Version, Plugins: src.Plugins(m.GoMod), GoMod: m.GoMod, GoSum: filepath.Join(m.Dir, "go.sum")}
	if module.IsPseudoVersion(m.Version) || m.Local {
		rel.Ref = m.Ref
	}
	return rel, nil
}

// ReadPlugin fetches one plugin alone, for its module path and version.
func ReadPlugin(ctx context.Context, cfg *config.Config, o Options, p config.Plugin) (*plan.Module, error) {
	r := newResolver(cfg, o)
	return r.one(ctx, wanted{name: p.Name, pos: p.Pos, path: p.ModulePath, url: p.URL, ref: p.Ref, folder: p.Folder, dir: p.Path})
}

// ReadContract fetches the release's logger, and the plugin of that name, rpc,
// jobs or none, and reads them.
func ReadContract(ctx context.Context, cfg *config.Config, o Options, rel *roadrunner.Release, name string) (*roadrunner.Contract, error) {
	r := newResolver(cfg, o)
	c := &roadrunner.Contract{}
	for _, p := range rel.Plugins {
		if p.Name != "logger" && (p.Name != name || name != "jobs" && name != "rpc") {
			continue
		}
		m, err := r.one(ctx, wanted{name: p.Name, path: p.Module, requirement: p.Version, by: config.RoadRunnerName})
		if err != nil {
			return nil, err
		}
		if err := c.Read(p.Name, m.Dir); err != nil {
			return nil, wanted{name: p.Name}.wrap(err)
		}
	}
	if c.LoggerType == "" {
		return nil, fmt.Errorf("the logger plugin of RoadRunner %s has no method NamedLogger", rel.Ref)
	}
	return c, nil
}
