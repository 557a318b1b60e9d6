// Package size says what each plugin costs in a server's binary: begin at [Plugins],
// or at [Modules] where there is no config.
//
// Which packages a plugin brings, the go command says; which of the binary's bytes
// leave with them, package binsize. A plugin is taken out as gen would do it: the
// main package neither imports nor names it any more.
package size

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/binsize"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/workspace"
)

// OtherError is a binary that was built from something else than the workspace.
type OtherError struct {
	File, Config string
	// Module is one that differs, in the binary and in the workspace; either version
	// is empty where it has none.
	Module, Has, Wants string
}

// Error implements error.
func (e *OtherError) Error() string {
	s := fmt.Sprintf("%s: not built from %s: %s is ", e.File, e.Config, e.Module)
	switch {
	case e.Has == "":
		return s + "not in it"
	case e.Wants == "":
		return s + "in it, and not here"
	}
	return s + e.Has + " in it, and " + e.Wants + " here"
}

// Hints says what would do.
func (e *OtherError) Hints() []string {
	return []string{"build it again, or name the config that it was built from with -c"}
}

// server is a binary with what it was built from.
type server struct {
	binary   *inspect.Binary
	settings gotool.Compile
	program  *binsize.Program
	plugins  []plan.Plugin
	// packages are all that is linked, by import path; root is the main package.
	packages map[string]gotool.Import
	root     string
	versions map[string]string // of modules
}

// Plugins reports on a binary that was built from the workspace. without names plugins
// to take out together.
func Plugins(ctx context.Context, w *workspace.Workspace, file string, without []string) (*Report, error) {
	if err := known(w, without); err != nil {
		return nil, err
	}
	s, err := open(ctx, w, file)
	if err != nil {
		return nil, err
	}
	r := &Report{File: file, Target: s.binary.Target, Size: s.binary.Size}
	if err := s.measure(ctx, r); err != nil {
		return nil, err
	}
	if len(without) == 0 {
		return r, nil
	}
	leaving, err := s.without(without)
	if err != nil {
		return nil, err
	}
	r.Without = &Removal{Names: without, Leaves: total(leaving)}
	r.Without.Disables, err = disabled(ctx, w, s.settings, without)
	return r, err
}

// Costs returns how much smaller, in bytes, a binary that was built from the workspace
// would be without each of some plugins, in their order, and without all of them.
func Costs(ctx context.Context, w *workspace.Workspace, file string, names []string) (each []int64, all int64, err error) {
	s, err := open(ctx, w, file)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		leaving, err := s.without([]string{name})
		if err != nil {
			return nil, 0, err
		}
		each = append(each, total(leaving))
	}
	leaving, err := s.without(names)
	return each, total(leaving), err
}

// known checks the names of plugins.
func known(w *workspace.Workspace, names []string) error {
	var all []string
	for _, p := range w.Plan.Plugins {
		if !p.Bundled {
			all = append(all, p.Name)
		}
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return &config.NameError{Flag: "--without", Name: name, Known: all, Of: w.Config.File + " has no plugin of this name"}
		}
	}
	return nil
}

// same makes sure that the binary is of the workspace's modules.
func same(w *workspace.Workspace, b *inspect.Binary) error {
	want, err := w.Manifest(w.Planned)
	if err != nil {
		return err
	}
	versions := func(m *manifest.Manifest) map[string]string {
		out := map[string]string{}
		for _, e := range m.Modules {
			out[e.Path] = e.Version
			if e.Local {
				out[e.Path] = "a local directory"
			}
		}
		return out
	}
	has, wants := versions(b.Manifest), versions(want)
	for _, m := range slices.Concat(want.Modules, b.Manifest.Modules) {
		if has[m.Path] != wants[m.Path] {
			return &OtherError{File: b.File, Config: w.Config.File, Module: m.Path, Has: has[m.Path], Wants: wants[m.Path]}
		}
	}
	return nil
}

// open reads a binary of the workspace, and lists the packages that it is made of.
func open(ctx context.Context, w *workspace.Workspace, file string) (*server, error) {
	b, err := inspect.Read(file)
	if err != nil {
		return nil, err
	}
	if err := same(w, b); err != nil {
		return nil, err
	}
	target, err := config.ParseTarget(b.Target)
	if err != nil {
		return nil, err
	}
	c, err := w.Settings(w.Plan, target)
	if err != nil {
		return nil, err
	}
	s := &server{binary: b, settings: c, packages: map[string]gotool.Import{}, versions: map[string]string{}}
	if err := s.list(ctx, w); err != nil {
		return nil, err
	}
	s.program, err = read(file)
	return s, err
}

// list finds out which packages and plugins the server is made of.
func (s *server) list(ctx context.Context, w *workspace.Workspace) error {
	c := s.settings
	if err := w.Check(ctx); err != nil {
		return err
	}
	if err := w.Write(); err != nil {
		return err
	}
	l, err := w.List(ctx, c)
	if err != nil {
		return w.Explain(ctx, w.Dir, c, err)
	}
	imports, err := l.Tool.Imports(ctx, w.Dir, c)
	if err != nil {
		return w.Explain(ctx, w.Dir, c, err)
	}
	for _, p := range imports {
		s.packages[p.Path] = p
		s.versions[p.Module] = p.Version
		s.root = p.Path
	}
	for _, p := range w.Plan.Plugins {
		if !p.Bundled {
			s.plugins = append(s.plugins, p)
		}
	}
	return nil
}

// without returns what leaves with plugins.
func (s *server) without(names []string) (map[string]binsize.Sizes, error) {
	drop := map[string]bool{} // packages that main.go imports
	for _, p := range s.plugins {
		drop[p.Import] = true
	}
	for _, p := range s.plugins {
		if !slices.Contains(names, p.Name) {
			drop[p.Import] = false // though another plugin may be of the same package
		}
	}
	stay := map[string]bool{}
	todo := []string{s.root}
	for len(todo) > 0 {
		path := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if stay[path] {
			continue
		}
		stay[path] = true
		for _, i := range s.packages[path].Imports {
			if path != s.root || !drop[i] {
				todo = append(todo, i)
			}
		}
	}
	gone := func(pkg string) bool { _, linked := s.packages[pkg]; return linked && !stay[pkg] }
	leaving, err := s.program.Without(gone, func(pkg string) bool { return drop[pkg] })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.binary.File, err)
	}
	return leaving, nil
}

func total(sizes map[string]binsize.Sizes) (sum int64) {
	for _, s := range sizes {
		sum += s.Total()
	}
	return sum
}

// measure fills in the report.
func (s *server) measure(ctx context.Context, r *Report) error {
	r.Plugins = make([]Plugin, len(s.plugins))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range s.plugins {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			leaving, err := s.without([]string{p.Name})
			r.Plugins[i] = s.plugin(p, leaving)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortStableFunc(r.Plugins, func(a, b Plugin) int { return cmp.Or(cmp.Compare(b.Leaves, a.Leaves), strings.Compare(a.Name, b.Name)) })
	var all []string
	for _, p := range s.plugins {
		all = append(all, p.Name)
	}
	leaving, err := s.without(all)
	s.rest(r, leaving)
	return err
}

// rest fills in what is of no single plugin; leaving is what leaves with all of them.
func (s *server) rest(r *Report, leaving map[string]binsize.Sizes) {
	r.Shared = total(leaving)
	r.Other = r.Size - total(leaving)
	shared, stays := map[string]int64{}, map[string]int64{}
	for pkg, size := range s.program.Packages {
		if pkg == "" {
			continue
		}
		n := size.Total() - leaving[pkg].Total()
		shared[s.module(pkg)] += leaving[pkg].Total()
		stays[s.module(pkg)] += n
		r.Other -= n
	}
	for _, p := range r.Plugins {
		r.Shared -= p.Leaves
		shared[p.Module] -= p.Own
		for _, m := range p.Modules {
			shared[m.Path] -= m.Size
		}
	}
	maps.DeleteFunc(shared, func(_ string, n int64) bool { return n <= 0 })
	r.SharedModules = sorted(shared, s.versions)
	r.Go = stays[""]
	delete(stays, "")
	r.Modules = sorted(stays, s.versions)
}

// module is that of a package; of Go's own, and of what the compiler makes, "".
func (s *server) module(pkg string) string {
	if pkg == "main" {
		pkg = s.root
	}
	return s.packages[pkg].Module
}

// plugin sums up what leaves with a plugin.
func (s *server) plugin(p plan.Plugin, leaving map[string]binsize.Sizes) Plugin {
	out := Plugin{Name: p.Name, Module: p.Module, Version: s.versions[p.Module], Leaves: total(leaving)}
	sizes, left := map[string]int64{}, map[string]int64{}
	for pkg, size := range s.program.Packages {
		m := s.module(pkg)
		n := leaving[pkg].Total()
		left[m] += size.Total() - n
		switch {
		case n == 0 || pkg == "":
		case m == p.Module:
			out.Own += n
		default:
			sizes[m] += n
		}
	}
	out.Only = out.Leaves - out.Own
	out.Modules = sorted(sizes, s.versions)
	for i := range out.Modules {
		out.Modules[i].Whole = left[out.Modules[i].Path] == 0
	}
	return out
}

// disabled are the plugins that Endure would disable for want of others, and does not
// disable now.
func disabled(ctx context.Context, w *workspace.Workspace, c gotool.Compile, without []string) ([]string, error) {
	locals, err := workspace.Fingerprints(w.Plan)
	if err != nil {
		return nil, err
	}
	set, err := w.ReadPlugins(ctx, c, workspace.Inputs(w.Digest, locals, w.Tool, c, w.Config.Check))
	if err != nil {
		return nil, err
	}
	before := map[string]bool{}
	for i, f := range endure.Decide(set).Fates {
		before[set.Plugins[i].Name] = f.State == endure.Active
	}
	rest := set.Without(without)
	var names []string
	for i, f := range endure.Decide(rest).Fates {
		if name := rest.Plugins[i].Name; before[name] && f.State != endure.Active {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
