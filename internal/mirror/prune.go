package mirror

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/vulndb"
)

// PruneAsk says what a mirror is to keep.
type PruneAsk struct {
	Dir string
	// Configs are the names of those whose needs stay; nil is for all that the mirror
	// was filled for.
	Configs []string
	Sink    event.Sink
}

// PruneResult is what was removed.
type PruneResult struct {
	Dir string `json:"dir"`
	// Configs, Repositories and Modules are sorted; a module is PATH@VERSION.
	Configs      []string `json:"configs,omitempty"`
	Repositories []string `json:"repositories,omitempty"`
	Modules      []string `json:"modules,omitempty"`
	Bytes        int64    `json:"bytes"`
}

// Prune removes the repositories and the third-party modules that no config needs. Go
// releases stay, and so does the newest database of vulnerabilities.
//
// The state is written first, so whoever interrupts this finds files that nothing
// needs, and may do it again.
func Prune(ctx context.Context, ask PruneAsk) (*PruneResult, error) {
	m, err := mirrordir.Open(ctx, ask.Dir, mirrordir.Existing, ask.Sink)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	next, dropped, err := keepOnly(m.State, ask.Configs)
	if err != nil {
		return nil, err
	}
	if err := m.Begin(); err != nil {
		return nil, err
	}
	if err := m.WriteState(next); err != nil {
		return nil, err
	}
	p := &pruning{mirror: m, out: &PruneResult{Dir: m.Dir, Configs: dropped}}
	for _, step := range []func(context.Context, mirrordir.State) error{p.repositories, p.modules, p.releases} {
		if err := step(ctx, next); err != nil {
			return nil, err
		}
	}
	return p.out, m.Finish(ctx, next)
}

// keepOnly is a state with the needs of some configs, and the repositories that these
// need.
func keepOnly(s mirrordir.State, configs []string) (next mirrordir.State, dropped []string, err error) {
	next = s
	for _, name := range configs {
		if !slices.ContainsFunc(s.Needs, func(n mirrordir.Needs) bool { return n.Config == name }) {
			return next, nil, &NotFilledError{Config: name, Known: s.Needs}
		}
	}
	needed := map[string]bool{}
	next.Needs = nil
	for _, n := range s.Needs {
		if configs != nil && !slices.Contains(configs, n.Config) {
			dropped = append(dropped, n.Config)
			continue
		}
		if n.Incomplete {
			return next, nil, &IncompleteError{n.Config}
		}
		next.Needs = append(next.Needs, n)
		for _, m := range n.Modules {
			needed[m.URL] = true
		}
	}
	if len(next.Needs) == 0 {
		return next, nil, &NotFilledError{}
	}
	next.Repositories = slices.DeleteFunc(slices.Clone(s.Repositories), func(r mirrordir.Repository) bool { return !needed[r.URL] })
	return next, dropped, nil
}

// IncompleteError is a config of which it is not known what it needs.
type IncompleteError struct{ Config string }

// Error implements error.
func (e *IncompleteError) Error() string {
	return "the last run to fill the mirror for " + e.Config + " failed, so what it needs is not known"
}

// ExitStatus is that of wrong usage.
func (*IncompleteError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*IncompleteError) Hints() []string { return []string{"fill the mirror for it first"} }

// NotFilledError is a config that a mirror was not filled for.
type NotFilledError struct {
	Config string // empty for any
	Known  []mirrordir.Needs
}

// Error implements error.
func (e *NotFilledError) Error() string {
	if e.Config == "" {
		return "the mirror was not filled for any config, so nothing of it is known to be needed"
	}
	return "the mirror was not filled for " + e.Config
}

// ExitStatus is that of wrong usage.
func (*NotFilledError) ExitStatus() int { return 2 }

// Hints names those that it was filled for.
func (e *NotFilledError) Hints() []string {
	var names []string
	for _, n := range e.Known {
		names = append(names, n.Config)
	}
	if names == nil {
		return []string{"fill it first: vxlite mirror DIR -c velox.toml"}
	}
	return []string{"it was filled for " + brief.List(names, 10)}
}

// pruning removes files.
type pruning struct {
	mirror *mirrordir.Mirror
	out    *PruneResult
}

// repositories removes those that are not in the state.
func (p *pruning) repositories(ctx context.Context, s mirrordir.State) error {
	root := p.mirror.Path(mirrordir.GitDir)
	var gone []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || !strings.HasSuffix(name, ".git") {
			return err
		}
		rel, err := filepath.Rel(p.mirror.Dir, name)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !slices.ContainsFunc(s.Repositories, func(r mirrordir.Repository) bool { return r.Path == rel }) {
			gone = append(gone, rel)
		}
		return fs.SkipDir
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, rel := range gone {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := p.remove(rel); err != nil {
			return err
		}
		p.out.Repositories = append(p.out.Repositories, rel)
	}
	return nil
}

// remove removes a directory in one step, as seen by others, and those above it that
// it leaves empty.
func (p *pruning) remove(rel string) error {
	dir := p.mirror.Path(rel)
	_, size, err := vendordir.Size(dir)
	if err != nil {
		return err
	}
	p.out.Bytes += size
	stage, remove, err := p.mirror.Stage()
	if err != nil {
		return err
	}
	if err := errors.Join(disk.Rename(dir, filepath.Join(stage, "gone")), remove()); err != nil {
		return err
	}
	p.empty(path.Dir(rel))
	return nil
}

// empty removes a directory and those above it, as far as they are empty.
func (p *pruning) empty(rel string) {
	for ; strings.Contains(rel, "/") && os.Remove(p.mirror.Path(rel)) == nil; rel = path.Dir(rel) {
	}
}

// modules removes those that are not needed from the proxy's files.
func (p *pruning) modules(ctx context.Context, s mirrordir.State) error {
	needed := map[string]bool{}
	for _, n := range s.Needs {
		for _, name := range n.Proxied {
			needed[name], needed[strings.TrimSuffix(name, goModSuffix)+goModSuffix] = true, true
		}
	}
	tree := p.mirror.Path(mirrordir.ProxyDir)
	all, err := modulesIn(ctx, tree)
	if err != nil {
		return err
	}
	for _, name := range unneeded(all, needed) {
		if err := p.module(name, needed[strings.TrimSuffix(name, goModSuffix)+goModSuffix]); err != nil {
			return err
		}
		p.out.Modules = append(p.out.Modules, strings.TrimSuffix(name, goModSuffix))
	}
	return placing{dir: tree, out: &ProxyResult{}}.lists(ctx)
}

// unneeded are the modules that are not needed, and are no tools.
func unneeded(all []string, needed map[string]bool) (out []string) {
	newest := ""
	for _, name := range all {
		if p, _, _ := strings.Cut(name, "@"); p == vulndb.Module {
			newest = name // the last: pseudo-versions sort by their times
		}
	}
	for _, name := range all {
		p, _, _ := strings.Cut(name, "@")
		if !needed[name] && p != lock.Toolchain && name != newest {
			out = append(out, name)
		}
	}
	return out
}

// module removes the files of a module: first those by which others know that it is
// there.
func (p *pruning) module(name string, keepMod bool) error {
	mod, version, _ := strings.Cut(strings.TrimSuffix(name, goModSuffix), "@")
	escaped, err := module.EscapePath(mod)
	if err != nil {
		return err
	}
	if version, err = module.EscapeVersion(version); err != nil {
		return err
	}
	dir := path.Join(mirrordir.ProxyDir, escaped, versionsDir)
	for _, ext := range []string{".info", ".zip", ".mod"} {
		file := p.mirror.Path(path.Join(dir, version+ext))
		fi, err := os.Lstat(file)
		if err != nil || ext == ".mod" && keepMod {
			continue
		}
		if err := os.Remove(file); err != nil {
			return err
		}
		p.out.Bytes += fi.Size()
	}
	infos, err := disk.List(p.mirror.Path(dir), "", ".info")
	if err != nil || len(infos) > 0 {
		return err
	}
	for _, file := range []string{path.Join(dir, "list"), path.Join(path.Dir(dir), "@latest")} {
		if err := os.Remove(p.mirror.Path(file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	p.empty(dir)
	return nil
}

// releases removes the configs of releases that are not kept.
func (p *pruning) releases(_ context.Context, s mirrordir.State) error {
	entries, err := os.ReadDir(p.mirror.Path(mirrordir.ReleasesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if slices.ContainsFunc(s.Needs, func(n mirrordir.Needs) bool { return n.Config == ReleaseName(e.Name()) }) {
			continue
		}
		if err := p.remove(path.Join(mirrordir.ReleasesDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
