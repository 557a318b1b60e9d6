package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
)

// whereIs finds the repository of a module that comes without a URL. A lock
// saves asking the module's host.
func (r *resolver) whereIs(ctx context.Context, w wanted) (modurl.Location, error) {
	if module.CheckPath(w.path) != nil {
		return modurl.Location{}, fmt.Errorf("%s is not a module path", w.path)
	}
	if loc, ok := r.rules(w.path); ok {
		return loc, nil
	}
	if loc, ok := r.lock.location(w); ok {
		return loc, nil
	}
	prefix, _, _ := module.SplitPathVersion(w.path)
	return r.meta.Find(ctx, prefix)
}

// rules finds the repository of a module path without asking anybody: the
// config's, one whose root another module has told, or a known host's.
func (r *resolver) rules(modulePath string) (modurl.Location, bool) {
	prefix, _, _ := module.SplitPathVersion(modulePath)
	for _, m := range r.cfg.Modules {
		if m.Path == modulePath && m.URL != "" {
			return modurl.Location{URL: m.URL, Folder: m.Folder}, true
		}
	}
	if loc, ok := r.roots.Find(prefix); ok {
		return loc, true
	}
	return modurl.KnownHost(prefix)
}

// candidates lists where a module that comes without a URL may be, in the order
// in which to try.
func (r *resolver) candidates(ctx context.Context, w wanted) ([]modurl.Location, error) {
	loc, err := r.whereIs(ctx, w)
	if err != nil {
		return nil, err
	}
	prefix, _, _ := module.SplitPathVersion(w.path)
	if known, ok := modurl.KnownHost(prefix); ok && known == loc {
		if !strings.HasPrefix(prefix, "gitlab.com/") || strings.HasSuffix(loc.Root, ".git") {
			return []modurl.Location{loc}, nil
		}
		if locked, ok := r.lock.location(w); ok {
			return []modurl.Location{locked}, nil
		}
		return append(modurl.Deeper(loc, prefix), loc), nil
	}
	return append([]modurl.Location{loc}, modurl.Deeper(loc, prefix)...), nil
}

// anywhere takes a module from the first of its candidates that is there.
func (r *resolver) anywhere(ctx context.Context, w wanted) (*plan.Module, error) {
	all, err := r.candidates(ctx, w)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, loc := range all {
		if w.folder != "" {
			loc.Folder = w.folder
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
	return []string{modurl.Hint(e.Module)}
}

// reachable picks the first candidate of which a repository answers, or the first.
func (r *resolver) reachable(ctx context.Context, all []modurl.Location) modurl.Location {
	if len(all) == 1 {
		return all[0]
	}
	for _, loc := range all {
		if probes := r.client.Probe(ctx, loc.URL); len(probes) > 0 && probes[len(probes)-1].Err == nil {
			return loc
		}
	}
	return all[0]
}
