package source

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// Ref is a name that may move, and the commit it names now.
type Ref struct {
	// Name is whole: refs/tags/v1.0.0, refs/heads/main.
	Name string
	// Commit is 40 hex digits: for an annotated tag what it points to, not
	// the tag object.
	Commit string
	// object is what the server has under Name: the tag object's hash for an
	// annotated tag.
	object string
}

// Short returns the tag's or branch's own name.
func (r Ref) Short() string {
	return strings.TrimPrefix(strings.TrimPrefix(r.Name, tagPrefix), branchPrefix)
}

const (
	tagPrefix    = "refs/tags/"
	branchPrefix = "refs/heads/"
)

// Refs is what a repository offers, at one moment.
type Refs struct {
	// head finds the default branch, lookup one ref by its whole name, list all
	// of them. A local repository answers each without reading the others.
	head   func() Ref
	lookup func(name string) (Ref, bool)
	list   func() []Ref
}

// Head returns the default branch. Its Commit is empty where there is none,
// its Name where the server does not say.
func (r *Refs) Head() Ref { return r.head() }

// Lookup returns the ref of a whole name, such as refs/pull/1/head.
func (r *Refs) Lookup(name string) (Ref, bool) { return r.lookup(name) }

// Tag returns the tag of that name.
func (r *Refs) Tag(name string) (Ref, bool) { return r.lookup(tagPrefix + name) }

// Branch returns the branch of that name.
func (r *Refs) Branch(name string) (Ref, bool) { return r.lookup(branchPrefix + name) }

// Tags returns all tags, sorted by name.
func (r *Refs) Tags() []Ref { return r.below(tagPrefix) }

// Branches returns all branches, sorted by name.
func (r *Refs) Branches() []Ref { return r.below(branchPrefix) }

func (r *Refs) below(prefix string) []Ref {
	var out []Ref
	for _, ref := range r.list() {
		if strings.HasPrefix(ref.Name, prefix) {
			out = append(out, ref)
		}
	}
	return out
}

// object returns what the server named that leads to commit, so that any server
// will send it: the commit itself, or an annotated tag of it.
func (r *Refs) object(commit string) (hash string, ok bool) {
	if r.Head().Commit == commit {
		return commit, true
	}
	for _, ref := range r.list() {
		if ref.object == commit {
			return commit, true
		}
		if ref.Commit == commit {
			hash, ok = ref.object, true
		}
	}
	return hash, ok
}

// NewRefs returns what a repository offers that has these refs by their names,
// and a default branch; see Refs.Head.
func NewRefs(byName map[string]Ref, head Ref) *Refs {
	return &Refs{
		head:   func() Ref { return head },
		lookup: func(name string) (Ref, bool) { ref, ok := byName[name]; return ref, ok },
		list:   sync.OnceValue(func() []Ref { return sortedRefs(maps.Values(byName)) }),
	}
}

// refsFromAdvertisement reads what a server says first in git's protocol.
func refsFromAdvertisement(adv *packp.AdvRefs) *Refs {
	byName := make(map[string]Ref, len(adv.References))
	for name, hash := range adv.References {
		if !gitpack.IsRefName(name) || hash.IsZero() {
			continue
		}
		ref := Ref{Name: name, Commit: hash.String(), object: hash.String()}
		if peeled, ok := adv.Peeled[name]; ok {
			ref.Commit = peeled.String()
		}
		byName[name] = ref
	}
	var head Ref
	if adv.Head != nil {
		head.Commit = adv.Head.String()
	}
	for _, sym := range adv.Capabilities.Get("symref") {
		if target, ok := strings.CutPrefix(sym, "HEAD:"); ok && isBranch(target) {
			head.Name = target
		}
	}
	return NewRefs(byName, head)
}

func sortedRefs(refs iter.Seq[Ref]) []Ref {
	return slices.SortedFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
}

// refsFromStorage reads the references of a local repository. Annotated tags
// keep the tag object's hash as Commit; settle resolves the one that is chosen,
// since peeling all of them would open every tag object.
func refsFromStorage(st storer.ReferenceStorer) *Refs {
	lookup := func(name string) (Ref, bool) {
		if !gitpack.IsRefName(name) { // which may be no file of the repository's
			return Ref{}, false
		}
		r, err := st.Reference(plumbing.ReferenceName(name))
		if err != nil || r.Type() != plumbing.HashReference || r.Hash().IsZero() {
			return Ref{}, false
		}
		return localRef(r), true
	}
	return &Refs{
		head:   sync.OnceValue(func() Ref { return localHead(st, lookup) }),
		lookup: lookup,
		list:   sync.OnceValue(func() []Ref { return allLocalRefs(st) }),
	}
}

// isBranch reports whether a default branch may have that name: a repository
// could say that it is a tag's.
func isBranch(name string) bool {
	return gitpack.IsRefName(name) && strings.HasPrefix(name, branchPrefix)
}

func localHead(st storer.ReferenceStorer, lookup func(string) (Ref, bool)) Ref {
	switch head, err := st.Reference(plumbing.HEAD); {
	case err != nil: // a repository without HEAD has no default branch
		return Ref{}
	case head.Type() == plumbing.SymbolicReference:
		ref, _ := lookup(head.Target().String())
		if !isBranch(ref.Name) {
			ref.Name = ""
		}
		return Ref{Name: ref.Name, Commit: ref.Commit}
	default:
		return Ref{Commit: head.Hash().String()}
	}
}

func localRef(r *plumbing.Reference) Ref {
	h := r.Hash().String()
	return Ref{Name: r.Name().String(), Commit: h, object: h}
}

// allLocalRefs lists what can be read; a broken ref is as good as none.
func allLocalRefs(st storer.ReferenceStorer) []Ref {
	iter, err := st.IterReferences()
	if err != nil {
		return nil
	}
	var out []Ref
	_ = iter.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference && r.Name() != plumbing.HEAD && gitpack.IsRefName(r.Name().String()) && !r.Hash().IsZero() {
			out = append(out, localRef(r))
		}
		return nil
	})
	return sortedRefs(slices.Values(out))
}
