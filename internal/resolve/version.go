package resolve

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/source"
)

// MajorError is a tag whose major version is not that of the module's path.
type MajorError struct{ Module, Tag string }

// Error implements error.
func (e *MajorError) Error() string {
	return fmt.Sprintf("tag %s has another major version than the module path in its go.mod, %s", e.Tag, e.Module)
}

// Hints names a ref that fits.
func (e *MajorError) Hints() []string {
	_, major, _ := module.SplitPathVersion(e.Module)
	want := strings.TrimPrefix(major, "/")
	if want == "" {
		want = "v0 or v1"
	}
	return []string{fmt.Sprintf("name a ref with major %s, or a ref whose go.mod says %s", want, suffixed(e.Module, e.Tag))}
}

// suffixed returns the path that a module has at a version's major.
func suffixed(modulePath, tag string) string {
	prefix, _, _ := module.SplitPathVersion(modulePath)
	switch major := semver.Major(path.Base(tag)); major {
	case "", "v0", "v1":
		return prefix
	default:
		return prefix + "/" + major
	}
}

// version returns the version of a module at a commit: the tag's that led to
// it, where that is one, else what the go command would call the commit.
//
// note tells of what may be wrong with it.
func (r *resolver) version(ctx context.Context, found source.Found, q query, modulePath string, withdrawn *retractions) (version, note string, err error) {
	_, q.major, _ = module.SplitPathVersion(modulePath)
	q.anyMajor = false
	if found.Tag != "" {
		v, isVersion := q.tagVersion(found.Tag)
		if isVersion && module.MatchPathMajor(v, q.major) {
			return v, "", nil
		}
		if isVersion && q.incompatible {
			return v + "+incompatible", "", nil
		}
		if isVersion {
			return "", "", &MajorError{Module: modulePath, Tag: found.Tag}
		}
	}
	if v, ok := r.client.Version(found, modulePath); ok {
		return v, "", nil
	}
	withdrawn.ready(ctx, q) // with the repository's lock
	unlock, err := r.client.LockRepo(ctx, found)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if v, ok := r.client.Version(found, modulePath); ok { // another run was first
		return v, "", nil
	}
	own := q.prefixes()[0]
	tags, cut, err := r.client.Reachable(ctx, found, func(tag string) bool {
		v, ok := strings.CutPrefix(tag, own)
		return ok && q.isVersion(v)
	})
	if err != nil {
		return "", "", err
	}
	tags = slices.DeleteFunc(tags, func(t source.Tagged) bool {
		_, gone := withdrawn.of(ctx, q, strings.TrimPrefix(t.Tag, own))
		return gone
	})
	v := pseudoVersion(found, own, q.major, tags)
	if cut { // and not remembered: another time there may be more
		return v, fmt.Sprintf("%s: %s has no history of commit %.12s, so its version, %s, may not count from the latest tag",
			modulePath, found.From, found.Commit, v), nil
	}
	return v, "", r.client.PutVersion(found, modulePath, v)
}

// tagVersion returns the version in a tag's name, of whatever major.
func (q query) tagVersion(tag string) (string, bool) {
	for _, p := range q.prefixes() {
		if v, ok := strings.CutPrefix(tag, p); ok && semver.IsValid(v) && semver.Canonical(v) == v && !module.IsPseudoVersion(v) {
			return v, true
		}
	}
	return "", false
}

// pseudoVersion follows go.dev/ref/mod#pseudo-versions. A commit that bears a
// version's tag is that version.
func pseudoVersion(found source.Found, prefix, major string, tags []source.Tagged) string {
	var here, older string
	for _, t := range tags {
		v := strings.TrimPrefix(t.Tag, prefix)
		if !module.MatchPathMajor(v, major) {
			v += "+incompatible"
		}
		if t.Here && semver.Compare(v, here) > 0 {
			here = v
		}
		if semver.Compare(v, older) > 0 {
			older = v
		}
	}
	if here != "" {
		return here
	}
	return module.PseudoVersion(module.PathMajorPrefix(major), older, found.Time, found.Commit[:12])
}
