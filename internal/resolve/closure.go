package resolve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
)

func trimIncompatible(v string) string { return strings.TrimSuffix(v, "+incompatible") }

// close fetches the modules that must come from git because the modules so
// far require them: each at the highest version that any of them asks for,
// over and over until nothing changes. As in Go's minimal version selection, a
// version never goes down again when the module that asked for it moves on.
//
// With a lock, the versions it ended in are taken at once, which saves reading
// those on the way. Where some of them turn out to be required by nobody, the
// config has changed, and it is done without.
func (r *resolver) close(ctx context.Context) error {
	before, counted := append([]*plan.Module(nil), r.modules...), r.counted
	chosen := map[string]string{} // module path → version, of those that no config names
	if err := r.closeWith(ctx, chosen); err != nil {
		return err
	}
	if r.lock.file == nil || r.required(chosen) {
		return nil
	}
	r.modules, r.counted, r.slow = before, counted, true
	return r.closeWith(ctx, map[string]string{})
}

// required reports whether each version that was chosen is one that a module
// asks for.
func (r *resolver) required(chosen map[string]string) bool {
	asked := map[module.Version]bool{}
	for _, m := range r.modules {
		for _, req := range m.GoMod.Require {
			asked[req.Mod] = true
		}
	}
	for p, v := range chosen {
		if !asked[module.Version{Path: p, Version: v}] {
			return false
		}
	}
	return true
}

func (r *resolver) closeWith(ctx context.Context, chosen map[string]string) error {
	for {
		todo := r.missing(chosen)
		if len(todo) == 0 {
			return r.placeholders()
		}
		for _, w := range todo {
			chosen[w.path] = w.requirement
			if err := r.count(1, module.Version{Path: w.path, Version: w.requirement}, w.asker); err != nil {
				return err
			}
		}
		got, err := r.all(ctx, todo)
		if err != nil {
			return err
		}
		for _, m := range got {
			r.take(m)
			if err := r.siblings(ctx, m, placeholdersOnly); err != nil {
				return err
			}
		}
	}
}

// placeholders reports the requirements on a placeholder that nothing stands in
// for: a replace counts where its go.mod is the main module's, which here it
// never is.
func (r *resolver) placeholders() error {
	by := map[module.Version][]string{}
	for _, m := range r.modules {
		for _, req := range m.GoMod.Require {
			if plan.Placeholder(req.Mod.Version) && r.fromGit(req.Mod.Path) && r.lookup(req.Mod.Path) == nil && !r.pinned(req.Mod.Path) && !r.excluded(req.Mod) {
				by[req.Mod] = append(by[req.Mod], m.Label())
			}
		}
	}
	var errs []error
	for _, mod := range slices.SortedFunc(maps.Keys(by), func(a, b module.Version) int { return strings.Compare(a.String(), b.String()) }) {
		slices.Sort(by[mod])
		errs = append(errs, &PlaceholderError{Module: mod, By: by[mod]})
	}
	return errors.Join(errs...)
}

// PlaceholderError is a requirement on a version that stands for no commit.
type PlaceholderError struct {
	Module module.Version
	By     []string // who requires it, sorted
}

// Error implements error.
func (e *PlaceholderError) Error() string {
	return fmt.Sprintf("%s %s %s %s, a placeholder that a replace directive stands for, but nothing replaces it",
		brief.List(e.By, 3), verb(len(e.By)), e.Module.Path, e.Module.Version)
}

// Hints gives the lines that settle it.
func (e *PlaceholderError) Hints() []string { return plan.PlaceholderHints(e.Module) }

// take puts a module of the closure in place of its lower version.
func (r *resolver) take(m *plan.Module) {
	for i, other := range r.modules {
		if other.Path == m.Path {
			r.modules[i] = m
			return
		}
	}
	r.modules = append(r.modules, m)
}

// missing lists the requirements that the modules so far do not meet, sorted.
func (r *resolver) missing(chosen map[string]string) []wanted {
	need := map[string]wanted{}
	for _, m := range r.modules {
		for _, req := range m.GoMod.Require {
			p, v := req.Mod.Path, req.Mod.Version
			if !r.fromGit(p) || r.pinned(p) || r.excluded(req.Mod) || plan.Placeholder(v) || semver.Compare(v, chosen[p]) <= 0 {
				continue
			}
			if old, ok := need[p]; ok && semver.Compare(v, old.requirement) <= 0 {
				continue
			}
			need[p] = wanted{name: p, path: p, requirement: v, by: m.Label(), asker: m}
		}
	}
	out := make([]wanted, 0, len(need))
	for _, w := range need {
		if !r.slow {
			w.requirement = r.lock.required(w.path, w.requirement)
		}
		r.asked(module.Version{Path: w.path, Version: w.requirement}, w.asker)
		out = append(out, w)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

// fromGit reports whether a module must come from git: it matches a pattern,
// and no replace sends it elsewhere.
func (r *resolver) fromGit(p string) bool {
	is, known := r.git[p]
	if !known {
		is = module.MatchPrefixPatterns(strings.Join(r.private, ","), p)
		r.git[p] = is
	}
	return is
}

// pinned reports whether the config, or a replace that counts, decides where
// a module comes from, whatever is required.
func (r *resolver) pinned(p string) bool {
	for _, m := range r.modules {
		if m.Path == p && m.Pinned {
			return true
		}
	}
	_, ok := r.third[module.Version{Path: p}]
	return ok
}

// excluded reports whether RoadRunner or the config excludes a version.
func (r *resolver) excluded(mod module.Version) bool {
	for _, e := range r.excludes() {
		if e == mod {
			return true
		}
	}
	return false
}

// excludes are RoadRunner's own and the config's, sorted.
func (r *resolver) excludes() []module.Version {
	seen := map[module.Version]bool{}
	var out []module.Version
	take := func(m module.Version) {
		if !seen[m] {
			seen[m] = true
			out = append(out, m)
		}
	}
	for _, e := range r.roadRunner.GoMod.Exclude {
		take(e.Mod)
	}
	for _, e := range r.cfg.Excludes {
		take(e.Module)
	}
	module.Sort(out)
	return out
}

// count bounds how many modules are taken from git: a repository can require
// another, which requires a third, and so on without end. n more are about to
// be; last is one of them, and by the module that asks for it.
func (r *resolver) count(n int, last module.Version, by *plan.Module) error {
	r.counted += n
	most := r.cfg.Limits.OrDefault().Modules
	if int64(r.counted) <= most {
		return nil
	}
	e := &TooManyError{Most: most, Chain: []string{last.Path + " " + last.Version}}
	for m := by; m != nil; m = r.askedBy[module.Version{Path: m.Path, Version: m.Version}] {
		e.Chain = append(e.Chain, m.Label()+" "+m.Version)
	}
	slices.Reverse(e.Chain)
	return e
}

// asked remembers who was the first to ask for a version.
func (r *resolver) asked(mod module.Version, by *plan.Module) {
	if _, ok := r.askedBy[mod]; !ok {
		r.askedBy[mod] = by
	}
}

// TooManyError is more modules from git than the config allows.
type TooManyError struct {
	Most int64
	// Chain leads from what the config names to one module too many, each NAME
	// VERSION.
	Chain []string
}

// Error implements error.
func (e *TooManyError) Error() string {
	const ends = 3 // that are named of a long chain
	chain := e.Chain
	if more := len(chain) - 2*ends; more > 0 {
		chain = slices.Concat(chain[:ends], []string{fmt.Sprintf("… %d more …", more)}, chain[len(chain)-ends:])
	}
	return fmt.Sprintf("more than %d modules would come from git: %s", e.Most, strings.Join(chain, " requires "))
}

// Hints names the key, and who may stop it.
func (e *TooManyError) Hints() []string {
	return []string{
		config.Snippet(fmt.Sprintf("if it needs that many, raise the limit, now %d", e.Most), "[limits]", config.Setting{Key: config.ModulesLimit, Value: 2 * e.Most}),
		"or take fewer modules from git, by GOPRIVATE or [git] modules",
	}
}
