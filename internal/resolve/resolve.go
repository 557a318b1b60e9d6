package resolve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/query"
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
func Resolve(ctx context.Context, cfg *config.Config, o Options) (*Plan, error) {
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
		third: map[module.Version]Replace{}, git: map[string]bool{}, askedBy: map[module.Version]*Module{}, meta: modurl.Finder{Client: o.HTTP, Offline: o.Offline}}
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
func (r *resolver) run(ctx context.Context) (*Plan, error) {
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
	counted int                        // see count
	askedBy map[module.Version]*Module // who was the first to ask for a version, of those that no config names

	roadRunner *Module
	plugins    []*Module // in the config's order
	modules    []*Module // all so far
	notes      []string
	mu         sync.Mutex // of the two below: modules are worked on at once
	moved      []string   // notes
	unlocked   []string   // requests that the lock does not answer
	// third are the replaces for modules that do not come from git, by what
	// they replace.
	third map[module.Version]Replace
	// overrides are the flags --with.
	overrides []*override
}

// wanted is a module that the config or a requirement asks for.
type wanted struct {
	name string // for messages
	pos  config.Position
	// path is the module path, or empty where go.mod decides.
	path   string
	url    string // empty where path leads to it
	ref    string
	folder string
	dir    string // a local directory instead
	// requirement is a version that go.mod files ask for, in place of ref.
	requirement string
	by          string  // whose requirement it is
	asker       *Module // the same, where it is the closure's
	// replaced says that only the module path and the version are wanted, as
	// the files are another's.
	replaced bool
	// noGoMod says that a go.mod is made up where there is none.
	noGoMod bool
	// substitute says that the files come from another module (a replace), so
	// that its go.mod may declare another path. A directory goes by path then,
	// where that is set: the go command does not ask for more.
	substitute bool
}

// named fetches what the config names: RoadRunner, the plugins, [[modules]].
func (r *resolver) named(ctx context.Context) error {
	cfg := r.cfg
	ws := []wanted{{name: config.RoadRunnerName, pos: cfg.RoadRunner.Pos, url: cfg.RoadRunner.URL, ref: cfg.RoadRunner.Ref, dir: cfg.RoadRunner.Path}}
	for _, p := range cfg.Plugins {
		w := wanted{name: p.Name, pos: p.Pos, path: p.ModulePath, url: p.URL, ref: p.Ref, folder: p.Folder, dir: p.Path}
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
		ws = append(ws, wanted{name: m.Path, pos: m.Pos, path: m.Path, url: m.URL, ref: m.Ref, folder: m.Folder, dir: m.Dir, noGoMod: true})
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
		m.Pinned, m.counts = true, true
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

// moduleDir is where the go.mod is of a local directory that stands in for a
// repository's folder: in itself, as Velox has it, or where it is a copy of the
// repository, in that folder.
func moduleDir(dir, folder string) string {
	if below := filepath.Join(dir, filepath.FromSlash(folder)); !hasGoMod(dir) && hasGoMod(below) {
		return below
	}
	return dir
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
		m.insteadOf = insteadOf(r.lock.url(m.URL), m.Ref)
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
func (r *resolver) from(ctx context.Context, p config.Plugin) (*Module, error) {
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

// add takes modules into the plan; two of one path are an error.
func (r *resolver) add(ms ...*Module) error {
	for _, m := range ms {
		for _, other := range r.modules {
			if other.Path == m.Path {
				return &DuplicateError{Path: m.Path, First: other.Label(), FirstPos: other.Pos, Second: m.Label(), SecondPos: m.Pos}
			}
		}
		r.modules = append(r.modules, m)
	}
	return nil
}

// DuplicateError is one module under two names.
type DuplicateError struct {
	Path                string
	First, Second       string
	FirstPos, SecondPos config.Position
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s: %s is the module %s, and so is %s at line %d", at(e.SecondPos), e.Second, e.Path, e.First, e.FirstPos.Line)
}

// Hints says what to do.
func (e *DuplicateError) Hints() []string { return []string{"remove one of the entries"} }

func at(p config.Position) string {
	if p.File == "" {
		return "command line"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// all fetches several modules at once, and reports every failure.
func (r *resolver) all(ctx context.Context, ws []wanted) ([]*Module, error) {
	got := make([]*Module, len(ws))
	errs := make([]error, len(ws))
	g := new(errgroup.Group)
	// Reading trees waits for the disk as fetching does for the network, so
	// there is work for more than there are processors.
	g.SetLimit(r.jobs)
	for i, w := range ws {
		g.Go(func() error {
			got[i], errs[i] = r.one(ctx, w)
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := errors.Join(oncePerCause(errs)...); err != nil {
		return nil, err
	}
	for i, m := range got {
		prefix, _, _ := module.SplitPathVersion(m.Path)
		known, ok := modurl.KnownHost(prefix)
		if m.URL != "" && (ws[i].url != "" || ok && strings.HasPrefix(m.URL, known.URL+"/")) {
			r.roots.Learn(m.Path, m.Folder, m.URL)
		}
	}
	return got, nil
}

// one fetches one module and reads its go.mod.
func (r *resolver) one(ctx context.Context, w wanted) (*Module, error) {
	m, err := r.fetchOne(ctx, w)
	if err != nil {
		return nil, w.wrap(err)
	}
	return m, nil
}

func (r *resolver) fetchOne(ctx context.Context, w wanted) (*Module, error) {
	if w.dir != "" {
		w.dir = moduleDir(w.dir, w.folder)
		return r.localModule(w)
	}
	if w.url == "" {
		return r.anywhere(ctx, w)
	}
	return r.fetchAt(ctx, w, modurl.Location{URL: w.url, Folder: w.folder})
}

// fetchAt takes the module from one repository.
func (r *resolver) fetchAt(ctx context.Context, w wanted, loc modurl.Location) (*Module, error) {
	if w.replaced {
		if e := r.lock.insteadOf(w, loc); e != nil {
			return &Module{Path: e.Path, Version: e.Version, Pos: w.pos, URL: loc.URL, Ref: w.ref}, nil
		}
	}
	q := query.Query{Ref: w.ref, Folder: loc.Folder, AnyMajor: w.path == ""}
	if w.path != "" {
		_, q.Major, _ = module.SplitPathVersion(w.path)
		q.NoGoMod = w.noGoMod && loc.Folder == "" && q.Major == ""
	}
	req := source.Request{Module: w.name, URL: loc.URL, Ref: w.ref, Tags: q.Immutable(), Commit: q.Commit(), Choose: q.Choose}
	if w.requirement != "" {
		req = r.requirement(w, loc.URL, q)
	}
	entry := r.lock.find(w, loc)
	if entry != nil {
		req.Locked = entry.Commit
	} else {
		r.notLocked(w)
	}
	if entry != nil || w.requirement != "" {
		return r.findAndRead(ctx, w, q, req, loc.Folder, nil)
	}
	return r.query(ctx, w, q, req, loc.Folder)
}

// findAndRead takes the module that answers a request.
func (r *resolver) findAndRead(ctx context.Context, w wanted, q query.Query, req source.Request, folder string, withdrawn *retractions) (*Module, error) {
	found, err := r.client.Find(ctx, req)
	if err != nil {
		return nil, err
	}
	r.noteMovedTag(w.name, req.Locked != "", found.Moved)
	if req.Locked == "" {
		r.noteOtherOrigins(w.name, found)
	}
	return r.read(ctx, w, q, found, folder, withdrawn)
}

// requirement makes the request for a version that a go.mod names.
func (r *resolver) requirement(w wanted, url string, q query.Query) source.Request {
	v := w.requirement
	if module.IsPseudoVersion(v) {
		rev, _ := module.PseudoVersionRev(v)
		q.Ref = rev
		return source.Request{Module: w.name, URL: url, Ref: v, Alias: w.path + "@" + v, Choose: q.Choose}
	}
	q.Ref = trimIncompatible(v)
	return source.Request{Module: w.name, URL: url, Ref: v, Tags: q.Immutable(), Choose: q.ChooseTag}
}

// read takes the module at a commit: its files, go.mod and version.
func (r *resolver) read(ctx context.Context, w wanted, q query.Query, found source.Found, folder string, withdrawn *retractions) (*Module, error) {
	found.NoGoMod = (w.noGoMod || w.requirement != "") && folder == "" && !strings.HasPrefix(q.Major, "/")
	dir, mod, err := r.goMod(ctx, found, folder)
	noGoMod := found.NoGoMod && errors.Is(err, fs.ErrNotExist)
	if noGoMod {
		mod, err = modfile.Parse("go.mod", MadeUpGoMod(w.path), nil)
	}
	var none *modfiles.NoModuleError
	other := errors.As(err, &none) || err == nil && mod.Module.Mod.Path != w.path
	if sub, ok := majorFolder(folder, q.Major); ok && other {
		if d, m, err2 := r.goMod(ctx, found, sub); err2 == nil && (err != nil || m.Module.Mod.Path == w.path) {
			dir, mod, err, folder = d, m, nil, sub
		}
	}
	if err != nil {
		r.packageOf(ctx, found, none)
		return nil, err
	}
	withdrawn.setFound(mod, folder)
	m := &Module{Path: mod.Module.Mod.Path, Pos: w.pos, URL: found.URL, From: found.From, Stored: found.Stored, Ref: w.ref, Commit: found.Commit,
		Time: found.Time, Folder: folder, Dir: dir, GoMod: mod, NoGoMod: noGoMod, tag: found.Tag}
	if w.requirement != "" {
		m.Ref = w.requirement
	}
	if w.path != "" && m.Path != w.path && !w.substitute {
		return nil, &PathError{Name: w.name, Want: w.path, Got: m.Path, URL: found.From, Ref: m.Ref}
	}
	m.Version = w.requirement
	if m.Version == "" {
		m.Version = r.lock.version(m)
	}
	if m.Version == "" {
		q.Incompatible = noGoMod && q.Major == ""
		var note string
		m.Version, note, err = r.version(ctx, found, q, m.Path, withdrawn)
		m.tell(note)
	}
	m.Own = module.Version{Path: m.Path, Version: m.Version}
	if w.substitute && w.path != "" {
		m.Own.Path = w.path // a fork's go.mod mostly has the path of what it is a fork of
	}
	return m, err
}

// packageOf finds the module that a folder without a go.mod is a package of.
func (r *resolver) packageOf(ctx context.Context, found source.Found, e *modfiles.NoModuleError) {
	if e == nil || e.Folder == "" {
		return
	}
	for above := path.Dir(e.Folder); ; above = path.Dir(above) {
		if slices.Contains(e.Modules, above) {
			folder := strings.TrimPrefix(above, ".")
			dir, mod, err := r.goMod(ctx, found, folder)
			rel := strings.TrimPrefix(e.Folder, folder)
			if files, _ := disk.List(filepath.Join(dir, filepath.FromSlash(rel)), "", ".go"); err == nil && len(files) > 0 {
				e.Above, e.Import = folder, path.Join(mod.Module.Mod.Path, rel)
			}
			return
		}
		if above == "." {
			return
		}
	}
}

// goMod returns the files of the module in a folder, and its go.mod.
func (r *resolver) goMod(ctx context.Context, found source.Found, folder string) (string, *modfile.File, error) {
	dir, err := r.client.Tree(ctx, found, folder)
	if err != nil {
		return "", nil, err
	}
	mod, err := readGoMod(dir)
	return dir, mod, err
}

// MadeUpGoMod is the go.mod of a module that has none: what the go command has
// in the place of one.
func MadeUpGoMod(modulePath string) []byte {
	return fmt.Appendf(nil, "module %s\n", modfile.AutoQuote(modulePath))
}

// majorFolder is where a major version may have a folder of its own, beside the
// module of an earlier one: see go.dev/ref/mod#vcs-dir.
func majorFolder(folder, major string) (string, bool) {
	name, ok := strings.CutPrefix(major, "/")
	return path.Join(folder, name), ok
}

// readGoMod reads the go.mod in dir. Directives that a newer Go may add are
// let through: only the go command can judge them.
func readGoMod(dir string) (*modfile.File, error) {
	file := filepath.Join(dir, "go.mod")
	data, err := disk.ReadText(file)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		if mod, err = modfile.ParseLax("go.mod", data, nil); err != nil {
			return nil, err
		}
	}
	if mod.Module == nil {
		return nil, errors.New("go.mod has no module line")
	}
	return mod, nil
}

// localModule reads a module from a directory of the user's.
func (r *resolver) localModule(w wanted) (*Module, error) {
	fi, err := os.Stat(w.dir)
	if err != nil {
		return nil, fmt.Errorf("local directory %s: %w", w.dir, errors.Unwrap(err))
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", w.dir)
	}
	mod, err := readGoMod(w.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("local directory %s has no go.mod", w.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("local directory %s: %w", w.dir, err)
	}
	m := &Module{Path: mod.Module.Mod.Path, Pos: w.pos, From: w.dir, Dir: w.dir, Local: true, GoMod: mod}
	if w.substitute && w.path != "" {
		m.Path = w.path
	}
	if _, major, _ := module.SplitPathVersion(m.Path); semver.Canonical(w.ref) == w.ref && module.MatchPathMajor(w.ref, major) {
		m.Version = w.ref // what the directory stands in for
	}
	if w.path != "" && m.Path != w.path {
		return nil, &PathError{Name: w.name, Want: w.path, Got: m.Path, URL: w.dir}
	}
	return m, nil
}

// plan closes the collection.
func (r *resolver) plan(rr *roadrunner.Source) (*Plan, error) {
	p := &Plan{RoadRunner: r.roadRunner, Modules: r.modules, Private: r.private, Overridden: r.anyOverride(), urls: oracle{written: r.cfg.Written}}
	sort.Slice(p.Modules, func(i, j int) bool { return p.Modules[i].Path < p.Modules[j].Path })
	localVersions(p.Modules)
	for _, c := range r.cfg.Modules {
		if m := p.Lookup(c.Path); m != nil {
			m.ChecksumOff = c.ChecksumOff
		}
	}
	for i, c := range r.cfg.Plugins {
		m := r.plugins[i]
		m.ChecksumOff = m.ChecksumOff || c.ChecksumOff
		plugin := Plugin{Name: c.Name, Pos: c.Pos, Import: cmp.Or(c.Import, m.Path), Symbol: c.Symbol, Module: m.Path}
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
	p.Replaces = r.thirdParty()
	p.Excludes = r.excludes()
	p.Overruled = overruled(p)
	for _, m := range p.Modules {
		r.notes = append(r.notes, m.notes...)
	}
	sort.Strings(r.moved)
	p.Notes = append(r.moved, r.notes...)
	p.Overrulings = append(overruledNotes(p), r.replacedNotes(p)...)
	return p, nil
}
