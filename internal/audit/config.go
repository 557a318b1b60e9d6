package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/vulndb"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Config audits what a config gives, for all its targets together. The binaries are
// built as build does it, and removed.
func Config(ctx context.Context, m workspace.Machine, p workspace.Project, o Options) (*Result, error) {
	tmp, remove, err := m.TempDir()
	if err != nil {
		return nil, err
	}
	defer remove()
	var all []*Result
	_, _, err = build.Build(ctx, build.Options{Machine: m, Project: p, Output: tmp + "/", Audit: func(ctx context.Context, w *workspace.Workspace) (build.Linked, error) {
		a, err := Begin(ctx, w, o)
		return func(ctx context.Context, w *workspace.Workspace, t config.Target, file string) error {
			r, err := a.Built(ctx, w, t, file)
			all = append(all, r)
			return err
		}, err
	}})
	if err != nil {
		return nil, err
	}
	r := merge(all)
	r.File, r.SHA256 = p.Config.File, ""
	return r, nil
}

// Auditor audits the binaries of one config, for all targets by the same database.
type Auditor struct {
	options Options
	db      *vulndb.Source
}

// Begin opens the database: where there is none, nothing needs to be compiled.
func Begin(ctx context.Context, w *workspace.Workspace, o Options) (*Auditor, error) {
	client, err := w.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	db, err := w.OpenVulnDB(ctx, client.HTTP(), o.DB)
	return &Auditor{o, db}, err
}

// Built audits a binary that was built from a workspace for a target.
func (a *Auditor) Built(ctx context.Context, w *workspace.Workspace, t config.Target, file string) (*Result, error) {
	client, err := w.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	b, err := inspect.Read(file)
	if err != nil {
		return nil, err
	}
	r, s, err := auditBinary(ctx, w.Kit, client.HTTP(), a.db, b)
	if err != nil {
		return nil, err
	}
	c, err := w.Settings(w.Plan, t)
	if err != nil {
		return nil, err
	}
	l, err := w.List(ctx, c)
	if err != nil {
		return nil, w.Explain(ctx, w.Dir, c, err)
	}
	imports, err := l.Tool.Imports(ctx, w.Dir, c)
	if err != nil {
		return nil, w.Explain(ctx, w.Dir, c, err)
	}
	g := newGraph(imports, roots(w, imports))
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Plugins, f.Chain = g.chain(s.targets(f, imports))
	}
	r.Sources = true
	r.ignore(w.Config.Audit.Ignore, a.options.Now)
	if allowed := w.Config.Audit.Licences; len(allowed) > 0 {
		r.Licences = licences(w, l.Tool, imports, allowed)
	}
	return r, nil
}

// roots are the packages that main.go imports: those of the plugins, and RoadRunner's.
func roots(w *workspace.Workspace, imports []gotool.Import) []root {
	var out []root
	named := map[string]bool{}
	for _, p := range w.Plan.Plugins {
		if !p.Bundled {
			named[p.Import] = true
			out = append(out, root{p.Name, p.Import})
		}
	}
	own := map[string]bool{}
	for _, p := range imports {
		own[p.Path] = p.Module == w.Plan.RoadRunner.Path
	}
	if len(imports) > 0 {
		for _, pkg := range imports[len(imports)-1].Imports {
			if own[pkg] && !named[pkg] {
				out = append(out, root{config.RoadRunnerName, pkg})
			}
		}
	}
	return out
}

// targets are the packages that a finding is about: those that are vulnerable, or else
// all of the module.
func (s *subject) targets(f *Finding, imports []gotool.Import) []string {
	own := s.own(f.Module)
	var out []string
	for _, p := range f.Packages {
		if within(p, f.Module) { // but for those of the standard library
			p = own + strings.TrimPrefix(p, f.Module)
		}
		out = append(out, p)
	}
	for _, p := range imports {
		if len(f.Packages) == 0 && p.Module == own {
			out = append(out, p.Path)
		}
	}
	return out
}

// root is a package that the main package imports, and whose it is.
type root struct{ plugin, pkg string }

// graph is who imports what.
type graph struct {
	importers map[string][]string // in the order of go list
	roots     []root
}

func newGraph(imports []gotool.Import, roots []root) *graph {
	g := &graph{importers: map[string][]string{}, roots: roots}
	for _, p := range imports[:max(0, len(imports)-1)] { // but ./app, which imports everything
		for _, to := range p.Imports {
			g.importers[to] = append(g.importers[to], p.Path)
		}
	}
	return g
}

// chain returns the plugins that some packages are imported by, sorted, and the
// shortest chain of imports from one of them.
func (g *graph) chain(targets []string) (plugins, chain []string) {
	next, far := map[string]string{}, map[string]int{}
	queue := slices.Clone(targets)
	for _, t := range queue {
		far[t] = 1
	}
	for i := 0; i < len(queue); i++ {
		for _, p := range g.importers[queue[i]] {
			if far[p] == 0 {
				far[p], next[p] = far[queue[i]]+1, queue[i]
				queue = append(queue, p)
			}
		}
	}
	best := ""
	for _, r := range g.roots {
		if far[r.pkg] == 0 {
			continue
		}
		plugins = append(plugins, r.plugin)
		if best == "" || far[r.pkg] < far[best] {
			best = r.pkg
		}
	}
	slices.Sort(plugins)
	for p := best; p != ""; p = next[p] {
		chain = append(chain, p)
	}
	return slices.Compact(plugins), chain
}

// merge makes one result of those of several targets.
func merge(all []*Result) *Result {
	r := *all[0]
	for _, other := range all[1:] {
		for _, f := range other.Findings {
			i := slices.IndexFunc(r.Findings, func(g Finding) bool { return g.ID == f.ID && g.Module == f.Module })
			if i < 0 {
				r.Findings = append(r.Findings, f)
			} else {
				r.Findings[i] = both(r.Findings[i], f)
			}
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.ID, b.ID)) })
	for _, other := range all[1:] {
		for _, l := range other.Licences {
			if !slices.ContainsFunc(r.Licences, func(have Licence) bool { return have.Module == l.Module }) {
				r.Licences = append(r.Licences, l)
			}
		}
	}
	slices.SortFunc(r.Licences, func(a, b Licence) int { return cmp.Compare(a.Module, b.Module) })
	return &r
}

// both is what two targets have of the same finding.
func both(a, b Finding) Finding {
	a.Reach, a.Known = max(a.Reach, b.Reach), a.Known && b.Known
	for _, pair := range []struct {
		to   *[]string
		from []string
	}{{&a.Packages, b.Packages}, {&a.Symbols, b.Symbols}, {&a.Plugins, b.Plugins}} {
		list := slices.Concat(*pair.to, pair.from)
		slices.Sort(list)
		*pair.to = slices.Compact(list)
	}
	if len(a.Chain) == 0 {
		a.Chain = b.Chain
	}
	return a
}

// ignore marks what the config ignores. Once its time is over, it counts again.
func (r *Result) ignore(list []config.Ignored, now time.Time) {
	for _, ig := range list {
		known := false
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.ID != ig.ID && !slices.Contains(f.Aliases, ig.ID) {
				continue
			}
			known = true
			f.Ignored = &Ignored{Until: ig.Until, Reason: ig.Reason, Expired: ig.Expired(now)}
		}
		if !known && !r.inDatabase(ig.ID) {
			r.Notes = append(r.Notes, fmt.Sprintf("%s: audit.ignore: the database has no %s", ig.Pos, ig.ID))
		}
	}
}
