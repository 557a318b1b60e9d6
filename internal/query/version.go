package query

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/source"
)

// TagVersion returns the version in a tag's name, of whatever major.
func (q Query) TagVersion(tag string) (string, bool) {
	for _, p := range q.Prefixes() {
		if v, ok := strings.CutPrefix(tag, p); ok && semver.IsValid(v) && semver.Canonical(v) == v && !module.IsPseudoVersion(v) {
			return v, true
		}
	}
	return "", false
}

// PseudoVersion follows go.dev/ref/mod#pseudo-versions. A commit that bears a
// version's tag is that version.
func PseudoVersion(found source.Found, prefix, major string, tags []source.Tagged) string {
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
