// Package modfiles takes the files of a module out of a commit: those that its
// module zip would have, as golang.org/x/mod/zip and the go command choose them.
// Begin at [Module].
package modfiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/limit"
)

// Module reads the files of one module in a commit.
type Module struct {
	Objects storer.EncodedObjectStorer
	URL     string // of the repository, for messages
	Commit  string // 40 hex digits
	Limits  config.Limits
	// Trusted says that Objects gives under each name what the name says, NoGoMod
	// that the root may have no go.mod, Partial that .gitattributes files above the
	// folder may be missing.
	Trusted, NoGoMod, Partial bool

	root    plumbing.Hash // the tree to read in place of the commit's; zero for that
	entries int64         // of trees, so far
	bytes   atomic.Int64  // of all files so far
	// attributeFiles are those of the folder and of the folders above it.
	attributeFiles []attributeFile
}

// named puts the repository and the commit in front of an error.
func (m *Module) named(err error) error {
	if e, ok := errors.AsType[*limit.Error](err); ok {
		e.URL = fmt.Sprintf("%s at %.12s", m.URL, m.Commit)
		return e
	}
	if _, ok := errors.AsType[*DamagedError](err); ok {
		return err
	}
	return fmt.Errorf("%s at %.12s: %w", m.URL, m.Commit, err)
}

// object reads an object, and makes sure that it is what its name says.
func (m *Module) object(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	obj, err := m.Objects.EncodedObject(kind, hash)
	if err == nil && !m.Trusted {
		obj, err = gitpack.Verified(obj, hash)
	}
	if err != nil {
		return nil, &DamagedError{Where: m.URL, Err: fmt.Errorf("object %s: %w", hash, err)}
	}
	return obj, nil
}

// tree reads a tree. Its entries count.
func (m *Module) tree(hash plumbing.Hash) (*object.Tree, error) {
	obj, err := m.object(plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	const least = 24 // bytes of an entry: a mode, a name of one byte, a hash
	if obj.Size()/least > m.Limits.Files {
		return nil, m.tooManyFiles()
	}
	t := new(object.Tree)
	if err := t.Decode(obj); err != nil {
		return nil, err
	}
	if m.entries += int64(len(t.Entries)); m.entries > m.Limits.Files {
		return nil, m.tooManyFiles()
	}
	return t, nil
}

func (m *Module) tooManyFiles() error {
	return limit.Count("the files and folders are more than", "files", m.Limits.Files)
}

// rootTree returns the hash of the commit's tree.
func (m *Module) rootTree() (hash plumbing.Hash, err error) {
	if !m.root.IsZero() {
		return m.root, nil
	}
	obj, err := m.object(plumbing.CommitObject, plumbing.NewHash(m.Commit))
	if err != nil {
		return hash, err
	}
	commit := new(object.Commit)
	if err := commit.Decode(obj); err != nil {
		return hash, fmt.Errorf("commit %s: %w", m.Commit, err)
	}
	return commit.TreeHash, nil
}

// choose returns the files of the module in folder, as its module zip has them.
// Their sizes are not known yet.
func (m *Module) choose(ctx context.Context, folder string) ([]*blobFile, error) {
	files, err := m.list(ctx, folder)
	if err != nil {
		return nil, err
	}
	if err := m.checkGoMod(find(files, "go.mod")); err != nil {
		return nil, m.named(err)
	}
	files = slices.DeleteFunc(files, func(f *blobFile) bool { return isSpare(f.path) })
	if files, err = valid(files); err != nil {
		return nil, m.named(err)
	}
	countSame(files)
	return files, nil
}

// countSame has the first file of each content count for all that have it, so that a
// file in a thousand places is too large before it is written a thousand times.
func countSame(files []*blobFile) {
	first := make(map[plumbing.Hash]*blobFile, len(files))
	for _, f := range files {
		if f.convert != nil { // each may become something else
			f.times = 1
			continue
		}
		if first[f.hash] == nil {
			first[f.hash] = f
		}
		first[f.hash].times++
	}
}

// isSpare reports whether a module can do without a file whose name no module may
// have, since not all systems can: NAME:Zone.Identifier, say, which Windows keeps
// of a download. The go command builds such a repository in a checkout, where it
// looks at sources alone, and makes no zip of it: so no go.sum has its hash, and
// what is left has one. A name that could mean another place is refused as ever.
func isSpare(name string) bool {
	if module.CheckFilePath(name) == nil || slices.Contains(sources, path.Ext(name)) {
		return false
	}
	portable := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\`, r) || !unicode.IsGraphic(r) || r == utf8.RuneError || unicode.IsLetter(r) {
			return r
		}
		if r < utf8.RuneSelf && !strings.ContainsRune("\"'*:<>?|`", r) {
			return r
		}
		return '_'
	}, name)
	return module.CheckFilePath(portable) == nil
}

// sources are the files that the go command may compile: see go help packages.
var sources = []string{".go", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso", ".mod"}

// NamesError is a module with files that none may have.
type NamesError struct{ Err error }

// Error implements error.
func (e *NamesError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with each file.
func (e *NamesError) Unwrap() error { return e.Err }

// Hints says how to do without.
func (*NamesError) Hints() []string {
	return []string{"the go command refuses such a module too: take another ref, or a fork without these files"}
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
	if len(result.Invalid) > 0 {
		return nil, &NamesError{err}
	}
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
func (m *Module) each(ctx context.Context, files []*blobFile, take func(*blobFile, plumbing.EncodedObject) error) error {
	errs := make([]error, len(files))
	var failed atomic.Bool
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		if failed.Load() || ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if errs[i] = m.one(f, take); errs[i] != nil {
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
		return m.named(err)
	}
	return nil
}

// one reads a file within the limits, of which that of all files is counted
// here, and gives it to take.
func (m *Module) one(f *blobFile, take func(*blobFile, plumbing.EncodedObject) error) error {
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
	if m.bytes.Add(f.size*f.times) > m.Limits.Module {
		over := limit.Bytes("its files have more than", "module", m.Limits.Module)
		over.Final = m.Limits.Module == zip.MaxZipFile
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
func (m *Module) checkGoMod(f *blobFile) error {
	if f == nil {
		return nil // and list has agreed
	}
	obj, err := f.object()
	if err != nil {
		return err
	}
	if obj.Size() <= m.Limits.GoMod {
		f.obj = obj
		return nil
	}
	over := limit.Bytes("go.mod has more than", "go_mod", m.Limits.GoMod)
	over.Final = m.Limits.GoMod == zip.MaxGoMod
	return over
}
