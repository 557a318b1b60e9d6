package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/source"
)

// deeper returns the repositories further down a path than loc, the longest
// first. On GitLab a repository may lie in groups within groups, and to who is
// not logged in it says of a private one that it is two names deep.
func deeper(loc location, p string) []location {
	if loc.folder == "" || loc.root == "" || p != loc.root+"/"+loc.folder {
		return nil
	}
	base, git := strings.CutSuffix(loc.url, ".git")
	if !strings.HasSuffix(base, loc.root) {
		return nil // its address does not follow from the path
	}
	var out []location
	for root := p; root != loc.root; root = root[:strings.LastIndexByte(root, '/')] {
		url := base + strings.TrimPrefix(root, loc.root)
		if git {
			url += ".git"
		}
		out = append(out, location{url: url, root: root, folder: below(p, root)})
	}
	return out
}

// candidates lists where a module that comes without a URL may be, in the order
// in which to try.
func (r *resolver) candidates(ctx context.Context, w wanted) ([]location, error) {
	loc, err := r.whereIs(ctx, w)
	if err != nil {
		return nil, err
	}
	prefix, _, _ := module.SplitPathVersion(w.path)
	if known, ok := knownHost(prefix); ok && known == loc {
		if !strings.HasPrefix(prefix, "gitlab.com/") || strings.HasSuffix(loc.root, ".git") {
			return []location{loc}, nil
		}
		if locked, ok := r.lock.location(w); ok {
			return []location{locked}, nil
		}
		return append(deeper(loc, prefix), loc), nil
	}
	return append([]location{loc}, deeper(loc, prefix)...), nil
}

// anywhere takes a module from the first of its candidates that is there.
func (r *resolver) anywhere(ctx context.Context, w wanted) (*Module, error) {
	all, err := r.candidates(ctx, w)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, loc := range all {
		if w.folder != "" {
			loc.folder = w.folder
		}
		m, err := r.fetchAt(ctx, w, loc)
		if err == nil || !isAbsent(err) {
			return m, err
		}
		failed = append(failed, err)
	}
	if len(failed) == 1 {
		return nil, failed[0]
	}
	return nil, &NowhereError{Module: w.path, Err: errors.Join(failed...)}
}

// isAbsent reports whether an error may mean that there is no repository of that
// name: servers say so, or ask who wants to know.
func isAbsent(err error) bool {
	if _, ok := errors.AsType[*gitconn.NoRepositoryError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*gitconn.AuthError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*gitconn.AnswerError](err); ok { // a page that says so
		return true
	}
	_, ok := errors.AsType[*source.OfflineError](err) // another one may be in the store
	return ok
}

// NowhereError is a module whose path leads to several places for its
// repository, none of which has one.
type NowhereError struct {
	Module string
	Err    error // of each place
}

// Error implements error.
func (e *NowhereError) Error() string {
	return fmt.Sprintf("no repository found for %s:\n  %s", e.Module, strings.ReplaceAll(e.Err.Error(), "\n", "\n  "))
}

// Unwrap returns the errors of the places.
func (e *NowhereError) Unwrap() error { return e.Err }

// Hints asks for the URL.
func (e *NowhereError) Hints() []string {
	return []string{urlSnippet(e.Module)}
}

// reachable picks the first candidate of which a repository answers, or the first.
func (r *resolver) reachable(ctx context.Context, all []location) location {
	if len(all) == 1 {
		return all[0]
	}
	for _, loc := range all {
		if probes := r.client.Probe(ctx, loc.url); len(probes) > 0 && probes[len(probes)-1].Err == nil {
			return loc
		}
	}
	return all[0]
}
