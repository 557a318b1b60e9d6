package resolve

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
)

// patchesOf are the patches for what is wanted. A module that others require has
// those of its entry in [[modules]], which need not say at which ref it is.
func (r *resolver) patchesOf(w wanted) []config.Patch {
	if w.requirement == "" || w.substitute {
		return w.patches
	}
	for _, m := range r.cfg.Modules {
		if m.Path == w.path {
			return m.Patches
		}
	}
	return nil
}

// unlessFlagged are the patches of what --with does not take from elsewhere.
func (r *resolver) unlessFlagged(name, modulePath string, patches []config.Patch) []config.Patch {
	for _, o := range r.cfg.Overrides {
		if o.Dir == "" && (strings.EqualFold(o.Name, name) || o.Name == modulePath) {
			return nil
		}
	}
	return patches
}

// posOf is the place that an error concerns: that of a patch, or the module's own.
func (w wanted) posOf(err error) config.Position {
	file := ""
	if e, ok := errors.AsType[*patch.ReadError](err); ok {
		file = e.File
	} else if e, ok := errors.AsType[*patch.ApplyError](err); ok {
		file = e.File
	} else if e, ok := errors.AsType[*patch.AppliedError](err); ok {
		file = e.File
	}
	for _, p := range w.patches {
		if p.Name == file {
			return p.Pos
		}
	}
	return w.pos
}

// misfit tells an error of patches at which ref they are not needed, and how to
// bring them there from the commit that the lock has.
func (r *resolver) misfit(w wanted, found source.Found, err error) error {
	applied, isApplied := errors.AsType[*patch.AppliedError](err)
	if isApplied {
		applied.In = w.asked()
	}
	if _, ok := errors.AsType[*patch.ApplyError](err); !ok && !isApplied {
		return err
	}
	for _, e := range r.lock.modules() {
		if len(e.Patches) == 0 || e.URL != r.lock.url(found.URL) {
			continue
		}
		same := slices.EqualFunc(e.Patches, w.patches, func(a lock.Patch, b config.Patch) bool { return a.SHA256 == b.SHA256 })
		if e.Commit != found.Commit || !same {
			return &StaleError{Name: w.name, Early: e.Commit == found.Commit, Err: err}
		}
	}
	return err
}

// StaleError are patches that were made for another commit: the one that a lock has,
// or one that it does not have yet.
type StaleError struct {
	Name string
	// Early says that the lock has the commit, and other patches.
	Early bool
	Err   error
}

// Error implements error.
func (e *StaleError) Error() string { return e.Err.Error() }

// Unwrap returns what does not fit.
func (e *StaleError) Unwrap() error { return e.Err }

// Hints says how to bring patches and commit together.
func (e *StaleError) Hints() []string {
	if e.Early {
		return []string{"the patches have changed since the lock was written: if vxlite patch continue did that, run again the vxlite update or vxlite upgrade that found the conflict"}
	}
	return []string{"to carry the patches over from the commit in the lock: vxlite update " + e.Name}
}

// allPatched makes sure that all patches of the config are applied: a replace may
// have put other files in a module's place. That a flag does is what was asked for.
func (r *resolver) allPatched(p *plan.Plan) error {
	var errs []error
	check := func(name string, m *plan.Module, patches []config.Patch) {
		switch s := patch.NewSeries(patches); {
		case s == nil || m != nil && m.Patches.Key() == s.Digest:
		case m != nil && r.isFlagged(name, m):
			r.notes = append(r.notes, fmt.Sprintf("%s: its patches are not applied, as --with takes other files", name))
		case m == nil:
			errs = append(errs, &UnpatchedError{Name: name, Pos: patches[0].Pos, Why: "no module requires it"})
		default:
			errs = append(errs, &UnpatchedError{Name: name, Pos: patches[0].Pos, Why: "a replace takes other files"})
		}
	}
	check(config.RoadRunnerName, r.roadRunner, r.cfg.RoadRunner.Patches)
	for i, c := range r.cfg.Plugins {
		check(c.Name, r.plugins[i], c.Patches)
	}
	for _, c := range r.cfg.Modules {
		check(c.Path, p.Lookup(c.Path), c.Patches)
	}
	return errors.Join(errs...)
}

// isFlagged reports whether --with says where a module comes from.
func (r *resolver) isFlagged(name string, m *plan.Module) bool {
	return slices.ContainsFunc(r.overrides, func(o *override) bool {
		return o.done && (strings.EqualFold(o.Name, name) || o.Name == m.Path)
	})
}

// UnpatchedError is a module whose patches nothing would be done with.
type UnpatchedError struct {
	Name string
	Pos  config.Position
	Why  string
}

// Error implements error.
func (e *UnpatchedError) Error() string {
	return fmt.Sprintf("%s: %s: its patches cannot be applied: %s", plan.At(e.Pos), e.Name, e.Why)
}

// Hints says what to do.
func (*UnpatchedError) Hints() []string { return []string{"remove the key patches"} }
