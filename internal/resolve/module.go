package resolve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// read takes the module at a commit: its files, go.mod and version.
func (r *resolver) read(ctx context.Context, w wanted, q query.Query, found source.Found, folder string, withdrawn *retractions) (*plan.Module, error) {
	found.Patches = patch.NewSeries(r.patchesOf(w))
	found.NoGoMod = (w.noGoMod || w.requirement != "") && folder == "" && !strings.HasPrefix(q.Major, "/")
	dir, mod, err := r.goMod(ctx, found, folder)
	noGoMod := found.NoGoMod && errors.Is(err, fs.ErrNotExist)
	if noGoMod {
		mod, err = modfile.Parse("go.mod", plan.MadeUpGoMod(w.path), nil)
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
		return nil, r.misfit(w, found, err)
	}
	withdrawn.setFound(mod, folder)
	m := &plan.Module{Path: mod.Module.Mod.Path, Pos: w.pos, URL: found.URL, From: found.From, Stored: found.Stored, Ref: w.ref, Commit: found.Commit,
		Time: found.Time, Folder: folder, Dir: dir, GoMod: mod, NoGoMod: noGoMod, Tag: found.Tag, Patches: found.Patches}
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
		m.Tell(note)
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
	return GoMod(ctx, r.client, found, folder)
}

// GoMod returns the files of the module in a folder of a commit, and its go.mod.
func GoMod(ctx context.Context, client *source.Client, found source.Found, folder string) (string, *modfile.File, error) {
	dir, err := client.Tree(ctx, found, folder)
	if err != nil {
		return "", nil, err
	}
	mod, err := readGoMod(dir)
	return dir, mod, err
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
func (r *resolver) localModule(w wanted) (*plan.Module, error) {
	fi, err := os.Stat(w.dir)
	if err != nil {
		return nil, fmt.Errorf("local directory %s: %w", w.dir, errors.Unwrap(err))
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", w.dir)
	}
	mod, err := readGoMod(w.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &NoGoModError{Dir: w.dir, Below: goModsBelow(w.dir)}
	}
	if err != nil {
		return nil, fmt.Errorf("local directory %s: %w", w.dir, err)
	}
	m := &plan.Module{Path: mod.Module.Mod.Path, Pos: w.pos, From: w.dir, Dir: w.dir, Local: true, GoMod: mod}
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

// NoGoModError is a local directory that is no module.
type NoGoModError struct {
	Dir string
	// Below are directories in it that are modules.
	Below []string
}

// Error implements error.
func (e *NoGoModError) Error() string { return fmt.Sprintf("local directory %s has no go.mod", e.Dir) }

// Hints names the modules below.
func (e *NoGoModError) Hints() []string {
	if len(e.Below) == 0 {
		return nil
	}
	return []string{"go.mod is in: " + brief.List(e.Below, brief.Most) + "; name one of these"}
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

// version returns the version of a module at a commit: the tag's that led to
// it, where that is one, else what the go command would call the commit.
//
// note tells of what may be wrong with it.
func (r *resolver) version(ctx context.Context, found source.Found, q query.Query, modulePath string, withdrawn *retractions) (version, note string, err error) {
	_, q.Major, _ = module.SplitPathVersion(modulePath)
	q.AnyMajor = false
	if found.Tag != "" {
		v, isVersion := q.TagVersion(found.Tag)
		if isVersion && module.MatchPathMajor(v, q.Major) {
			return v, "", nil
		}
		if isVersion && q.Incompatible {
			return v + "+incompatible", "", nil
		}
		if isVersion {
			return "", "", &query.MajorError{Module: modulePath, Tag: found.Tag}
		}
	}
	if v, ok := r.client.Version(found, modulePath); ok {
		return v, "", nil
	}
	withdrawn.ready(ctx, q) // with the repository's lock
	unlock, err := r.client.HoldRepo(ctx, found)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if v, ok := r.client.Version(found, modulePath); ok { // another run was first
		return v, "", nil
	}
	own := q.Prefixes()[0]
	tags, cut, err := r.client.Reachable(ctx, found, func(tag string) bool {
		v, ok := strings.CutPrefix(tag, own)
		return ok && q.IsVersion(v)
	})
	if err != nil {
		return "", "", err
	}
	tags = slices.DeleteFunc(tags, func(t source.Tagged) bool {
		_, gone := withdrawn.of(ctx, q, strings.TrimPrefix(t.Tag, own))
		return gone
	})
	v := query.PseudoVersion(found, own, q.Major, tags)
	if cut { // and not remembered: another time there may be more
		return v, fmt.Sprintf("%s: %s has no history of commit %.12s, so its version, %s, may not count from the latest tag",
			modulePath, found.From, found.Commit, v), nil
	}
	return v, "", r.client.PutVersion(found, modulePath, v)
}

// hash fills in the hashes of the modules from git.
func (r *resolver) hash(ctx context.Context, p *plan.Plan) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return hashModule(ctx, m, r.client, r.store)
		})
	}
	return g.Wait()
}

// hashes are what the store keeps of a module, whose files do not change.
type hashes struct {
	H1    string `json:"h1"`
	GoMod string `json:"mod"`
}

// hashModule works out H1 and GoModH1, as the go command would of the module's zip.
func hashModule(ctx context.Context, m *plan.Module, client *source.Client, store *store.Store) error {
	own := m.Hashed()
	prefix := own.Path + "@" + own.Version
	// 2 is for hashes in which .gitattributes count.
	sum := sha256.Sum256([]byte("2\n" + m.Folder + "\n" + prefix))
	name := m.Commit + "-" + hex.EncodeToString(sum[:8])
	var h hashes
	if !store.ReadJSON(&h, "h1", name) || h.H1 == "" {
		sums, err := client.CheckFiles(ctx, m.Found().Unpatched(), m.Folder)
		if err != nil {
			return err
		}
		h = hashes{H1: sums.H1(prefix), GoMod: sums.GoModH1()}
		if m.NoGoMod {
			if h.GoMod, err = dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(plan.MadeUpGoMod(own.Path))), nil
			}); err != nil {
				return err
			}
		}
		if err := store.WriteJSON(h, "h1", name); err != nil {
			return err
		}
	}
	m.H1, m.GoModH1 = h.H1, h.GoMod
	return nil
}
