package modfiles

import (
	"context"
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/limit"
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

// list returns the files below folder. A folder without a go.mod is an error
// that names those with one.
func (m *Module) list(ctx context.Context, folder string) ([]*blobFile, error) {
	root, err := m.rootTree()
	if err != nil {
		return nil, m.named(err)
	}
	hash, ok, err := m.lookup(root, folder)
	if err != nil {
		return nil, m.named(err)
	}
	var files []*blobFile
	if ok {
		if err := m.walk(hash, folder, "", &files); err != nil {
			return nil, m.named(err)
		}
		if err := m.attribute(ctx, folder, files); err != nil {
			return nil, m.named(err)
		}
	}
	if f := find(files, "go.mod"); f == nil && !(m.NoGoMod && folder == "") || f != nil && !isRegular(f.mode) {
		return nil, m.noModule(root, folder)
	}
	if folder != "" && find(files, "LICENSE") == nil {
		tree, err := m.tree(root)
		if err != nil {
			return nil, m.named(err)
		}
		if e := entry(tree, "LICENSE"); e != nil && e.Mode.IsFile() {
			files = append(files, &blobFile{path: "LICENSE", mode: e.Mode, hash: e.Hash, m: m})
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
func (m *Module) lookup(tree plumbing.Hash, folder string) (plumbing.Hash, bool, error) {
	if folder == "" {
		return tree, true, nil
	}
	at := ""
	for _, name := range strings.Split(folder, "/") {
		t, err := m.tree(tree)
		if err != nil {
			return tree, false, err
		}
		m.noteAttributes(at, t)
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
func (m *Module) walk(hash plumbing.Hash, folder, dir string, files *[]*blobFile) error {
	tree, err := m.below(hash, dir)
	if err != nil {
		return err
	}
	if e := entry(tree, "go.mod"); dir != "" && e != nil && isRegular(e.Mode) {
		return nil
	}
	m.noteAttributes(path.Join(folder, dir), tree)
	for _, e := range tree.Entries {
		name := path.Join(dir, e.Name)
		if !IsName(e.Name) {
			return fmt.Errorf("%q is not a valid file name in a repository", strings.TrimPrefix(dir+"/"+e.Name, "/"))
		}
		switch {
		case e.Mode == filemode.Dir:
			if err := m.walk(e.Hash, folder, name, files); err != nil {
				return err
			}
		case e.Mode == filemode.Submodule:
			// Not followed, and no file.
		default:
			*files = append(*files, &blobFile{path: name, mode: e.Mode, hash: e.Hash, m: m})
		}
	}
	return nil
}

// below reads the tree in a folder. A tree cannot hold itself, but it can be
// made deep.
func (m *Module) below(hash plumbing.Hash, dir string) (*object.Tree, error) {
	if dir != "" && int64(strings.Count(dir, "/")) >= m.Limits.Depth {
		return nil, limit.Count("folders are nested deeper than", "depth", m.Limits.Depth)
	}
	tree, err := m.tree(hash)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(".", dir), err)
	}
	return tree, nil
}

// noModule makes the error for a folder without go.mod.
func (m *Module) noModule(tree plumbing.Hash, folder string) error {
	e := &NoModuleError{URL: m.URL, Commit: m.Commit, Folder: folder}
	m.entries = 0
	if err := m.modules(tree, ".", &e.Modules); err != nil {
		return m.named(err)
	}
	sort.Strings(e.Modules)
	return e
}

func (m *Module) modules(hash plumbing.Hash, dir string, out *[]string) error {
	tree, err := m.below(hash, dir)
	if err != nil {
		return err
	}
	for _, e := range tree.Entries {
		if e.Name == "go.mod" && isRegular(e.Mode) {
			*out = append(*out, dir)
		}
		if e.Mode == filemode.Dir {
			if err := m.modules(e.Hash, path.Join(dir, e.Name), out); err != nil {
				return err
			}
		}
	}
	return nil
}
