package modfiles

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// Tree is all files of a commit, or what is made of them: [Tree.With] returns
// another one and changes none. It is not safe for concurrent use.
type Tree struct {
	module *Module
	root   plumbing.Hash
	trees  map[plumbing.Hash]*object.Tree // that were read, so that each counts once
	// Made are the objects that the commit's repository does not have, by hash.
	Made map[plumbing.Hash]plumbing.EncodedObject
}

// Content is a file of a tree. Mode Empty is for no file.
type Content struct {
	Mode filemode.FileMode
	Data []byte
}

// Tree returns the commit's files.
func (m *Module) Tree() (*Tree, error) {
	root, err := m.rootTree()
	if err != nil {
		return nil, m.named(err)
	}
	return &Tree{m, root, map[plumbing.Hash]*object.Tree{}, map[plumbing.Hash]plumbing.EncodedObject{}}, nil
}

// Root is the hash of the tree.
func (t *Tree) Root() plumbing.Hash { return t.root }

// Module reads a module out of the tree, as of the commit.
func (t *Tree) Module() *Module {
	m := t.module
	return &Module{Objects: overlay{m.Objects, t.Made}, URL: m.URL, Commit: m.Commit, Limits: m.Limits, Trusted: m.Trusted,
		NoGoMod: m.NoGoMod, Partial: m.Partial, root: t.root}
}

// overlay is a repository with more objects.
type overlay struct {
	storer.EncodedObjectStorer
	made map[plumbing.Hash]plumbing.EncodedObject
}

// EncodedObject implements storer.EncodedObjectStorer.
func (o overlay) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	if obj, ok := o.made[h]; ok {
		return obj, nil
	}
	return o.EncodedObjectStorer.EncodedObject(t, h)
}

func (t *Tree) tree(hash plumbing.Hash) (*object.Tree, error) {
	if known := t.trees[hash]; known != nil {
		return known, nil
	}
	if obj := t.Made[hash]; obj != nil {
		made := new(object.Tree)
		return made, made.Decode(obj)
	}
	read, err := t.module.tree(hash)
	if err == nil {
		t.trees[hash] = read
	}
	return read, err
}

// File returns what is at a slash-separated path; of a link or folder only the
// mode.
func (t *Tree) File(path string) (Content, error) {
	hash, mode := t.root, filemode.Dir
	for name := range strings.SplitSeq(path, "/") {
		if mode != filemode.Dir {
			return Content{}, nil
		}
		tree, err := t.tree(hash)
		if err != nil {
			return Content{}, t.module.named(err)
		}
		e := entry(tree, name)
		if e == nil {
			return Content{}, nil
		}
		hash, mode = e.Hash, e.Mode
	}
	if !isRegular(mode) {
		return Content{Mode: mode}, nil
	}
	obj := t.Made[hash]
	if obj == nil {
		var err error
		if obj, err = t.module.object(plumbing.BlobObject, hash); err != nil {
			return Content{}, t.module.named(err)
		}
	}
	data, err := gitpack.Content(obj)
	return Content{mode, data}, err
}

// With returns the tree with other files, by slash-separated path. All above these
// must be folders, or nothing.
func (t *Tree) With(files map[string]Content) (*Tree, error) {
	out := &Tree{t.module, t.root, t.trees, make(map[plumbing.Hash]plumbing.EncodedObject, len(t.Made)+len(files))}
	for h, obj := range t.Made {
		out.Made[h] = obj
	}
	var gone, made []string
	for p, c := range files {
		if c.Mode == filemode.Empty {
			gone = append(gone, p)
		} else {
			made = append(made, p)
		}
	}
	root := t.root
	for _, paths := range [][]string{gone, made} { // a file may take the place of a folder that goes
		slices.Sort(paths)
		var err error
		if root, err = out.write(root, "", paths, files); err != nil {
			return nil, t.module.named(err)
		}
	}
	if root.IsZero() { // nothing is left
		var err error
		if root, err = out.put(plumbing.TreeObject, nil); err != nil {
			return nil, err
		}
	}
	out.root = root
	return out, nil
}

// write writes the tree in a folder, whose name ends in a slash, with those of the
// files that lie below it. It is zero for a folder with nothing in it.
func (t *Tree) write(hash plumbing.Hash, folder string, paths []string, files map[string]Content) (plumbing.Hash, error) {
	var entries []object.TreeEntry
	if !hash.IsZero() {
		old, err := t.tree(hash)
		if err != nil {
			return hash, err
		}
		entries = slices.Clone(old.Entries)
	}
	for len(paths) > 0 {
		name, _, below := strings.Cut(paths[0][len(folder):], "/")
		n := 1
		for below && n < len(paths) && strings.HasPrefix(paths[n], folder+name+"/") {
			n++
		}
		at := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == name })
		e := object.TreeEntry{Name: name}
		if at >= 0 {
			e = entries[at]
			entries = slices.Delete(entries, at, at+1)
		}
		var err error
		if e, err = t.entry(e, folder+name, below, paths[:n], files); err != nil {
			return hash, err
		}
		if !e.Hash.IsZero() {
			entries = append(entries, e)
		}
		paths = paths[n:]
	}
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	sort.Sort(object.TreeEntrySorter(entries))
	tree := &object.Tree{Entries: entries}
	obj := new(plumbing.MemoryObject)
	if err := tree.Encode(obj); err != nil {
		return hash, err
	}
	t.Made[obj.Hash()] = obj
	return obj.Hash(), nil
}

// entry changes one entry of a folder: a file, or the folder that files lie below.
func (t *Tree) entry(e object.TreeEntry, name string, below bool, paths []string, files map[string]Content) (object.TreeEntry, error) {
	var err error
	if below {
		if e.Mode != filemode.Dir {
			e.Hash = plumbing.ZeroHash // a file that makes room: the patch has taken it away
		}
		e.Mode = filemode.Dir
		e.Hash, err = t.write(e.Hash, name+"/", paths, files)
		return e, err
	}
	if e.Mode == filemode.Dir && files[name].Mode == filemode.Empty {
		return e, fmt.Errorf("%s is a folder", name)
	}
	c := files[name]
	if e.Mode, e.Hash = c.Mode, plumbing.ZeroHash; c.Mode != filemode.Empty {
		e.Hash, err = t.put(plumbing.BlobObject, c.Data)
	}
	return e, err
}

// put adds an object.
func (t *Tree) put(kind plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	obj := new(plumbing.MemoryObject)
	obj.SetType(kind)
	if _, err := obj.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	t.Made[obj.Hash()] = obj
	return obj.Hash(), nil
}
