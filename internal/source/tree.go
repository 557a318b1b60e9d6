package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
	"golang.org/x/mod/zip"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/limit"
	"github.com/vxlite/vxlite/internal/store"
)

// NoModuleError is a folder without a go.mod.
type NoModuleError struct {
	URL, Commit, Folder string
	// Modules are the folders that have one, sorted; the root is ".".
	Modules []string
	// Import is the import path of the folder as a package of the module in
	// Above, the folder above it that has a go.mod; empty for none.
	Import, Above string
}

// Error implements error.
func (e *NoModuleError) Error() string {
	where := "its root"
	if e.Folder != "" {
		where = "folder " + e.Folder
	}
	return fmt.Sprintf("%s at %.12s has no go.mod in %s", e.URL, e.Commit, where)
}

// Hints says where a go.mod is.
func (e *NoModuleError) Hints() []string {
	if len(e.Modules) == 0 {
		return []string{"the repository has no go.mod at all, so it is not a Go module"}
	}
	hints := []string{"go.mod is in: " + brief.List(e.Modules, 10) + "; name one with folder = \"…\""}
	if e.Import == "" {
		return hints
	}
	instead := "in place of folder"
	if e.Above != "" {
		instead = fmt.Sprintf("and folder = %q", e.Above)
	}
	return append([]string{fmt.Sprintf("if the package there is the plugin: import = %q, %s", e.Import, instead)}, hints...)
}

// Tree returns a directory that holds the module in folder of f's commit: the
// files that golang.org/x/mod/zip would put into its module zip, so without
// nested modules, vendored packages and symbolic links, and with the
// repository's LICENSE where the folder has none of its own, as the go
// command adds it. The directory is shared and must not be written to. With
// f.NoGoMod, the root need have no go.mod.
func (c *Client) Tree(ctx context.Context, f Found, folder string) (string, error) {
	dst := c.store.TreeDir(f.Commit, folder)
	if c.store.GoodGoMod(f.Commit, folder, f.NoGoMod) {
		return dst, nil
	}
	remote, err := gitconn.ParseRemote(f.From)
	if err != nil {
		return "", err
	}
	if err := c.healing(ctx, f, remote, func() error { return c.writeTree(ctx, f, remote, folder) }); err != nil {
		return "", err
	}
	return c.store.OwnTree(f.Commit, folder), nil
}

// healing does something with f's objects. Where the store's are damaged, they
// are fetched again and it is done again.
func (c *Client) healing(ctx context.Context, f Found, remote gitconn.Remote, do func() error) error {
	err := do()
	damaged, ok := errors.AsType[*DamagedError](err)
	if !ok || remote.Local() || c.exported != "" {
		return err
	}
	if c.offline {
		damaged.Where, damaged.Offline = c.store.GitDir(f.Commit), true
		return err
	}
	if err := c.store.Discard(c.store.GitDir(f.Commit)); err != nil {
		return err
	}
	return do()
}

// writeTree puts a tree into the store, in the place of one that is damaged.
func (c *Client) writeTree(ctx context.Context, f Found, remote gitconn.Remote, folder string) error {
	st, done, err := c.objects(ctx, f, remote)
	if err != nil {
		return err
	}
	defer done()
	_, known := st.(*memory.Storage) // of which the hashes were just worked out
	w := &treeWriter{st: st, url: remote.String(), commit: f.Commit, limits: c.limits, trusted: known || c.proven(f, remote), partial: c.exported != "", noGoMod: f.NoGoMod}
	dst := c.store.OwnTree(f.Commit, folder) // never into a shared store
	return c.store.Publish(dst, func(dir string) error {
		if err := w.write(ctx, dir, folder); err != nil {
			return err
		}
		// Before the tree is in its place: who finds it finds them.
		if err := c.store.PutSums(w.sums, f.Commit, folder); err != nil {
			return err
		}
		c.wrote.Store(dst, w.sums)
		if disk.IsDir(dst) && !c.store.GoodGoMod(f.Commit, folder, f.NoGoMod) { // and nobody was first
			return c.store.Discard(dst)
		}
		return nil
	})
}

// objects opens a repository that has f's commit, and fetches it again where
// the store has lost it. One from the store is as it was written.
func (c *Client) objects(ctx context.Context, f Found, remote gitconn.Remote) (storer.EncodedObjectStorer, func(), error) {
	if c.exported != "" {
		st, done := gitpack.OpenObjects(filepath.Join(c.exported, f.Commit))
		return st, done, nil
	}
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if err != nil {
			return nil, nil, err
		}
		repo.mu.Lock()
		return repo.st, func() { repo.st.DropBases(); repo.mu.Unlock() }, nil
	}
	if st, ok := c.objectsOf.LoadAndDelete(f.Commit); ok {
		return st.(storer.EncodedObjectStorer), func() {}, nil
	}
	dir := c.store.GitDir(f.Commit)
	if !disk.IsDir(dir) {
		if err := c.refetch(ctx, f, remote); err != nil {
			return nil, nil, err
		}
	}
	if err := gitpack.Check(dir); err != nil {
		return nil, nil, &DamagedError{Where: dir, Err: err}
	}
	st, done := gitpack.OpenObjects(dir)
	return st, done, nil
}

// refetch gets a commit that the store knows of but no longer has.
func (c *Client) refetch(ctx context.Context, f Found, remote gitconn.Remote) error {
	if c.offline {
		return &OfflineError{Module: f.module, Ref: f.Commit, URL: f.URL}
	}
	unlock, err := c.lock(ctx, c.place(remote))
	if err != nil {
		return err
	}
	defer unlock()
	if disk.IsDir(c.store.GitDir(f.Commit)) {
		return nil
	}
	_, err = c.fetch(ctx, Request{Module: f.module, URL: f.URL, Ref: f.Commit, Choose: func(refs *Refs) (Ref, error) {
		if ref, ok := refs.Tag(f.Tag); ok && ref.Commit == f.Commit {
			return ref, nil
		}
		return Ref{Commit: f.Commit}, nil
	}}, remote)
	return err
}

// proven reports whether f's objects were compared with their names already, which
// is done when this store takes them.
func (c *Client) proven(f Found, remote gitconn.Remote) bool {
	return !remote.Local() && c.exported == "" && !c.store.IsShared(c.store.GitDir(f.Commit))
}

// treeWriter writes one module's files.
type treeWriter struct {
	st          storer.EncodedObjectStorer
	url, commit string
	limits      config.Limits
	trusted     bool  // st gives under each name what the name says
	noGoMod     bool  // the root may have none
	partial     bool  // st may lack .gitattributes files above the folder
	entries     int64 // of trees, so far
	sums        store.FileSums
	bytes       atomic.Int64 // of all files so far
	// attributeFiles are those of the folder and of the folders above it.
	attributeFiles []attributeFile
}

// named puts the repository and the commit in front of an error.
func (w *treeWriter) named(err error) error {
	if e, ok := errors.AsType[*limit.Error](err); ok {
		e.URL = fmt.Sprintf("%s at %.12s", w.url, w.commit)
		return e
	}
	if _, ok := errors.AsType[*DamagedError](err); ok {
		return err
	}
	return fmt.Errorf("%s at %.12s: %w", w.url, w.commit, err)
}

// object reads an object, and makes sure that it is what its name says.
func (w *treeWriter) object(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	obj, err := w.st.EncodedObject(kind, hash)
	if err == nil && !w.trusted {
		obj, err = gitpack.Verified(obj, hash)
	}
	if err != nil {
		return nil, &DamagedError{Where: w.url, Err: fmt.Errorf("object %s: %w", hash, err)}
	}
	return obj, nil
}

// tree reads a tree. Its entries count.
func (w *treeWriter) tree(hash plumbing.Hash) (*object.Tree, error) {
	obj, err := w.object(plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	const least = 24 // bytes of an entry: a mode, a name of one byte, a hash
	if obj.Size()/least > w.limits.Files {
		return nil, w.tooManyFiles()
	}
	t := new(object.Tree)
	if err := t.Decode(obj); err != nil {
		return nil, err
	}
	if w.entries += int64(len(t.Entries)); w.entries > w.limits.Files {
		return nil, w.tooManyFiles()
	}
	return t, nil
}

func (w *treeWriter) tooManyFiles() error {
	return limit.Count("the files and folders are more than", "files", w.limits.Files)
}

// rootTree returns the hash of the commit's tree.
func (w *treeWriter) rootTree() (hash plumbing.Hash, err error) {
	obj, err := w.object(plumbing.CommitObject, plumbing.NewHash(w.commit))
	if err != nil {
		return hash, err
	}
	commit := new(object.Commit)
	if err := commit.Decode(obj); err != nil {
		return hash, fmt.Errorf("commit %s: %w", w.commit, err)
	}
	return commit.TreeHash, nil
}

// choose returns the files of the module in folder, as its module zip has them.
// Their sizes are not known yet.
func (w *treeWriter) choose(ctx context.Context, folder string) ([]*blobFile, error) {
	files, err := w.list(ctx, folder)
	if err != nil {
		return nil, err
	}
	if err := w.checkGoMod(find(files, "go.mod")); err != nil {
		return nil, w.named(err)
	}
	if files, err = valid(files); err != nil {
		return nil, w.named(err)
	}
	return files, nil
}

// valid returns the files that a module zip takes.
func valid(files []*blobFile) ([]*blobFile, error) {
	checked := make([]zip.File, len(files))
	byPath := make(map[string]*blobFile, len(files))
	for i, f := range files {
		checked[i] = f
		byPath[f.path] = f
	}
	result, err := zip.CheckFiles(checked)
	if err != nil {
		return nil, err
	}
	chosen := make([]*blobFile, len(result.Valid))
	for i, name := range result.Valid {
		chosen[i] = byPath[name]
	}
	return chosen, nil
}

// each reads the files, several at once, and gives them to take. Reading is most
// of the time that a tree takes. Once one fails, no further one is begun; the
// error is that of the first, in their order, of those that failed.
func (w *treeWriter) each(ctx context.Context, files []*blobFile, take func(*blobFile, plumbing.EncodedObject) error) error {
	errs := make([]error, len(files))
	var failed atomic.Bool
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		if failed.Load() || ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if errs[i] = w.one(f, take); errs[i] != nil {
				failed.Store(true)
			}
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := cmp.Or(errs...); err != nil {
		return w.named(err)
	}
	return nil
}

// one reads a file within the limits, of which that of all files is counted
// here, and gives it to take.
func (w *treeWriter) one(f *blobFile, take func(*blobFile, plumbing.EncodedObject) error) error {
	obj, err := f.object()
	if err != nil {
		return err
	}
	f.obj = nil // it is needed no more
	if f.convert != nil {
		if obj, err = f.converted(obj); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	f.size = obj.Size()
	if w.bytes.Add(f.size) > w.limits.Module {
		over := limit.Bytes("its files have more than", "module", w.limits.Module)
		over.Final = w.limits.Module == zip.MaxZipFile
		return over
	}
	if f.path == "LICENSE" { // Go has a limit for it, too
		if _, err := valid([]*blobFile{f}); err != nil {
			return err
		}
	}
	if err := take(f, obj); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return nil
}

// checkGoMod holds a go.mod's size against the limit, before anybody reads it.
func (w *treeWriter) checkGoMod(f *blobFile) error {
	if f == nil {
		return nil // and list has agreed
	}
	obj, err := f.object()
	if err != nil {
		return err
	}
	if obj.Size() <= w.limits.GoMod {
		f.obj = obj
		return nil
	}
	over := limit.Bytes("go.mod has more than", "go_mod", w.limits.GoMod)
	over.Final = w.limits.GoMod == zip.MaxGoMod
	return over
}

// list returns the files below folder. A folder without a go.mod is an error
// that names those with one.
func (w *treeWriter) list(ctx context.Context, folder string) ([]*blobFile, error) {
	root, err := w.rootTree()
	if err != nil {
		return nil, w.named(err)
	}
	hash, ok, err := w.lookup(root, folder)
	if err != nil {
		return nil, w.named(err)
	}
	var files []*blobFile
	if ok {
		if err := w.walk(hash, folder, "", &files); err != nil {
			return nil, w.named(err)
		}
		if err := w.attribute(ctx, folder, files); err != nil {
			return nil, w.named(err)
		}
	}
	if f := find(files, "go.mod"); f == nil && !(w.noGoMod && folder == "") || f != nil && !isRegular(f.mode) {
		return nil, w.noModule(root, folder)
	}
	if folder != "" && find(files, "LICENSE") == nil {
		tree, err := w.tree(root)
		if err != nil {
			return nil, w.named(err)
		}
		if e := entry(tree, "LICENSE"); e != nil && e.Mode.IsFile() {
			files = append(files, &blobFile{path: "LICENSE", mode: e.Mode, hash: e.Hash, w: w})
		}
	}
	return files, nil
}

func find(files []*blobFile, name string) *blobFile {
	for _, f := range files {
		if f.path == name {
			return f
		}
	}
	return nil
}

// isRegular leaves out folders, links and submodules.
func isRegular(mode filemode.FileMode) bool { return mode.IsFile() && mode != filemode.Symlink }

// entry finds a tree's entry without go-git's own look-up, which builds a map.
func entry(tree *object.Tree, name string) *object.TreeEntry {
	for i := range tree.Entries {
		if tree.Entries[i].Name == name {
			return &tree.Entries[i]
		}
	}
	return nil
}

// lookup descends to folder.
func (w *treeWriter) lookup(tree plumbing.Hash, folder string) (plumbing.Hash, bool, error) {
	if folder == "" {
		return tree, true, nil
	}
	at := ""
	for _, name := range strings.Split(folder, "/") {
		t, err := w.tree(tree)
		if err != nil {
			return tree, false, err
		}
		w.noteAttributes(at, t)
		at = path.Join(at, name)
		e := entry(t, name)
		if e == nil || e.Mode != filemode.Dir {
			return tree, false, nil
		}
		tree = e.Hash
	}
	return tree, true, nil
}

// walk collects the blobs of a tree. It stops at nested modules, which are
// modules of their own and may be large.
func (w *treeWriter) walk(hash plumbing.Hash, folder, dir string, files *[]*blobFile) error {
	tree, err := w.below(hash, dir)
	if err != nil {
		return err
	}
	if e := entry(tree, "go.mod"); dir != "" && e != nil && isRegular(e.Mode) {
		return nil
	}
	w.noteAttributes(path.Join(folder, dir), tree)
	for _, e := range tree.Entries {
		name := path.Join(dir, e.Name)
		if !isName(e.Name) {
			return fmt.Errorf("%q is not a valid file name in a repository", strings.TrimPrefix(dir+"/"+e.Name, "/"))
		}
		switch {
		case e.Mode == filemode.Dir:
			if err := w.walk(e.Hash, folder, name, files); err != nil {
				return err
			}
		case e.Mode == filemode.Submodule:
			// Not followed, and no file.
		default:
			*files = append(*files, &blobFile{path: name, mode: e.Mode, hash: e.Hash, w: w})
		}
	}
	return nil
}

// below reads the tree in a folder. A tree cannot hold itself, but it can be
// made deep.
func (w *treeWriter) below(hash plumbing.Hash, dir string) (*object.Tree, error) {
	if dir != "" && int64(strings.Count(dir, "/")) >= w.limits.Depth {
		return nil, limit.Count("folders are nested deeper than", "depth", w.limits.Depth)
	}
	tree, err := w.tree(hash)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(".", dir), err)
	}
	return tree, nil
}

// noModule makes the error for a folder without go.mod.
func (w *treeWriter) noModule(tree plumbing.Hash, folder string) error {
	e := &NoModuleError{URL: w.url, Commit: w.commit, Folder: folder}
	w.entries = 0
	if err := w.modules(tree, ".", &e.Modules); err != nil {
		return w.named(err)
	}
	sort.Strings(e.Modules)
	return e
}

func (w *treeWriter) modules(hash plumbing.Hash, dir string, out *[]string) error {
	tree, err := w.below(hash, dir)
	if err != nil {
		return err
	}
	for _, e := range tree.Entries {
		if e.Name == "go.mod" && isRegular(e.Mode) {
			*out = append(*out, dir)
		}
		if e.Mode == filemode.Dir {
			if err := w.modules(e.Hash, path.Join(dir, e.Name), out); err != nil {
				return err
			}
		}
	}
	return nil
}
