package resolve

import (
	"context"
	"fmt"
	"sort"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
)

// replaces settles what stands in for what. The config's own [[replaces]] win
// over all but the flags --with; then come the modules that the config names; then the replace
// directives of RoadRunner, the plugins and [[modules]], which must agree.
func (r *resolver) replaces(ctx context.Context) error {
	for _, c := range r.cfg.Replaces {
		if err := r.configReplace(ctx, c); err != nil {
			return err
		}
	}
	for _, m := range append([]*plan.Module(nil), r.modules...) {
		if !m.ReplacesCount {
			continue
		}
		if err := r.siblings(ctx, m, allReplaces); err != nil {
			return err
		}
		if err := r.remoteReplaces(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// configReplace applies one [[replaces]] entry.
func (r *resolver) configReplace(ctx context.Context, c config.Replace) error {
	if r.flagged(c.Old.Path) {
		return nil
	}
	w := wanted{name: c.Old.Path, pos: c.Pos, dir: c.New.Dir, substitute: true, noGoMod: true}
	git := r.has(c.Old.Path) || r.fromGit(c.Old.Path)
	if linked := r.linked(c.Old.Path); git && c.Old.Version != "" && c.Old.Version != linked {
		r.notes = append(r.notes, fmt.Sprintf("%s: the replace of %s is not used: %s is linked", plan.At(c.Pos), c.Old, linked))
		return nil
	}
	switch {
	case c.New.Dir == "" && c.New.Module.Version != "" && !r.fromGit(c.New.Module.Path) && !r.has(c.Old.Path):
		r.third[c.Old] = plan.Replace{Old: c.Old, New: c.New.Module, By: plan.At(c.Pos), Config: true}
		return nil
	case c.New.Dir == "":
		w.path, w.ref = c.New.Module.Path, c.New.Module.Version
		if w.ref == "" {
			w.ref = "latest"
		}
	}
	m, err := r.one(ctx, w)
	if err != nil {
		return err
	}
	if !git && c.Old.Version != "" {
		m.OnlyVersion, m.Version = c.Old.Version, c.Old.Version
	}
	r.substitute(c.Old.Path, m)
	return nil
}

// linked is the version of a git-sourced module as far as it is known: the
// config's, or the highest that is required.
func (r *resolver) linked(p string) string {
	if m := r.lookup(p); m != nil {
		return m.Version
	}
	return r.highest(p)
}

func (r *resolver) has(p string) bool {
	for _, m := range r.modules {
		if m.Path == p {
			return true
		}
	}
	return false
}

// substitute puts m's files in the place of the module at path.
func (r *resolver) substitute(modulePath string, m *plan.Module) {
	m.Pinned = true
	for _, old := range r.modules {
		if old.Path == modulePath {
			version, names := old.Version, old.Names
			*old = *m
			old.Path, old.Names, old.ReplacesCount = modulePath, names, true
			if m.Local {
				old.Version = version
			}
			return
		}
	}
	m.Path = modulePath
	r.modules = append(r.modules, m)
}

func (r *resolver) lookup(p string) *plan.Module {
	for _, m := range r.modules {
		if m.Path == p {
			return m
		}
	}
	return nil
}

// overridden reports whether a replace directive of a go.mod counts for
// nothing.
func (r *resolver) overridden(old module.Version) bool {
	if r.configDecides(old) {
		return true
	}
	// A replace of one version counts where that version would be chosen.
	return old.Version != "" && old.Version != r.highest(old.Path)
}

func (r *resolver) highest(p string) string { return plan.HighestRequired(r.modules, p) }

func requiresPlaceholder(m *plan.Module, p string) bool {
	for _, req := range m.GoMod.Require {
		if req.Mod.Path == p {
			return plan.Placeholder(req.Mod.Version)
		}
	}
	return false
}

// remoteReplaces takes m's replaces of one module by another.
func (r *resolver) remoteReplaces(ctx context.Context, m *plan.Module) error {
	for _, rep := range m.GoMod.Replace {
		if rep.New.Version == "" || r.configDecides(rep.Old) {
			continue
		}
		if err := r.keep(rep.Old, m, rep.New.String()); err != nil {
			return err
		}
		if r.fromGit(rep.New.Path) || r.fromGit(rep.Old.Path) {
			if err := r.forkReplace(ctx, m, rep); err != nil {
				return err
			}
			continue
		}
		if old, ok := r.third[rep.Old]; ok && old.New != rep.New {
			return &ReplaceConflictError{Path: rep.Old.Path, First: old.By, FirstTo: old.New.String(), Second: m.Label(), SecondTo: rep.New.String()}
		}
		r.third[rep.Old] = plan.Replace{Old: rep.Old, New: rep.New, By: m.Label()}
	}
	return nil
}

// configDecides reports whether the config names or replaces a module.
func (r *resolver) configDecides(old module.Version) bool {
	for _, c := range r.cfg.Replaces {
		if c.Old.Path == old.Path && (c.Old.Version == "" || c.Old.Version == old.Version) {
			return true
		}
	}
	m := r.lookup(old.Path)
	return m != nil && m.BroughtBy == "" && m.OnlyVersion == ""
}

// forkReplace takes a fork of a module that must come from git.
func (r *resolver) forkReplace(ctx context.Context, m *plan.Module, rep *modfile.Replace) error {
	if rep.Old.Version != "" && rep.Old.Version != r.highest(rep.Old.Path) {
		return nil
	}
	w := wanted{name: rep.Old.Path, path: rep.New.Path, requirement: rep.New.Version, by: m.Label(), substitute: true}
	if err := r.count(1, rep.New, m); err != nil {
		return err
	}
	fork, err := r.one(ctx, w)
	if err != nil {
		return err
	}
	if old := r.lookup(rep.Old.Path); old != nil {
		if old.OnlyVersion != "" || old.Commit == fork.Commit && old.Folder == fork.Folder {
			return nil
		}
		return &ReplaceConflictError{Path: rep.Old.Path, First: old.BroughtBy, FirstTo: old.Place(), Second: m.Label(), SecondTo: rep.New.String()}
	}
	fork.Path, fork.Pinned, fork.BroughtBy = rep.Old.Path, true, m.Label()
	fork.Version = r.highest(rep.Old.Path)
	if fork.Version == "" {
		fork.Version = rep.New.Version
	}
	r.modules = append(r.modules, fork)
	return nil
}

// thirdParty returns the replaces of modules that do not come from git, sorted.
func (r *resolver) thirdParty() []plan.Replace {
	out := make([]plan.Replace, 0, len(r.third))
	for old, rep := range r.third {
		if m := r.lookup(old.Path); m == nil || m.OnlyVersion != "" {
			out = append(out, rep)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i].Old, out[j].Old
		if a.Path != b.Path {
			return a.Path < b.Path
		}
		return semver.Compare(a.Version, b.Version) < 0
	})
	return out
}

// ReplaceConflictError is two modules that replace a third differently.
type ReplaceConflictError struct {
	Path             string
	First, FirstTo   string
	Second, SecondTo string
}

// Error implements error.
func (e *ReplaceConflictError) Error() string {
	return fmt.Sprintf("%s is replaced twice: by %s with %s, and by %s with %s", e.Path, e.First, e.FirstTo, e.Second, e.SecondTo)
}

// Hints gives the line that decides.
func (e *ReplaceConflictError) Hints() []string {
	return []string{config.ReplaceSnippet("decide in the config", e.Path, "")}
}
