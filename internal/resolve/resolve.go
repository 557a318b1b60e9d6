// Package resolve turns a config into a [plan.Plan]: every module that comes
// from git, at one commit each, and every directive that the workspace needs.
// Begin at [Resolve], in resolve.go.
//
// A ref is resolved to a commit once. RoadRunner, the plugins and [[modules]]
// come first; their requirements on modules that must come from git are then
// followed, at the highest version that any of them asks for, until nothing
// changes.
//
// A lock answers what it has an entry for: then no ref is resolved, and what
// Plan.Lock returns is what the lock would be now. Each module's hash is worked
// out, to be compared with the lock and with the go.sum files of all others.
package resolve

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sort"
	"sync"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// Options says what to resolve with.
type Options struct {
	Client *source.Client
	Store  *store.Store
	// Private are GOPRIVATE's patterns; modules that match come from git.
	Private []string
	// GoRoot is the Go installation, whose packages no module is named for;
	// empty where that is not known.
	GoRoot  string
	Offline bool
	// HTTP asks module hosts for the go-import meta tag; nil for the default.
	HTTP *http.Client
	// Jobs bounds how many modules are worked on at once.
	Jobs int
	// Lock answers what it has an entry for: no ref of it is resolved. Nil for
	// none.
	Lock *lock.File
	// Locked says that all should be in the lock: where something is not, and
	// cannot be resolved either, the error is an UnlockedError.
	Locked bool
}

// Resolve makes the plan for a config. Where several modules fail, the error
// joins them in the config's order.
func Resolve(ctx context.Context, cfg *config.Config, o Options) (*plan.Plan, error) {
	r := newResolver(cfg, o)
	p, err := r.run(ctx)
	if err != nil && o.Locked && len(r.unlocked) > 0 && ctx.Err() == nil {
		sort.Strings(r.unlocked)
		return nil, &UnlockedError{Requests: slices.Compact(r.unlocked), Err: err}
	}
	return p, err
}

// UnlockedError is a plan that is not in the lock as a whole, and could not be
// made without it.
type UnlockedError struct {
	// Requests are those that the lock has no entry for: what is wanted, at
	// which ref, sorted.
	Requests []string
	// Err says why it could not be made without the lock.
	Err error
}

// Error implements error.
func (e *UnlockedError) Error() string { return "not in the lock: " + brief.List(e.Requests, 10) }

// Unwrap returns what else went wrong.
func (e *UnlockedError) Unwrap() error { return e.Err }

func newResolver(cfg *config.Config, o Options) *resolver {
	r := &resolver{cfg: cfg, client: o.Client, store: o.Store, jobs: max(1, o.Jobs), goRoot: o.GoRoot, lock: oracle{file: o.Lock, written: cfg.Written},
		third: map[module.Version]plan.Replace{}, git: map[string]bool{}, askedBy: map[module.Version]*plan.Module{}, meta: modurl.Finder{Client: o.HTTP, Offline: o.Offline}}
	if r.meta.Client == nil {
		r.meta.Client = o.Client.HTTP()
	}
	r.private = append(append([]string{}, o.Private...), cfg.Git.Modules...)
	for _, m := range cfg.Modules {
		r.private = append(r.private, m.Path)
	}
	return r
}

// run leads from the config to the plan.
func (r *resolver) run(ctx context.Context) (*plan.Plan, error) {
	if err := r.readOverrides(); err != nil {
		return nil, err
	}
	if err := r.named(ctx); err != nil {
		return nil, err
	}
	if m := r.roadRunner; !m.Local { // of which more is read here than go.mod
		if _, err := r.client.CheckFiles(ctx, m.Found(), m.Folder); err != nil {
			return nil, err
		}
	}
	rr, err := readRoadRunner(r.roadRunner)
	if err != nil {
		return nil, err
	}
	if err := r.replaces(ctx); err != nil {
		return nil, err
	}
	if err := r.close(ctx); err != nil {
		return nil, err
	}
	if err := r.unused(); err != nil {
		return nil, err
	}
	p, err := r.plan(rr)
	if err != nil {
		return nil, err
	}
	return p, r.hash(ctx, p)
}

// resolver collects modules.
type resolver struct {
	cfg     *config.Config
	client  *source.Client
	store   *store.Store
	meta    modurl.Finder
	jobs    int
	goRoot  string
	lock    oracle
	slow    bool // without the lock's versions of what is required
	private []string
	git     map[string]bool // what fromGit said
	roots   modurl.Roots
	counted int                             // see count
	askedBy map[module.Version]*plan.Module // who was the first to ask for a version, of those that no config names

	roadRunner *plan.Module
	plugins    []*plan.Module // in the config's order
	modules    []*plan.Module // all so far
	notes      []string
	mu         sync.Mutex // of the two below: modules are worked on at once
	moved      []string   // notes
	unlocked   []string   // requests that the lock does not answer
	// third are the replaces for modules that do not come from git, by what
	// they replace.
	third map[module.Version]plan.Replace
	// overrides are the flags --with.
	overrides []*override
}

// plan closes the collection.
func (r *resolver) plan(rr *roadrunner.Source) (*plan.Plan, error) {
	p := &plan.Plan{RoadRunner: r.roadRunner, Modules: r.modules, Private: r.private, Overridden: r.anyOverride(), Written: r.cfg.Written}
	sort.Slice(p.Modules, func(i, j int) bool { return p.Modules[i].Path < p.Modules[j].Path })
	plan.LocalVersions(p.Modules)
	for _, c := range r.cfg.Modules {
		if m := p.Lookup(c.Path); m != nil {
			m.ChecksumOff = c.ChecksumOff
		}
	}
	for i, c := range r.cfg.Plugins {
		m := r.plugins[i]
		m.ChecksumOff = m.ChecksumOff || c.ChecksumOff
		plugin := plan.Plugin{Name: c.Name, Pos: c.Pos, Import: cmp.Or(c.Import, m.Path), Symbol: c.Symbol, Module: m.Path}
		p.Plugins = append(p.Plugins, plugin)
	}
	p.Plugins = append(p.Plugins, bundled(rr, p.Plugins)...)
	p.Release = rr.Modules
	sort.Slice(p.Plugins, func(i, j int) bool {
		a, b := p.Plugins[i], p.Plugins[j]
		if a.Import != b.Import {
			return a.Import < b.Import
		}
		return a.Symbol < b.Symbol
	})
	if err := r.allPatched(p); err != nil {
		return nil, err
	}
	p.Replaces = r.thirdParty()
	p.Excludes = r.excludes()
	p.Overruled = plan.Overruled(p)
	for _, m := range p.Modules {
		r.notes = append(r.notes, m.Notes...)
	}
	sort.Strings(r.moved)
	p.Notes = append(r.moved, r.notes...)
	p.Overrulings = append(overruledNotes(p), r.replacedNotes(p)...)
	return p, nil
}
