package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Config is one that a mirror is filled for.
type Config struct {
	// Name is what the mirror calls it.
	Name string
	workspace.Project
}

// Ask says what a mirror is filled with.
type Ask struct {
	// Configs are those whose builds are to work with the mirror alone.
	Configs []Config
	// Releases are RoadRunner's, all plugins of which are to be there.
	Releases []string
	// Settings say how servers are reached where no config does: for releases, and for
	// the repositories that are there, which are brought up to date without either.
	Settings *config.Config
	// Layout is where repositories lie; empty for the mirror's own.
	Layout mirrordir.Layout
	// Git says what of a repository is mirrored: Wants, Since, Shallow and MoveTags.
	Git source.MirrorRequest
	// Proxy has what the command line says of the proxy's file tree.
	Proxy ProxyAsk
}

// Result is what a mirror holds, and what has changed in it.
type Result struct {
	Dir string `json:"dir"`
	// Repositories are those that were asked, in the order of their URLs.
	Repositories []Repository `json:"repositories"`
	// Proxy is what was added to the proxy's file tree; nil where none was asked.
	Proxy *ProxyResult `json:"proxy,omitempty"`
	// Mirrors are the lines for [mirrors] in configs; GOPROXY is the proxy's file tree,
	// and empty for none.
	Mirrors []mirrordir.Line `json:"mirrors"`
	GOPROXY string           `json:"goproxy,omitempty"`
}

// Repository is what has changed in one.
type Repository struct {
	URL string `json:"url"`
	// Path is below the mirror's directory.
	Path string `json:"path"`
	// From is where it came from, after mirrors.
	From      string         `json:"from"`
	New       bool           `json:"new"`
	Tags      []string       `json:"tags,omitempty"`
	Branches  []string       `json:"branches,omitempty"`
	Rewritten []string       `json:"rewritten,omitempty"`
	Moved     []source.Moved `json:"moved,omitempty"`
	Bytes     int64          `json:"bytes"`
}

// Fill makes a mirror at dir, or brings one up to date. Where a repository cannot be
// had, the others are brought up to date all the same.
func Fill(ctx context.Context, m workspace.Machine, dir string, ask Ask) (*Result, error) {
	at, err := mirrordir.Open(ctx, dir, mirrordir.Make, m.Sink)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	f := &filler{machine: m, ask: ask, at: at, state: at.State, rows: map[string]*Repository{}}
	if err := f.layout(); err != nil {
		return nil, err
	}
	if err := at.Begin(); err != nil {
		return nil, err
	}
	stage, remove, err := at.Stage()
	if err != nil {
		return nil, err
	}
	defer remove()
	f.stage = stage
	err = f.all(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		f.markIncomplete()
	}
	if err := errors.Join(err, remove()); err != nil && len(f.rows) == 0 {
		return nil, err
	}
	return f.result(), errors.Join(err, at.Finish(ctx, f.state))
}

// filler fills one mirror.
type filler struct {
	machine workspace.Machine
	ask     Ask
	at      *mirrordir.Mirror
	stage   string
	proxy   *ProxyResult
	names   []string // of the configs

	mu      sync.Mutex
	state   mirrordir.State        // that the mirror will have
	claimed []mirrordir.Repository // places of repositories that are being fetched
	rows    map[string]*Repository // by URL
}

// layout is decided once: repositories that are there do not move.
func (f *filler) layout() error {
	f.state.Layout = cmp.Or(f.state.Layout, f.ask.Layout, mirrordir.DefaultLayout)
	if f.ask.Layout != "" && f.ask.Layout != f.state.Layout {
		return &LayoutError{Dir: f.at.Dir, Has: f.state.Layout, Asked: f.ask.Layout}
	}
	return nil
}

// LayoutError is a mirror that has another layout.
type LayoutError struct {
	Dir        string
	Has, Asked mirrordir.Layout
}

// Error implements error.
func (e *LayoutError) Error() string {
	return fmt.Sprintf("%s has the layout %s, not %s", e.Dir, e.Has, e.Asked)
}

// ExitStatus is that of wrong usage.
func (*LayoutError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*LayoutError) Hints() []string {
	return []string{"leave out --layout, or fill a new directory"}
}

// all fetches repositories, then what the builds of each config take besides.
func (f *filler) all(ctx context.Context) error {
	configs, err := f.releases(ctx)
	if err != nil {
		return err
	}
	configs = append(configs, f.ask.Configs...)
	if len(configs) == 0 {
		return f.refresh(ctx)
	}
	for _, c := range configs {
		f.names = append(f.names, c.Name)
	}
	var kits []*kit
	var jobs []job
	for _, c := range configs {
		k, err := f.open(ctx, c)
		if err != nil {
			return err
		}
		defer k.client.Close()
		named, err := k.named(ctx)
		if err != nil {
			return err
		}
		kits, jobs = append(kits, k), append(jobs, named...)
	}
	if err := f.fetch(ctx, jobs); err != nil {
		return err
	}
	var ws []*workspace.Workspace
	for _, k := range kits {
		w, err := f.prepare(ctx, k)
		if err != nil {
			return err
		}
		ws = append(ws, w)
	}
	return f.fillProxy(ctx, kits, ws)
}

// markIncomplete has the state say that the run for these configs failed.
func (f *filler) markIncomplete() {
	f.state.Needs = slices.Clone(f.state.Needs)
	for _, name := range f.names {
		i := slices.IndexFunc(f.state.Needs, func(n mirrordir.Needs) bool { return n.Config == name })
		if i < 0 {
			i = len(f.state.Needs)
			f.state.Needs = append(f.state.Needs, mirrordir.Needs{Config: name})
		}
		f.state.Needs[i].Incomplete = true
	}
}

// refresh brings all repositories up to date.
func (f *filler) refresh(ctx context.Context) error {
	k, err := f.open(ctx, Config{Project: workspace.Project{Config: f.ask.Settings}})
	if err != nil {
		return err
	}
	defer k.client.Close()
	var jobs []job
	for _, r := range f.at.State.Repositories {
		jobs = append(jobs, job{client: k.client, url: r.URL})
	}
	if err := f.fetch(ctx, jobs); err != nil || len(f.ask.Proxy.Toolchains) == 0 && !f.ask.Proxy.VulnDB {
		return err
	}
	return f.fillProxy(ctx, []*kit{k}, nil)
}

// kit is what works for one config.
type kit struct {
	*workspace.Kit
	name   string
	client *source.Client
	lock   *lock.File // nil for none
}

func (f *filler) open(ctx context.Context, c Config) (*kit, error) {
	k, err := workspace.Open(ctx, f.machine, c.Project)
	if err != nil {
		return nil, err
	}
	locked, err := k.LockedBefore()
	if err != nil {
		return nil, err
	}
	client, err := k.Client(false)
	return &kit{Kit: k, name: c.Name, client: client, lock: locked}, err
}

// job is a repository to bring up to date.
type job struct {
	client *source.Client
	name   string // of what it is wanted for
	url    string // as the config has it, with what it may have to log in
	keep   []string
}

// named are the repositories that a config and its lock name.
func (k *kit) named(ctx context.Context) ([]job, error) {
	remotes := resolve.Remotes(ctx, k.Config, resolve.Options{Client: k.client, Store: k.Store, Private: k.Tool.Private(), HTTP: k.client.HTTP(), Jobs: k.Jobs, Lock: k.lock})
	var jobs []job
	var failed []error
	for _, r := range remotes {
		switch {
		case r.Err != nil:
			failed = append(failed, &plan.ModuleError{Name: r.Name, Pos: r.Pos, Err: r.Err})
		case r.Dir == "" && r.URL != "":
			jobs = append(jobs, job{client: k.client, name: r.Name, url: r.URL})
		}
	}
	if k.lock == nil {
		return jobs, errors.Join(failed...)
	}
	for i := range jobs {
		for _, m := range k.lock.Modules {
			if m.URL == lock.URL(jobs[i].url, k.Config.Written) {
				jobs[i].keep = append(jobs[i].keep, m.Commit)
			}
		}
	}
	return jobs, errors.Join(failed...)
}

// prepare resolves a config from the mirror, and fetches the repositories and
// commits that only this shows to be needed.
func (f *filler) prepare(ctx context.Context, k *kit) (*workspace.Workspace, error) {
	p := k.Project
	p.Config = f.mirrored(k)
	w, err := workspace.Prepare(ctx, untold(k.Machine), p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(ctx); err != nil {
		return nil, err
	}
	needs := mirrordir.Needs{Config: k.name}
	var jobs []job
	for _, m := range w.Plan.Modules {
		if m.Local {
			continue
		}
		needs.Modules = append(needs.Modules, mirrordir.Module{Path: m.Path, URL: plainURL(m.URL), Commit: m.Commit})
		if !f.has(m.URL, m.Commit) {
			jobs = append(jobs, job{client: k.client, name: m.Path, url: m.URL, keep: []string{m.Commit}})
		}
	}
	if err := f.fetch(ctx, jobs); err != nil {
		return nil, err
	}
	f.state.Needs = append(slices.DeleteFunc(slices.Clone(f.state.Needs), func(n mirrordir.Needs) bool { return n.Config == k.name }), needs)
	return w.CompleteForTargets(ctx)
}

// untold is a machine that says nothing of what it fetches: that comes from the
// mirror, or is about to be fetched into it, which is told.
func untold(m workspace.Machine) workspace.Machine {
	sink := m.Sink
	m.Sink = func(e event.Event) {
		switch e.Kind {
		case event.FetchStart, event.FetchBytes, event.FetchDone:
		default:
			sink.Send(e)
		}
	}
	return m
}

// mirrored is a config that takes repositories from the mirror first, as far as they
// are there.
func (f *filler) mirrored(k *kit) *config.Config {
	c := *k.Config
	var own []config.Mirror
	for _, r := range f.state.Repositories {
		own = append(own, config.Mirror{From: r.URL, To: append([]string{f.at.Path(r.Path)}, k.client.Candidates(r.URL)...)})
	}
	c.Mirrors = append(own, c.Mirrors...)
	return &c
}

// has reports whether the mirror has a commit of a repository.
func (f *filler) has(url, commit string) bool {
	r, ok := f.state.Find(plainURL(url))
	return ok && source.HasCommit(f.at.Path(r.Path), commit)
}

// plainURL is a URL without what may be a secret.
func plainURL(url string) string {
	r, err := giturl.Parse(url)
	if err != nil {
		return giturl.Redact(url)
	}
	return r.String()
}

// fetch brings repositories up to date, each once.
func (f *filler) fetch(ctx context.Context, jobs []job) error {
	var distinct []job
	at := map[string]int{} // of distinct, by plain URL
	for _, j := range jobs {
		url := plainURL(j.url)
		i, ok := at[url]
		if !ok {
			at[url], distinct = len(distinct), append(distinct, j)
			continue
		}
		distinct[i].keep = append(slices.Clone(distinct[i].keep), j.keep...)
	}
	errs := make([]error, len(distinct))
	var g errgroup.Group
	g.SetLimit(max(1, f.machine.Jobs))
	for i, j := range distinct {
		g.Go(func() error {
			if errs[i] = f.repository(ctx, j); errs[i] != nil {
				errs[i] = &plan.ModuleError{Name: cmp.Or(j.name, plainURL(j.url)), Err: errs[i]}
			}
			return nil
		})
	}
	_ = g.Wait()
	return errors.Join(errs...)
}

// repository brings one up to date.
func (f *filler) repository(ctx context.Context, j job) error {
	url := plainURL(j.url)
	place, err := f.state.Layout.Place(url)
	if err != nil {
		return err
	}
	if err := f.claim(url, place); err != nil {
		return err
	}
	req := f.ask.Git
	req.Module, req.URL, req.Dir, req.Keep = cmp.Or(j.name, place), j.url, f.at.Path(place), j.keep
	req.Stage = filepath.Join(f.stage, strings.ReplaceAll(place, "/", "+"))
	got, err := j.client.Mirror(ctx, req)
	if err != nil {
		return err
	}
	f.note(Repository{URL: url, Path: place, From: got.From, New: got.New, Tags: got.Tags, Branches: got.Branches, Rewritten: got.Rewritten, Moved: got.Moved, Bytes: got.Bytes})
	return nil
}

// claim keeps two repositories from being in one place, or one in another.
func (f *filler) claim(url, place string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range append(slices.Clone(f.claimed), f.state.Repositories...) {
		a, b := strings.ToLower(r.Path)+"/", strings.ToLower(place)+"/"
		if r.URL != url && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			return &TakenError{URL: url, Place: place, By: r.URL}
		}
	}
	f.claimed = append(f.claimed, mirrordir.Repository{URL: url, Path: place})
	return nil
}

// TakenError is a repository that would lie where another does.
type TakenError struct{ URL, Place, By string }

// Error implements error.
func (e *TakenError) Error() string {
	return fmt.Sprintf("%s would be in %s, which is the place of %s", e.URL, e.Place, e.By)
}

// ExitStatus is that of wrong usage.
func (*TakenError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*TakenError) Hints() []string {
	return []string{"if it is the same repository, write one URL in all configs; else fill another directory with a --layout that has {host}"}
}

// note adds a repository to the state and to the result.
func (f *filler) note(r Repository) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.state.Find(r.URL); !ok {
		f.state.Repositories = append(slices.Clone(f.state.Repositories), mirrordir.Repository{URL: r.URL, Path: r.Path})
	}
	if old := f.rows[r.URL]; old != nil { // a second time, for a commit
		old.Bytes += r.Bytes
		return
	}
	f.rows[r.URL] = &r
}

// fillProxy fetches what the builds of workspaces, and others, ask module proxies for.
func (f *filler) fillProxy(ctx context.Context, kits []*kit, ws []*workspace.Workspace) (err error) {
	ask := f.ask.Proxy
	ask.Dir, ask.Stage = f.at.Path(mirrordir.ProxyDir), filepath.Join(f.stage, mirrordir.ProxyDir)
	for _, n := range f.at.State.Needs {
		ask.Known = append(ask.Known, Proxied{Digest: n.Digest, Modules: n.Proxied})
	}
	if f.proxy, err = FillProxy(ctx, kits[0].Kit, ws, ask); err != nil {
		return err
	}
	for i := range ws {
		at := slices.IndexFunc(f.state.Needs, func(n mirrordir.Needs) bool { return n.Config == kits[i].name })
		f.state.Needs[at].Digest, f.state.Needs[at].Proxied = f.proxy.Needs[i].Digest, f.proxy.Needs[i].Modules
	}
	return nil
}

func (f *filler) result() *Result {
	r := &Result{Dir: f.at.Dir, Proxy: f.proxy, Mirrors: f.at.Lines(f.state)}
	if proxy := f.at.Path(mirrordir.ProxyDir); disk.IsDir(proxy) {
		r.GOPROXY = vendordir.ProxyURL(proxy)
	}
	for _, row := range f.rows {
		r.Repositories = append(r.Repositories, *row)
	}
	slices.SortFunc(r.Repositories, func(a, b Repository) int { return cmp.Compare(a.URL, b.URL) })
	return r
}
