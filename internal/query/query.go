// Package query finds out what a ref means in a repository, as a config or a
// requirement writes it, and which version the commit is then: begin at
// [Query.Choose]. It looks at the names of refs and asks no server.
package query

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/source"
)

// Query is a ref as a config or a requirement writes it.
type Query struct {
	// Ref is a tag, a branch, a commit or its beginning, or a version query.
	Ref string
	// Folder is where the module's go.mod is.
	Folder string
	// Major is the module path's major, as module.SplitPathVersion gives it:
	// "", "/v5" or ".v1".
	Major string
	// AnyMajor is set where the module path is not known yet.
	AnyMajor bool
	// NoGoMod is set where the module may do without a go.mod: then versions of
	// other majors are candidates, too, where there are none of the path's own.
	NoGoMod bool
	// Incompatible is set where it does: it may have any major then, which
	// +incompatible says.
	Incompatible bool
	// Retracted reports versions that are not chosen; nil for none.
	Retracted func(v string) bool
}

// AsksNewest reports whether the ref asks for a newest version and tag answers it,
// or nothing.
func (q Query) AsksNewest(tag string) bool {
	if q.Ref == "latest" {
		return true
	}
	exact := slices.ContainsFunc(q.Prefixes(), func(p string) bool { return tag == p+q.Ref })
	return tag != "" && !exact && q.Begin() != ""
}

// Begin is what the versions that the ref stands for begin with, or empty.
func (q Query) Begin() string {
	if semver.IsValid(q.Ref) && strings.Count(q.Ref, ".") < 2 {
		return q.Ref + "."
	}
	return ""
}

// Prefixes are what stands before a version in a tag's name: the folder by
// Go's rule for modules in folders, then nothing, for tags of the whole
// repository. See go.dev/ref/mod#vcs-version.
func (q Query) Prefixes() []string {
	dir := q.Folder
	if base := path.Base(dir); q.Major != "" && "/"+base == q.Major {
		dir = path.Dir(dir) // a major version's own folder is not part of the tag
	}
	if dir == "" || dir == "." {
		return []string{""}
	}
	return []string{dir + "/", ""}
}

// Immutable returns the tags that would answer q, if it names a version: a
// version's tag does not move, so a server need not be asked twice.
func (q Query) Immutable() []string {
	v := strings.TrimPrefix(q.Ref, "refs/tags/")
	if !semver.IsValid(v) || semver.Canonical(v) != strings.TrimSuffix(v, semver.Build(v)) {
		return nil
	}
	var out []string
	for _, p := range q.Prefixes() {
		out = append(out, p+v)
	}
	return out
}

// Commit returns q's ref if it is a whole commit hash.
func (q Query) Commit() string {
	if len(q.Ref) == 40 && isHex(q.Ref) {
		return strings.ToLower(q.Ref)
	}
	return ""
}

func isHex(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// Choose picks the ref of a repository that q means: a tag of that name, else
// a branch or another ref, else a commit, else the newest version that begins so.
func (q Query) Choose(refs *source.Refs) (source.Ref, error) {
	const shortest = 7 // digits of an abbreviated commit, as git prints it
	if q.Ref == "latest" {
		if ref, ok := q.Newest(refs.Tags(), ""); ok {
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
	if isHex(q.Ref) && len(q.Ref) >= shortest && len(q.Ref) <= 40 {
		return source.Ref{Commit: strings.ToLower(q.Ref)}, nil
	}
	if begin := q.Begin(); begin != "" {
		if ref, ok := q.Newest(refs.Tags(), begin); ok {
			return ref, nil
		}
	}
	return source.Ref{}, q.none(refs)
}

// named returns the ref of that name. What git-rev-parse(1) takes is taken in its
// order, but that a branch of a remote is sought where the repository is the
// remote itself.
func (q Query) named(refs *source.Refs) (source.Ref, bool) {
	if q.Ref == "HEAD" || q.Ref == "@" {
		head := refs.Head()
		return head, head.Commit != ""
	}
	for _, p := range q.Prefixes() {
		if ref, ok := refs.Tag(p + strings.TrimPrefix(q.Ref, "refs/tags/")); ok {
			return ref, true
		}
	}
	for _, name := range []string{q.Ref, "refs/heads/" + q.Ref, "refs/" + q.Ref, "refs/remotes/" + q.Ref} {
		if ref, ok := refs.Lookup(name); ok {
			return ref, true
		}
	}
	if b, ok := strings.CutPrefix(strings.TrimPrefix(q.Ref, "refs/remotes/"), "origin/"); ok {
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

// Newest returns the highest version's tag: a release before a pre-release, a
// folder's own tag before one of the whole repository.
func (q Query) Newest(tags []source.Ref, begin string) (source.Ref, bool) {
	for _, p := range q.Prefixes() {
		var best source.Ref
		var bestVersion string
		for _, ref := range tags {
			v, ok := strings.CutPrefix(ref.Short(), p)
			if !ok || !q.IsVersion(v) || !strings.HasPrefix(v, begin) || q.Retracted != nil && q.Retracted(v) {
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
	if q.NoGoMod && !q.Incompatible {
		q.Incompatible = true
		return q.Newest(tags, begin)
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

// IsVersion reports whether v is a canonical version of the module's major.
func (q Query) IsVersion(v string) bool {
	return isCanonical(v) && (q.AnyMajor || q.Incompatible || module.MatchPathMajor(v, q.Major))
}

// isCanonical reports whether v is a canonical version of any major.
func isCanonical(v string) bool {
	return semver.IsValid(v) && semver.Canonical(v) == v && !module.IsPseudoVersion(v)
}

// ChooseTag picks a version's tag and nothing else: a requirement never means
// a branch.
func (q Query) ChooseTag(refs *source.Refs) (source.Ref, error) {
	for _, p := range q.Prefixes() {
		if ref, ok := refs.Tag(p + q.Ref); ok {
			return ref, nil
		}
	}
	return source.Ref{}, q.none(refs)
}
