package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// MissingError is all that --offline lacks, as far as that can be known.
type MissingError struct {
	Config string
	// Repos are the commits that are not in the store: what for, at which ref,
	// from where. Modules are the third-party modules that are not in the module
	// cache, PATH VERSION. Both are sorted.
	Repos, Modules []string
	// More says that what is missing may require more, which cannot be seen.
	More bool
}

// Error implements error.
func (e *MissingError) Error() string {
	s := "--offline forbids fetching what is not here:"
	list := func(where string, names []string) {
		for _, name := range names[:min(len(names), brief.Most)] {
			s += "\n  not in " + where + ": " + name
		}
		if more := len(names) - brief.Most; more > 0 {
			s += fmt.Sprintf("\n  not in %s: and %s more", where, brief.Count(more))
		}
	}
	list("the store", e.Repos)
	list("the module cache", e.Modules)
	if e.More {
		s += "\n  and what these require"
	}
	return s
}

// Hints gives the command that fetches everything.
func (e *MissingError) Hints() []string {
	return []string{fmt.Sprintf("fetch it, with the same mirrors and without --offline: vxlite lock -c %s", e.Config)}
}

// missingRepos makes one error of all that resolving lacked, and of what the
// lock lets foresee. Other errors stay as they are.
func (k *Kit) missingRepos(client *source.Client, lk Lockfile, err error) error {
	if _, unlocked := errors.AsType[*resolve.UnlockedError](err); !k.Offline || unlocked {
		return err
	}
	e := &MissingError{Config: k.Config.File, More: lk.oracle == nil}
	var others []error
	for _, one := range joined(err) {
		off, ok := errors.AsType[*source.OfflineError](one)
		if !ok {
			others = append(others, one)
			continue
		}
		name := off.Module
		if m, ok := errors.AsType[*plan.ModuleError](one); ok {
			name = m.Name
		}
		e.Repos = append(e.Repos, fmt.Sprintf("%s %s of %s", name, off.Ref, off.URL))
	}
	if len(e.Repos) == 0 || len(others) > 0 {
		return err
	}
	e.Repos = append(e.Repos, k.missingLocked(client, lk, e.Repos)...)
	e.Modules = k.missingSums(lk.Sums())
	slices.Sort(e.Repos)
	return e
}

// joined takes a list of errors apart.
func joined(err error) []error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		return list.Unwrap()
	}
	return []error{err}
}

// missingLocked lists the lock's commits that cannot be had, but for those that
// are listed already.
func (k *Kit) missingLocked(client *source.Client, lk Lockfile, listed []string) []string {
	var out []string
	if lk.oracle == nil {
		return nil
	}
	for _, m := range lk.oracle.Modules {
		what := fmt.Sprintf(" %s of %s", m.Ref, m.URL)
		known := slices.ContainsFunc(listed, func(l string) bool { return strings.HasSuffix(l, what) })
		if !known && !strings.HasPrefix(m.URL, "local:") && !client.Has(m.URL, m.Commit, m.Folder) {
			out = append(out, m.Path+what)
		}
	}
	return out
}

// missingSums lists the lock's third-party modules that the module cache lacks.
func (k *Kit) missingSums(sums []lock.Sum) []string {
	var out []string
	for _, s := range sums {
		if s.H1 != "" && !k.cached(s) {
			out = append(out, s.Path+" "+s.Version)
		}
	}
	return out
}

// cached reports whether the go command has a module's zip: see
// go.dev/ref/mod#module-cache.
func (k *Kit) cached(s lock.Sum) bool {
	path, err := module.EscapePath(s.Path)
	version, err2 := module.EscapeVersion(s.Version)
	if err != nil || err2 != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(k.Tool.Var("GOMODCACHE"), "cache", "download", filepath.FromSlash(path), "@v", version+".zip"))
	return err == nil
}

// missingModules makes one error of all third-party modules that are not there
// for a build in a workspace.
func (w *Workspace) missingModules(ctx context.Context, dir string, c gotool.Compile, first *gotool.MissingModuleError) error {
	e := &MissingError{Config: w.Config.File, Modules: w.Kit.missingSums(w.Sums), More: w.Lock.Old == nil}
	_, lack, err := w.Tool.Needs(ctx, dir, c)
	if err != nil {
		return explain.Missing(w.Plan, w.Offline, w.Vendored != nil, first)
	}
	for _, m := range append(lack, module.Version{Path: first.Path, Version: first.Version}) {
		e.Modules = append(e.Modules, m.Path+" "+m.Version)
	}
	slices.Sort(e.Modules)
	e.Modules = slices.Compact(e.Modules)
	return e
}
