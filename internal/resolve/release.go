package resolve

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

// Release is what a RoadRunner release says of itself.
type Release struct {
	// Path is its module path, Version its own; a pseudo-version for a commit
	// without a tag.
	Path, Version string
	// Ref is the tag, or what it was asked for by.
	Ref string
	// Plugins are those that its own server has, in its own order, without
	// those that are always in.
	Plugins []ReleasePlugin
	// GoMod is as the release has it.
	GoMod *modfile.File
	// GoSum is its go.sum's file name.
	GoSum string
}

// ReleasePlugin is one of a release's own plugins.
type ReleasePlugin struct {
	// Name is the module path's last element without the major version.
	Name            string
	Import, Symbol  string
	Module, Version string
}

// ReadRelease fetches RoadRunner alone, as cfg has it, and reads its plugin
// list.
func ReadRelease(ctx context.Context, cfg *config.Config, o Options) (*Release, error) {
	r := newResolver(cfg, o)
	m, err := r.one(ctx, wanted{name: config.RoadRunnerName, pos: cfg.RoadRunner.Pos, url: cfg.RoadRunner.URL, ref: cfg.RoadRunner.Ref, dir: cfg.RoadRunner.Path})
	if err != nil {
		return nil, err
	}
	// Before readRoadRunner drops what only the list needs.
	mod, err := readGoMod(m.Dir)
	if err != nil {
		return nil, err
	}
	if _, err := readRoadRunner(m); err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(m.Dir, filepath.FromSlash(PluginsFile)), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	rel := &Release{Path: m.Path, Version: m.Version, Ref: m.Version, GoMod: mod, GoSum: filepath.Join(m.Dir, "go.sum")}
	if module.IsPseudoVersion(m.Version) || m.Local {
		rel.Ref = m.Ref
	}
	rel.Plugins = listed(file, mod)
	return rel, nil
}

// listed returns the &name.Symbol{} of a plugin list that a required module has.
func listed(file *ast.File, mod *modfile.File) []ReleasePlugin {
	var out []ReleasePlugin
	for _, l := range literals(file) {
		if alwaysIn[baseName(l.Import)] {
			continue
		}
		p := ReleasePlugin{Import: l.Import, Symbol: l.Symbol}
		for _, req := range mod.Require {
			if within(p.Import, req.Mod.Path) && len(req.Mod.Path) > len(p.Module) {
				p.Module, p.Version = req.Mod.Path, req.Mod.Version
			}
		}
		if p.Module != "" {
			p.Name = strings.TrimPrefix(baseName(p.Module), "roadrunner-")
			out = append(out, p)
		}
	}
	return out
}

// Require returns the version at which the release requires a module, or "".
func (r *Release) Require(modulePath string) string {
	for _, req := range r.GoMod.Require {
		if req.Mod.Path == modulePath {
			return req.Mod.Version
		}
	}
	return ""
}
