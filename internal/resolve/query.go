package resolve

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/source"
)

// query is a ref as a config or a requirement writes it.
type query struct {
	// ref is a tag, a branch, a commit or its beginning, or a version query.
	ref string
	// folder is where the module's go.mod is.
	folder string
	// major is the module path's major, as module.SplitPathVersion gives it:
	// "", "/v5" or ".v1".
	major string
	// anyMajor is set where the module path is not known yet.
	anyMajor bool
	// noGoMod is set where the module may do without a go.mod: then versions of
	// other majors are candidates, too, where there are none of the path's own.
	noGoMod bool
	// incompatible is set where it does: it may have any major then, which
	// +incompatible says.
	incompatible bool
	// retracted reports versions that are not chosen; nil for none.
	retracted func(v string) bool
}

// isQuery reports whether the ref asks for a newest version and tag answers it,
// or nothing.
func (q query) isQuery(tag string) bool {
	if q.ref == "latest" {
		return true
	}
	exact := slices.ContainsFunc(q.prefixes(), func(p string) bool { return tag == p+q.ref })
	return tag != "" && !exact && q.begin() != ""
}

// begin is what the versions that the ref stands for begin with, or empty.
func (q query) begin() string {
	if semver.IsValid(q.ref) && strings.Count(q.ref, ".") < 2 {
		return q.ref + "."
	}
	return ""
}

// prefixes are what stands before a version in a tag's name: the folder by
// Go's rule for modules in folders, then nothing, for tags of the whole
// repository. See go.dev/ref/mod#vcs-version.
func (q query) prefixes() []string {
	dir := q.folder
	if base := path.Base(dir); q.major != "" && "/"+base == q.major {
		dir = path.Dir(dir) // a major version's own folder is not part of the tag
	}
	if dir == "" || dir == "." {
		return []string{""}
	}
	return []string{dir + "/", ""}
}

// immutable returns the tags that would answer q, if it names a version: a
// version's tag does not move, so a server need not be asked twice.
func (q query) immutable() []string {
	v := strings.TrimPrefix(q.ref, "refs/tags/")
	if !semver.IsValid(v) || semver.Canonical(v) != strings.TrimSuffix(v, semver.Build(v)) {
		return nil
	}
	var out []string
	for _, p := range q.prefixes() {
		out = append(out, p+v)
	}
	return out
}

// commit returns q's ref if it is a whole commit hash.
func (q query) commit() string {
	if len(q.ref) == 40 && isHex(q.ref) {
		return strings.ToLower(q.ref)
	}
	return ""
}

func isHex(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// choose picks the ref of a repository that q means: a tag of that name, else
// a branch or another ref, else a commit, else the newest version that begins so.
func (q query) choose(refs *source.Refs) (source.Ref, error) {
	const shortest = 7 // digits of an abbreviated commit, as git prints it
	if q.ref == "latest" {
		if ref, ok := q.newest(refs.Tags(), ""); ok {
			return ref, nil
		}
		if head := refs.Head(); head.Commit != "" {
			return head, nil
		}
		return source.Ref{}, q.none(refs)
	}
	if ref, ok := q.named(refs); ok {
		return ref, nil
	}
	if isHex(q.ref) && len(q.ref) >= shortest && len(q.ref) <= 40 {
		return source.Ref{Commit: strings.ToLower(q.ref)}, nil
	}
	if begin := q.begin(); begin != "" {
		if ref, ok := q.newest(refs.Tags(), begin); ok {
			return ref, nil
		}
	}
	return source.Ref{}, q.none(refs)
}

// named returns the ref of that name. What git-rev-parse(1) takes is taken in its
// order, but that a branch of a remote is sought where the repository is the
// remote itself.
func (q query) named(refs *source.Refs) (source.Ref, bool) {
	if q.ref == "HEAD" || q.ref == "@" {
		head := refs.Head()
		return head, head.Commit != ""
	}
	for _, p := range q.prefixes() {
		if ref, ok := refs.Tag(p + strings.TrimPrefix(q.ref, "refs/tags/")); ok {
			return ref, true
		}
	}
	for _, name := range []string{q.ref, "refs/heads/" + q.ref, "refs/" + q.ref, "refs/remotes/" + q.ref} {
		if ref, ok := refs.Lookup(name); ok {
			return ref, true
		}
	}
	if b, ok := strings.CutPrefix(strings.TrimPrefix(q.ref, "refs/remotes/"), "origin/"); ok {
		if b == "HEAD" {
			head := refs.Head()
			return head, head.Commit != ""
		}
		return refs.Branch(b)
	}
	return source.Ref{}, false
}

// Short is a ref without what git allows before a tag's or a branch's name.
func Short(ref string) string {
	for _, p := range []string{"refs/tags/", "refs/heads/", "refs/remotes/origin/", "tags/", "heads/", "origin/"} {
		if s, ok := strings.CutPrefix(ref, p); ok {
			return s
		}
	}
	return ref
}

// newest returns the highest version's tag: a release before a pre-release, a
// folder's own tag before one of the whole repository.
func (q query) newest(tags []source.Ref, begin string) (source.Ref, bool) {
	for _, p := range q.prefixes() {
		var best source.Ref
		var bestVersion string
		for _, ref := range tags {
			v, ok := strings.CutPrefix(ref.Short(), p)
			if !ok || !q.isVersion(v) || !strings.HasPrefix(v, begin) || q.retracted != nil && q.retracted(v) {
				continue
			}
			if bestVersion == "" || newer(v, bestVersion) {
				best, bestVersion = ref, v
			}
		}
		if bestVersion != "" {
			return best, true
		}
	}
	if q.noGoMod && !q.incompatible {
		q.incompatible = true
		return q.newest(tags, begin)
	}
	return source.Ref{}, false
}

// newer prefers releases, as the query latest does.
func newer(v, than string) bool {
	if release, other := semver.Prerelease(v) == "", semver.Prerelease(than) == ""; release != other {
		return release
	}
	return semver.Compare(v, than) > 0
}

// isVersion reports whether v is a canonical version of the module's major.
func (q query) isVersion(v string) bool {
	return isCanonical(v) && (q.anyMajor || q.incompatible || module.MatchPathMajor(v, q.major))
}

// isCanonical reports whether v is a canonical version of any major.
func isCanonical(v string) bool {
	return semver.IsValid(v) && semver.Canonical(v) == v && !module.IsPseudoVersion(v)
}

// chooseTag picks a version's tag and nothing else: a requirement never means
// a branch.
func (q query) chooseTag(refs *source.Refs) (source.Ref, error) {
	for _, p := range q.prefixes() {
		if ref, ok := refs.Tag(p + q.ref); ok {
			return ref, nil
		}
	}
	return source.Ref{}, q.none(refs)
}

// none says that nothing of that name is there, and what is near.
func (q query) none(refs *source.Refs) error {
	if semver.IsValid(q.ref) {
		sameMajor := func(v string) bool { return isCanonical(v) && semver.Major(v) == semver.Major(q.ref) }
		for _, counts := range []func(string) bool{sameMajor, q.isVersion} {
			if beside := q.neighbours(refs, counts); len(beside) > 0 {
				return &RefError{Ref: q.ref, Nearest: beside}
			}
		}
	}
	return &RefError{Ref: q.ref, Nearest: nearest(Short(q.ref), refs), Branches: branches(refs)}
}

// branches returns the names of all branches, the default one first.
func branches(refs *source.Refs) (names []string) {
	head := refs.Head()
	for _, ref := range refs.Branches() {
		if ref.Name == head.Name {
			names = slices.Insert(names, 0, ref.Short())
		} else {
			names = append(names, ref.Short())
		}
	}
	return names
}

// neighbours returns the versions next below and next above q's, which is not
// there, of those that count. Pre-releases do if q names one.
func (q query) neighbours(refs *source.Refs, counts func(v string) bool) []string {
	var below, above string
	for _, ref := range refs.Tags() {
		for _, p := range q.prefixes() {
			v, ok := strings.CutPrefix(ref.Short(), p)
			if !ok || !counts(v) || semver.Prerelease(v) != "" && semver.Prerelease(q.ref) == "" {
				continue
			}
			switch order := semver.Compare(v, q.ref); {
			case order < 0 && (below == "" || semver.Compare(v, below) > 0):
				below = v
			case order > 0 && (above == "" || semver.Compare(v, above) < 0):
				above = v
			}
		}
	}
	return slices.DeleteFunc([]string{below, above}, func(v string) bool { return v == "" })
}

// nearest returns up to three names of tags and branches that are most like
// name, in whatever folder, the highest versions first.
func nearest(name string, refs *source.Refs) []string {
	in := map[string][]string{} // by the last element
	var last []string
	for _, ref := range append(refs.Tags(), refs.Branches()...) {
		short := ref.Short()
		base := path.Base(short)
		if in[base] == nil {
			last = append(last, base)
		}
		in[base] = append(in[base], short)
	}
	var out []string
	for _, base := range near.Names(name, last) {
		out = append(out, in[base]...)
	}
	slices.SortStableFunc(out, func(a, b string) int { return semver.Compare(b, a) })
	return out[:min(3, len(out))]
}
