package resolve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/source"
)

// version returns the version of a module at a commit: the tag's that led to
// it, where that is one, else what the go command would call the commit.
//
// note tells of what may be wrong with it.
func (r *resolver) version(ctx context.Context, found source.Found, q query.Query, modulePath string, withdrawn *retractions) (version, note string, err error) {
	_, q.Major, _ = module.SplitPathVersion(modulePath)
	q.AnyMajor = false
	if found.Tag != "" {
		v, isVersion := q.TagVersion(found.Tag)
		if isVersion && module.MatchPathMajor(v, q.Major) {
			return v, "", nil
		}
		if isVersion && q.Incompatible {
			return v + "+incompatible", "", nil
		}
		if isVersion {
			return "", "", &query.MajorError{Module: modulePath, Tag: found.Tag}
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
	own := q.Prefixes()[0]
	tags, cut, err := r.client.Reachable(ctx, found, func(tag string) bool {
		v, ok := strings.CutPrefix(tag, own)
		return ok && q.IsVersion(v)
	})
	if err != nil {
		return "", "", err
	}
	tags = slices.DeleteFunc(tags, func(t source.Tagged) bool {
		_, gone := withdrawn.of(ctx, q, strings.TrimPrefix(t.Tag, own))
		return gone
	})
	v := query.PseudoVersion(found, own, q.Major, tags)
	if cut { // and not remembered: another time there may be more
		return v, fmt.Sprintf("%s: %s has no history of commit %.12s, so its version, %s, may not count from the latest tag",
			modulePath, found.From, found.Commit, v), nil
	}
	return v, "", r.client.PutVersion(found, modulePath, v)
}
