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
)

// placeholder is the version that go.mod files give a module they replace by
// a folder of their own repository. No repository has a tag for it.
func placeholder(v string) bool {
	return v == "v0.0.0" || module.IsPseudoVersion(v) && strings.Contains(v, "-00010101000000-000000000000")
}

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
	before, counted := append([]*Module(nil), r.modules...), r.counted
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
			if placeholder(req.Mod.Version) && r.fromGit(req.Mod.Path) && r.lookup(req.Mod.Path) == nil && !r.pinned(req.Mod.Path) && !r.excluded(req.Mod) {
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
func (e *PlaceholderError) Hints() []string { return PlaceholderHints(e.Module) }

// PlaceholderHints gives the lines of config that settle a requirement on a
// placeholder; none for another version.
func PlaceholderHints(mod module.Version) []string {
	if !placeholder(mod.Version) {
		return nil
	}
	return []string{
		config.Snippet("take it from its repository", "[[modules]]", config.Setting{Key: "module", Value: mod.Path}, config.Setting{Key: "ref", Value: "TAG or BRANCH"}),
		config.ReplaceSnippet("or from a directory", mod.Path, "./DIRECTORY"),
	}
}

// take puts a module of the closure in place of its lower version.
func (r *resolver) take(m *Module) {
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
			if !r.fromGit(p) || r.pinned(p) || r.excluded(req.Mod) || placeholder(v) || semver.Compare(v, chosen[p]) <= 0 {
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

// overruled lists the requirements that ask for a higher version of a
// git-sourced module than the one that is linked. The workspace excludes those
// versions, so that the build list says what is linked.
func overruled(p *Plan) []Requirement {
	linked := map[string]string{}
	for _, m := range p.Modules {
		if m.OnlyVersion == "" {
			linked[m.Path] = m.Version
		}
	}
	var out []Requirement
	for _, m := range p.Modules {
		for _, req := range m.GoMod.Require {
			if v, ok := linked[req.Mod.Path]; ok && req.Mod.Path != m.Path && semver.Compare(req.Mod.Version, v) > 0 {
				out = append(out, Requirement{By: m.Path, Module: req.Mod})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Module != b.Module {
			return fmt.Sprint(a.Module) < fmt.Sprint(b.Module)
		}
		return a.By < b.By
	})
	return out
}

// localVersions gives directories of the user's a version for the build list:
// the highest that is required, else Go's own "no version".
func localVersions(ms []*Module) {
	for _, m := range ms {
		if m.Version != "" {
			continue
		}
		for _, other := range ms {
			for _, req := range other.GoMod.Require {
				if req.Mod.Path == m.Path && semver.Compare(req.Mod.Version, m.Version) > 0 {
					m.Version = req.Mod.Version
				}
			}
		}
		if m.Version == "" {
			_, major, _ := module.SplitPathVersion(m.Path)
			m.Version = module.ZeroPseudoVersion(module.PathMajorPrefix(major))
		}
	}
}

// overruledNotes tells of each module that is linked below what others
// require: it is what the config says, and may be why they do not compile.
func overruledNotes(p *Plan) []string {
	by := map[string][]string{}
	highest := map[string]string{}
	for _, o := range p.Overruled {
		name := p.Lookup(o.By).Label()
		if !slices.Contains(by[o.Module.Path], name) {
			by[o.Module.Path] = append(by[o.Module.Path], name)
		}
		highest[o.Module.Path] = maxVersion(highest[o.Module.Path], o.Module.Version)
	}
	var notes []string
	for _, m := range p.Modules {
		if names := by[m.Path]; len(names) > 0 {
			notes = append(notes, fmt.Sprintf("%s %s is linked, as the config says, although %s %s %s", m.Label(), m.Version, brief.List(names, 3), verb(len(names)), highest[m.Path]))
		}
	}
	return notes
}

// verb is what n modules do.
func verb(n int) string {
	if n == 1 {
		return "requires"
	}
	return "require"
}

func maxVersion(a, b string) string {
	if semver.Compare(a, b) >= 0 {
		return a
	}
	return b
}
