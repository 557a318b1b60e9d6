package query

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/source"
)

// RefError is a ref that a repository does not have.
type RefError struct {
	Ref string
	// Nearest are the versions below and above it, or the tags and branches most
	// like it, the nearest first.
	Nearest []string
	// Branches are all of the repository's, the default branch first.
	Branches []string
}

// Error implements error.
func (e *RefError) Error() string { return "no tag, branch or commit " + e.Ref }

// Hints names what is near, or else what there is.
func (e *RefError) Hints() []string {
	const most = 5
	switch {
	case len(e.Nearest) > 0:
		return []string{near.Hint(e.Nearest...)}
	case len(e.Branches) == 1:
		return []string{"its only branch is " + brief.Name(e.Branches[0])}
	case len(e.Branches) > 1:
		return []string{"its branches are " + brief.List(e.Branches, most)}
	}
	return nil
}

// none says that nothing of that name is there, and what is near.
func (q Query) none(refs *source.Refs) error {
	if semver.IsValid(q.Ref) {
		sameMajor := func(v string) bool { return isCanonical(v) && semver.Major(v) == semver.Major(q.Ref) }
		for _, counts := range []func(string) bool{sameMajor, q.IsVersion} {
			if beside := q.neighbours(refs, counts); len(beside) > 0 {
				return &RefError{Ref: q.Ref, Nearest: beside}
			}
		}
	}
	return &RefError{Ref: q.Ref, Nearest: nearest(Short(q.Ref), refs), Branches: branches(refs)}
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
func (q Query) neighbours(refs *source.Refs, counts func(v string) bool) []string {
	var below, above string
	for _, ref := range refs.Tags() {
		for _, p := range q.Prefixes() {
			v, ok := strings.CutPrefix(ref.Short(), p)
			if !ok || !counts(v) || semver.Prerelease(v) != "" && semver.Prerelease(q.Ref) == "" {
				continue
			}
			switch order := semver.Compare(v, q.Ref); {
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
