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
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// Options says what to build, and with what.
type Options struct {
	Config *config.Config
	// Output is a directory (existing, or ending in a separator) or a file.
	Output string
	// Store is the directory of the store.
	Store   string
	Offline bool
	// Locked wants the lock to fit the config, and writes none.
	Locked bool
	// Jobs bounds the conversations with servers that go on at once.
	Jobs int
	Env  func(name string) (value string, ok bool)
	Sink event.Sink
}

// Build makes the binaries, one for each target.
func Build(ctx context.Context, o Options) (*event.Result, error) {
	b := &builder{Options: o}
	outputs, err := b.outputs()
	if err != nil {
		return nil, err
	}
	if err := checkWritable(outputs); err != nil {
		return nil, err
	}
	w, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if !w.lock.fits() {
		if err := w.check(ctx); err != nil {
			return nil, err
		}
		if err := w.settle(ctx, false); err != nil {
			return nil, err
		}
	}
	jobs, err := w.build(ctx, outputs)
	if _, incomplete := errors.AsType[*sumsMissing](err); incomplete {
		if err := w.settle(ctx, true); err != nil {
			return nil, err
		}
		jobs, err = w.build(ctx, outputs)
	}
	if err != nil {
		return nil, err
	}
	return &event.Result{Modules: modules(w.plan), Binaries: binaries(jobs)}, nil
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

	checked bool // by check
}

// prepare leads from the config to the workspace: resolve, fetch, generate.
func (b *builder) prepare(ctx context.Context) (*workspace, error) {
	var err error
	if b.store, err = source.OpenStore(b.Store); err != nil {
		return nil, err
	}
	if b.tool, err = gotool.Find(ctx, b.Env, b.store, b.Sink); err != nil {
		return nil, err
	}
	for _, t := range b.Config.Build.Targets {
		if err := b.tool.CheckTarget(ctx, t.OS, t.Arch, b.store); err != nil {
			return nil, err
		}
	}
	if err := b.readLock(); err != nil {
		return nil, err
	}
	plan, err := b.resolve(ctx)
	if err != nil {
		return nil, b.unlocked(err)
	}
	if err := b.compareLock(plan); err != nil {
		return nil, err
	}
	w := &workspace{builder: b, plan: plan}
	return w, w.generate()
}

// generate decides the workspace's files.
func (w *workspace) generate() error {
	var err error
	w.files, err = gen.Generate(w.plan, gen.Options{Profile: w.profile(), NoProfile: w.Config.Build.PGO == "off", GoSums: w.lock.goSums, Sums: w.lock.sums})
	if err != nil {
		return err
	}
	w.digest = gen.Digest(w.plan, w.files)
	w.dir = filepath.Join(w.store.Dir(), "work", w.digest[:32])
	return nil
}

// write puts the workspace on disk, unless it is there.
func (w *workspace) write() error {
	if isDir(w.dir) {
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

// client reaches repositories.
func (b *builder) client() (*source.Client, error) {
	return source.NewClient(source.Options{Store: b.store, Env: b.Env, Mirrors: b.Config.Mirrors, Git: b.Config.Git,
		Limits: b.Config.Limits, Jobs: b.Jobs, Offline: b.Offline, Fresh: b.fresh, Sink: b.Sink})
}

// resolve makes the plan.
func (b *builder) resolve(ctx context.Context) (*resolve.Plan, error) {
	client, err := b.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	plan, err := resolve.Resolve(ctx, b.Config, resolve.Options{Client: client, Store: b.store, Private: b.tool.Private(),
		Offline: b.Offline, HTTP: client.HTTP(), Jobs: b.Jobs, Lock: b.lock.oracle, Locked: b.Locked})
	if err != nil {
		return nil, b.missingRepos(client, err)
	}
	for _, note := range plan.Notes {
		b.Sink.Send(event.Event{Kind: event.Note, Text: note})
	}
	return plan, nil
}

// check refuses a plan that could not compile, or that the compiler would
// explain worse.
func (w *workspace) check(ctx context.Context) error {
	if w.checked {
		return nil
	}
	w.checked = true
	if err := w.verify(ctx); err != nil {
		return err
	}
	if err := checkGo(w.plan, w.tool); err != nil {
		return err
	}
	return endure.CheckSymbols(w.plan)
}

// verify makes sure that the modules' files are those that were fetched. A run
// in which nothing has changed does not look at them.
func (w *workspace) verify(ctx context.Context) error {
	client, err := w.client()
	if err != nil {
		return err
	}
	defer client.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range w.plan.Modules {
		if !m.Local {
			g.Go(func() error { return client.Verify(ctx, m.Found(), m.Folder) })
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

// modules orders a plan's modules for the table: RoadRunner, the plugins by
// name, the others by path.
func modules(p *resolve.Plan) []event.Module {
	row := func(m *resolve.Module) event.Module {
		row := event.Module{Name: m.Name, Path: m.Path, Version: m.Version, Commit: m.Commit, From: m.From, Local: m.Local, Stored: m.Stored}
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
		case m.Name != "":
			plugins = append(plugins, row(m))
		default:
			rest = append(rest, row(m))
		}
	}
	sortByName(plugins)
	return append(append(out, plugins...), rest...)
}

// output is a target and the file that its binary becomes.
type output struct {
	target config.Target
	file   string // absolute
}

// outputs decides the files: NAME in a directory for one target, and
// NAME-OS-ARCH for several.
func (b *builder) outputs() ([]output, error) {
	targets := b.Config.Build.Targets
	if len(targets) == 0 {
		targets = []config.Target{{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	}
	dir, file, err := splitOutput(b.Output)
	if err != nil {
		return nil, err
	}
	if file != "" && len(targets) > 1 {
		return nil, &OutputError{Path: b.Output, Reason: fmt.Sprintf("is a file, and there are %d targets", len(targets)),
			Hint: "name a directory, with a slash at its end"}
	}
	var out []output
	seen := map[config.Target]bool{}
	for _, t := range targets {
		if seen[t] {
			continue
		}
		seen[t] = true
		name := file
		if name == "" {
			name = b.Config.Build.Name
			if len(targets) > 1 {
				name += "-" + t.OS + "-" + t.Arch
			}
			if t.OS == "windows" {
				name += ".exe"
			}
		}
		out = append(out, output{target: t, file: filepath.Join(dir, name)})
	}
	return out, nil
}

// splitOutput tells a directory from a file, as cp does: what exists as a
// directory, or ends in a separator, or is empty, is one.
func splitOutput(o string) (dir, file string, err error) {
	abs, err := filepath.Abs(o)
	if err != nil {
		return "", "", err
	}
	if o == "" || o == "." || strings.HasSuffix(o, "/") || strings.HasSuffix(o, string(filepath.Separator)) || isDir(abs) {
		return abs, "", nil
	}
	return filepath.Dir(abs), filepath.Base(abs), nil
}
