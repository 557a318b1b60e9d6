package resolve

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/plan"
)

// named fetches what the config names: RoadRunner, the plugins, [[modules]].
func (r *resolver) named(ctx context.Context) error {
	cfg := r.cfg
	ws := []wanted{{name: config.RoadRunnerName, pos: cfg.RoadRunner.Pos, url: cfg.RoadRunner.URL, ref: cfg.RoadRunner.Ref, dir: cfg.RoadRunner.Path, patches: r.unlessFlagged(config.RoadRunnerName, "", cfg.RoadRunner.Patches)}}
	for _, p := range cfg.Plugins {
		w := wanted{name: p.Name, pos: p.Pos, path: p.ModulePath, url: p.URL, ref: p.Ref, folder: p.Folder, dir: p.Path, patches: r.unlessFlagged(p.Name, p.ModulePath, p.Patches)}
		if p.Replace != nil {
			if p.Replace.Dir != "" && (p.ModulePath != "" || isFork(p.Replace.Dir, p.URL, p.Folder)) {
				w.dir, w.substitute = p.Replace.Dir, true // there is no need to fetch what it replaces
			}
			w.replaced = w.dir == ""
		}
		ws = append(ws, w)
	}
	for _, m := range cfg.Modules {
		if m.Ref == "" && m.Dir == "" {
			continue // only where it comes from; requirements say which version
		}
		ws = append(ws, wanted{name: m.Path, pos: m.Pos, path: m.Path, url: m.URL, ref: m.Ref, folder: m.Folder, dir: m.Dir, noGoMod: true, patches: r.unlessFlagged(m.Path, m.Path, m.Patches)})
	}
	for i := range ws {
		var err error
		if ws[i], err = r.inPlace(ws[i]); err != nil {
			return err
		}
	}
	got, err := r.all(ctx, ws)
	if err != nil {
		return err
	}
	r.counted = len(got)
	for i, m := range got {
		m.Pinned, m.ReplacesCount = true, true
		if i <= len(cfg.Plugins) {
			m.Names = []string{ws[i].name}
		}
	}
	r.roadRunner = got[0]
	if err := r.unreserved(ws, got); err != nil {
		return err
	}
	rest := got[1+len(cfg.Plugins):]
	r.plugins = got[1 : 1+len(cfg.Plugins)]
	if err := r.share(); err != nil {
		return err
	}
	if err := r.add(slices.Concat(got[:1], distinct(r.plugins), rest)...); err != nil {
		return err
	}
	if err := r.substituted(ctx); err != nil {
		return err
	}
	return r.override()
}

// isFork reports whether the module in dir says by its path that it is the one
// in a repository's folder.
func isFork(dir, url, folder string) bool {
	mod, err := readGoMod(moduleDir(dir, folder))
	if err != nil {
		return true // an error that localModule words
	}
	prefix, _, _ := module.SplitPathVersion(mod.Module.Mod.Path)
	loc, ok := modurl.KnownHost(prefix)
	return url == "" || ok && strings.EqualFold(strings.TrimSuffix(url, ".git"), strings.TrimSuffix(loc.URL, ".git"))
}

// substituted takes plugins whose entry has a `replace` from elsewhere. The
// plugin's own repository was needed to know its module path.
func (r *resolver) substituted(ctx context.Context) error {
	for i, p := range r.cfg.Plugins {
		m := r.plugins[i]
		if p.Replace == nil || m.Local {
			continue
		}
		m.InsteadOf = insteadOf(r.lock.url(m.URL), m.Ref)
		sub, err := r.from(ctx, p)
		if err != nil {
			return err
		}
		m.Own = sub.Own
		m.URL, m.From, m.Stored, m.Local = sub.URL, sub.From, sub.Stored, sub.Local
		m.Ref, m.Commit, m.Time = sub.Ref, sub.Commit, sub.Time
		m.Folder, m.Dir, m.GoMod = sub.Folder, sub.Dir, sub.GoMod
	}
	return nil
}

// from fetches the module that stands in for a plugin. An empty version means
// its newest.
func (r *resolver) from(ctx context.Context, p config.Plugin) (*plan.Module, error) {
	mod := p.Replace.Module
	w := wanted{name: p.Name, pos: p.Pos, path: mod.Path, ref: mod.Version, dir: p.Replace.Dir, substitute: true}
	switch {
	case w.dir != "":
		w.folder = p.Folder
	case w.ref == "":
		w.ref = "latest"
	}
	return r.one(ctx, w)
}
