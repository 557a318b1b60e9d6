// Package pipeline leads from a config to a binary in its place.
//
//	config → resolve → lock → generate → check → compile → smoke-test → put in place
//
// Each step takes a value and gives one; nothing later looks back at something
// earlier than its input.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// Options says what to build, and with what.
type Options struct {
	Config *config.Config
	// Output is a directory, or a file where that is plain: see outputs.
	Output string
	// Store is the directory of the store.
	Store string
	// Shared is the directory of another store that is only read, or empty.
	Shared  string
	Offline bool
	// SBOM and Provenance ask for these files beside each binary.
	SBOM, Provenance bool
	// LockFile is the lock where it is not the one beside the config.
	LockFile string
	// Vendored is the vendor folder to build from, and nothing else; nil for
	// none. Env and Store are then its own.
	Vendored *Vendored
	// Locked wants the lock to fit the config, and writes none.
	Locked bool
	// Verify builds twice and compares.
	Verify bool
	// Jobs bounds the conversations with servers that go on at once.
	Jobs int
	Env  func(name string) (value string, ok bool)
	Sink event.Sink
}

// Build makes the binaries, one for each target.
func Build(ctx context.Context, o Options) (*event.Result, error) {
	_, result, err := build(ctx, o)
	return result, err
}

func build(ctx context.Context, o Options) (*workspace, *event.Result, error) {
	o.Locked = o.Locked || o.Vendored != nil
	b := &builder{Options: o}
	b.lock.optional = true
	outputs, err := b.outputs()
	if err != nil {
		return nil, nil, err
	}
	if err := checkWritable(outputs, program, o.Config.File, lock.Name(o.Config.File)); err != nil {
		return nil, nil, err
	}
	w, err := b.prepare(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := w.fit(ctx); err != nil {
		return w, nil, err
	}
	jobs, err := w.build(ctx, outputs)
	if _, incomplete := errors.AsType[*sumsMissing](err); incomplete {
		if err := w.settle(ctx, true); err != nil {
			return w, nil, err
		}
		jobs, err = w.build(ctx, outputs)
	}
	if err != nil {
		return w, nil, err
	}
	if o.Verify {
		if err := w.verify(ctx, jobs); err != nil {
			return w, nil, err
		}
	}
	if err := w.beside(jobs); err != nil {
		return w, nil, err
	}
	return w, &event.Result{Modules: w.rows(), Binaries: binaries(jobs)}, nil
}

// fit brings a lock up to date that is not.
func (w *workspace) fit(ctx context.Context) error {
	if w.lock.fits() || w.plan.Overridden {
		return nil
	}
	if err := w.check(ctx); err != nil {
		return err
	}
	return w.settle(ctx, false)
}

// build compiles what is not up to date.
func (w *workspace) build(ctx context.Context, outputs []output) ([]job, error) {
	jobs, err := w.jobs(outputs)
	if err != nil || allFresh(jobs) { // what was built before was checked before
		return jobs, err
	}
	if err := w.check(ctx); err != nil {
		return nil, err
	}
	return jobs, w.compile(ctx, jobs)
}

// builder holds what the steps share.
type builder struct {
	Options
	store *source.Store
	tool  *gotool.Tool
	lock  locking
	fresh bool // ask servers what the store thinks it knows
	// edit takes out of a lock what is to be resolved anew; nil for nothing.
	edit func(*lock.File) (*lock.File, error)
}

// workspace is what is to be compiled.
type workspace struct {
	*builder
	plan   *resolve.Plan
	files  *gen.Workspace
	digest string // of the files and all that they refer to
	dir    string // where write puts them; its name says what is in it

	inside  []byte                  // what the binary is to say of itself
	local   map[string]source.State // of the local directories, by module path; see states
	checked bool                    // by check
	whole   bool                    // by intact
	remarks []string                // that were told
}

// prepare leads from the config to the workspace: resolve, fetch, generate.
func (b *builder) prepare(ctx context.Context) (*workspace, error) {
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	client, err := b.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for _, t := range b.Config.Build.Targets {
		if err := b.tool.CheckTarget(ctx, t.OS, t.Arch, b.store); err != nil {
			return nil, err
		}
	}
	plan, err := b.locked(ctx, client)
	if err != nil {
		return nil, err
	}
	w := &workspace{builder: b, plan: plan}
	return w, w.generate()
}

// locked makes the plan by the lock, as far as that fits.
func (b *builder) locked(ctx context.Context, client *source.Client) (*resolve.Plan, error) {
	if err := b.readLock(); err != nil {
		return nil, err
	}
	plan, err := b.resolve(ctx, client)
	if err != nil {
		return nil, b.unlocked(err)
	}
	if err := b.compareLock(plan); err != nil {
		return nil, err
	}
	b.tellOverrulings(plan)
	return plan, nil
}

// tellOverrulings says what the config overrules when that goes into the lock.
// With a lock that has it, it was read before.
func (b *builder) tellOverrulings(plan *resolve.Plan) {
	kind := event.Note
	if b.lock.fits() {
		kind = event.Debug
	}
	for _, text := range plan.Overrulings {
		b.Sink.Send(event.Event{Kind: kind, Text: text})
	}
}

// generate decides the workspace's files.
func (w *workspace) generate() error {
	if w.inside == nil { // the directories are looked at once
		m, err := w.manifest()
		if err != nil {
			return err
		}
		if w.inside, err = manifest.Encode(m); err != nil {
			return err
		}
	}
	var err error
	w.files, err = gen.Generate(w.plan, gen.Options{Profile: w.profile(), NoProfile: w.Config.Build.PGO == "off", Manifest: w.inside,
		GoSums: w.lock.goSums, Sums: w.lock.sums})
	if err != nil {
		return err
	}
	w.digest = gen.Digest(w.plan, w.files)
	w.dir = filepath.Join(w.store.Dir(), "work", w.digest[:32])
	return nil
}

// write puts the workspace on disk, unless it is there.
func (w *workspace) write() error {
	if disk.IsDir(w.dir) {
		if err := w.restoreSums(); err != nil {
			return err
		}
		if w.files.Intact(w.dir) {
			return nil
		}
		w.Sink.Send(event.Event{Kind: event.Note, Text: w.dir + " is damaged and is written anew"})
		if err := w.store.Discard(w.dir); err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
	}
	if err := w.store.Publish(w.dir, func(dir string) error { return w.files.Write(dir, false) }); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	return nil
}

// open opens the store and finds the go command.
func (b *builder) open(ctx context.Context) (err error) {
	if b.store, err = source.OpenStore(b.Store); err != nil {
		return err
	}
	b.store.Share(b.Shared)
	b.tool, err = gotool.Find(ctx, b.Env, b.store, b.Sink)
	return err
}

// resolve makes the plan.
func (b *builder) resolve(ctx context.Context, client *source.Client) (*resolve.Plan, error) {
	plan, err := resolve.Resolve(ctx, b.Config, resolve.Options{Client: client, Store: b.store, Private: b.tool.Private(), GoRoot: b.tool.Var("GOROOT"),
		Offline: b.Offline || b.Vendored != nil, HTTP: client.HTTP(), Jobs: b.Jobs, Lock: b.lock.oracle, Locked: b.Locked})
	if err != nil {
		return nil, b.missingRepos(client, err)
	}
	if err := b.checkSignatures(ctx, client, plan); err != nil {
		return nil, err
	}
	for _, note := range plan.Notes {
		b.Sink.Send(event.Event{Kind: event.Note, Text: note})
	}
	return plan, nil
}

// client reaches the repositories: those of the vendor folder, or all others.
func (b *builder) client() (*source.Client, error) {
	o := source.Options{Store: b.store, Env: b.Env, Limits: b.Config.Limits, Jobs: b.Jobs, Offline: b.Offline, Fresh: b.fresh, Sink: b.Sink}
	if b.Vendored != nil {
		o.Exported = b.Vendored.repositories()
	} else {
		o.Mirrors, o.Git = b.Config.Mirrors, b.Config.Git
	}
	return source.NewClient(o)
}

// check refuses a plan that could not compile, or that the compiler would
// explain worse.
func (w *workspace) check(ctx context.Context) error {
	if w.checked {
		return nil
	}
	w.checked = true
	if !w.whole { // nobody writes to the store's modules while this runs
		if err := w.intact(ctx); err != nil {
			return err
		}
		w.whole = true
	}
	return w.buildable()
}

// buildable refuses a plan that the go command would refuse in its own words:
// it needs a newer Go, or what main.go is to register is not there.
func (w *workspace) buildable() error {
	if err := checkGo(w.plan, w.tool); err != nil {
		return err
	}
	return endure.CheckSymbols(w.plan)
}

// intact makes sure that the modules' files are those that were fetched. A run
// in which nothing has changed does not look at them.
func (w *workspace) intact(ctx context.Context) error {
	client, err := w.client()
	if err != nil {
		return err
	}
	defer client.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range w.plan.Modules {
		if !m.Local {
			g.Go(func() error {
				_, err := client.Verify(ctx, m.Found(), m.Folder)
				return err
			})
		}
	}
	return g.Wait()
}

// profile is the config's own profile for profile-guided optimisation.
func (b *builder) profile() string {
	if p := b.Config.Build.PGO; p != "auto" && p != "off" {
		return p
	}
	return ""
}

// rows are the table's, with how the local directories were when the build
// began.
func (w *workspace) rows() []event.Module {
	rows := modules(w.plan)
	for i := range rows {
		if m := &rows[i]; m.Local {
			state := w.local[m.Path]
			m.Head, m.Dirty = state.Head, state.Dirty
		}
	}
	return rows
}

// modules orders a plan's modules for the table: RoadRunner, the plugins by
// name, the others by path.
func modules(p *resolve.Plan) []event.Module {
	row := func(m *resolve.Module) event.Module {
		row := event.Module{Name: m.Name(), Path: m.Path, Version: m.Version, Commit: m.Commit, From: m.From, Local: m.Local, Stored: m.Stored}
		if m.Stored {
			row.From = m.URL // which mirror it once came from is not known
		}
		return row
	}
	out := []event.Module{row(p.RoadRunner)}
	var plugins, rest []event.Module
	for _, m := range p.Modules {
		switch {
		case m == p.RoadRunner:
		case len(m.Names) > 0:
			plugins = append(plugins, row(m))
		default:
			rest = append(rest, row(m))
		}
	}
	sortByName(plugins)
	return append(append(out, plugins...), rest...)
}

// targets are those of the config, each once, and the host where it has none.
func (b *builder) targets() []config.Target {
	var out []config.Target
	for _, t := range b.Config.Build.Targets {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		out = append(out, config.Target{OS: runtime.GOOS, Arch: runtime.GOARCH})
	}
	return out
}
