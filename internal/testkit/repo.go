package testkit

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Repo is a git repository described by an archive.
type Repo struct {
	URL  string // without a scheme: github.com/acme/lib
	Head string // the branch that HEAD names

	objects *memory.Storage
	refs    map[plumbing.ReferenceName]plumbing.Hash
	commits map[plumbing.ReferenceName]plumbing.Hash // annotated tags only: what they lead to
	trees   map[plumbing.Hash]tree                   // by commit
	times   map[plumbing.Hash]time.Time              // by commit
	added   map[plumbing.Hash]string                 // by commit: the prefix it added last
}

// tree is the files of a commit by their path.
type tree map[string]entry

type entry struct {
	mode filemode.FileMode
	data string // a link's target, a submodule's commit
}

func (t tree) clone() tree { return maps.Clone(t) }

func regular(data []byte) entry { return entry{mode: filemode.Regular, data: string(data)} }

func newRepo() *Repo {
	return &Repo{
		objects: memory.NewStorage(),
		refs:    map[plumbing.ReferenceName]plumbing.Hash{},
		commits: map[plumbing.ReferenceName]plumbing.Hash{},
		trees:   map[plumbing.Hash]tree{},
		times:   map[plumbing.Hash]time.Time{},
		added:   map[plumbing.Hash]string{},
	}
}

func branchRef(name string) plumbing.ReferenceName { return plumbing.NewBranchReferenceName(name) }
func tagRef(name string) plumbing.ReferenceName    { return plumbing.NewTagReferenceName(name) }

// Path is where [Repo.Write] puts the repository, slash-separated: OWNER/NAME.git.
func (r *Repo) Path() string {
	_, name, _ := strings.Cut(r.URL, "/")
	return name + ".git"
}

// Commit is the hash of the commit that a tag, a branch, HEAD or the hash
// itself leads to; it is empty where there is none.
func (r *Repo) Commit(ref string) string {
	h, ok := r.lookup(ref)
	if !ok {
		return ""
	}
	return h.String()
}

// Object is the hash that a tag or branch itself holds: for an annotated tag
// the tag object's, where [Repo.Commit] gives the commit's.
func (r *Repo) Object(ref string) string {
	for _, name := range []plumbing.ReferenceName{tagRef(ref), branchRef(ref)} {
		if h, ok := r.refs[name]; ok {
			return h.String()
		}
	}
	return ""
}

// Time is when the commit that ref leads to was made.
func (r *Repo) Time(ref string) time.Time {
	h, _ := r.lookup(ref)
	return r.times[h]
}

// Tags are the names of all tags, sorted.
func (r *Repo) Tags() []string {
	var tags []string
	for ref := range r.refs {
		if ref.IsTag() {
			tags = append(tags, ref.Short())
		}
	}
	slices.Sort(tags)
	return tags
}

func (r *Repo) lookup(ref string) (plumbing.Hash, bool) {
	if ref == "HEAD" {
		ref = r.Head
	}
	if h := plumbing.NewHash(ref); r.trees[h] != nil {
		return h, true
	}
	if h, ok := r.commits[tagRef(ref)]; ok {
		return h, true
	}
	for _, name := range []plumbing.ReferenceName{tagRef(ref), branchRef(ref)} {
		if h, ok := r.refs[name]; ok {
			return h, true
		}
	}
	return plumbing.ZeroHash, false
}

// Export writes the regular files and links of ref's tree into dir. It is for
// trees that are known to be harmless: nothing keeps them inside dir.
func (r *Repo) Export(ref, dir string) error {
	h, ok := r.lookup(ref)
	if !ok {
		return fmt.Errorf("%s has no %s", r.URL, ref)
	}
	for name, e := range r.trees[h] {
		if e.mode == filemode.Submodule {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := e.write(file); err != nil {
			return err
		}
	}
	return nil
}

func (e entry) write(file string) error {
	switch e.mode {
	case filemode.Symlink:
		return os.Symlink(e.data, file)
	case filemode.Executable:
		return os.WriteFile(file, []byte(e.data), 0o777)
	default:
		return os.WriteFile(file, []byte(e.data), 0o666)
	}
}

// Write makes the bare repository DIR/OWNER/NAME.git, which must not exist.
func (r *Repo) Write(dir string) error {
	repo, err := git.PlainInitWithOptions(filepath.Join(dir, filepath.FromSlash(r.Path())), &git.PlainInitOptions{
		InitOptions: git.InitOptions{DefaultBranch: branchRef(r.Head)},
		Bare:        true,
	})
	if err != nil {
		return err
	}
	if err := r.writePack(repo.Storer); err != nil {
		return err
	}
	for name, hash := range r.refs {
		if err := repo.Storer.SetReference(plumbing.NewHashReference(name, hash)); err != nil {
			return err
		}
	}
	return nil
}

// writePack writes all objects as one pack: quicker than loose ones, and like
// what a server has.
func (r *Repo) writePack(s storer.Storer) (err error) {
	packer, ok := s.(storer.PackfileWriter)
	if !ok {
		return fmt.Errorf("%T does not store packs", s)
	}
	w, err := packer.PackfileWriter()
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, w.Close()) }()
	hashes := slices.Collect(maps.Keys(r.objects.Objects))
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	_, err = packfile.NewEncoder(w, r.objects, false).Encode(hashes, 0)
	return err
}

// commit adds a commit of t to a branch.
func (r *Repo) commit(branch string, t tree, when time.Time, message string) error {
	root, err := r.putTree(t)
	if err != nil {
		return err
	}
	c := &object.Commit{
		Author:    signature(when),
		Committer: signature(when),
		Message:   message + "\n",
		TreeHash:  root,
	}
	if parent, ok := r.refs[branchRef(branch)]; ok {
		c.ParentHashes = []plumbing.Hash{parent}
	}
	h, err := r.put(c)
	if err != nil {
		return err
	}
	r.refs[branchRef(branch)] = h
	r.trees[h] = t
	r.times[h] = when
	return nil
}

// tag tags a branch's newest commit.
func (r *Repo) tag(branch, name string, annotated bool) error {
	target, ok := r.refs[branchRef(branch)]
	if !ok {
		return fmt.Errorf("no commit to tag")
	}
	if _, ok := r.refs[tagRef(name)]; ok {
		return fmt.Errorf("the tag %s is there already", name)
	}
	if !annotated {
		r.refs[tagRef(name)] = target
		return nil
	}
	h, err := r.put(&object.Tag{
		Name:       name,
		Tagger:     signature(r.times[target]),
		Message:    name + "\n",
		TargetType: plumbing.CommitObject,
		Target:     target,
	})
	if err != nil {
		return err
	}
	r.refs[tagRef(name)] = h
	r.commits[tagRef(name)] = target
	return nil
}

// putTree stores t and the trees below it. Paths are split at slashes and not
// cleaned, see the package comment.
func (r *Repo) putTree(t tree) (plumbing.Hash, error) {
	var entries []object.TreeEntry
	dirs := map[string]tree{}
	for name, e := range t {
		if dir, rest, ok := strings.Cut(name, "/"); ok {
			if dirs[dir] == nil {
				dirs[dir] = tree{}
			}
			dirs[dir][rest] = e
			continue
		}
		h, err := r.putEntry(e)
		if err != nil {
			return h, err
		}
		entries = append(entries, object.TreeEntry{Name: name, Mode: e.mode, Hash: h})
	}
	for name, dir := range dirs {
		h, err := r.putTree(dir)
		if err != nil {
			return h, err
		}
		entries = append(entries, object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: h})
	}
	slices.SortFunc(entries, func(a, b object.TreeEntry) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	return r.put(&object.Tree{Entries: entries})
}

// sortKey orders a tree's entries as git wants them: directories as if their
// name ended in a slash.
func sortKey(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func (r *Repo) putEntry(e entry) (plumbing.Hash, error) {
	if e.mode == filemode.Submodule {
		return plumbing.NewHash(e.data), nil
	}
	o := r.objects.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := io.WriteString(w, e.data); err != nil {
		return plumbing.ZeroHash, err
	}
	if err := w.Close(); err != nil {
		return plumbing.ZeroHash, err
	}
	return r.objects.SetEncodedObject(o)
}

func (r *Repo) put(o interface {
	Encode(plumbing.EncodedObject) error
}) (plumbing.Hash, error) {
	encoded := r.objects.NewEncodedObject()
	if err := o.Encode(encoded); err != nil {
		return plumbing.ZeroHash, err
	}
	return r.objects.SetEncodedObject(encoded)
}

func signature(when time.Time) object.Signature {
	return object.Signature{Name: "vxlite test", Email: "test@example.com", When: when}
}

// files are a commit's files below the directory dir, "" for all, with their
// paths relative to it, sorted.
func (r *Repo) files(commit plumbing.Hash, dir string) []treeFile {
	var files []treeFile
	for name, e := range r.trees[commit] {
		if dir != "" {
			var ok bool
			if name, ok = strings.CutPrefix(name, dir+"/"); !ok {
				continue
			}
		}
		files = append(files, treeFile{path: name, entry: e})
	}
	slices.SortFunc(files, func(a, b treeFile) int { return cmp.Compare(a.path, b.path) })
	return files
}
