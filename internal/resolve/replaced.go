package resolve

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
)

// Replacement is a replace directive in the go.mod of one module, by which all
// others get what it says, too.
type Replacement struct {
	Path string // of what is replaced
	By   string // whose go.mod it is: a name in the config, or a path
	To   string // what stands in for it
}

// Replacements lists the directives that count, but for those of RoadRunner,
// sorted by what they replace.
func (p *Plan) Replacements() []Replacement {
	var out []Replacement
	for _, m := range p.Modules {
		if m.by != "" {
			out = append(out, Replacement{m.Path, m.by, m.place()})
		}
	}
	for _, r := range p.Replaces {
		if p.labelled(r.By) != nil { // else a line of the config
			out = append(out, Replacement{r.Old.Path, r.By, r.New.String()})
		}
	}
	out = slices.DeleteFunc(out, func(r Replacement) bool { return r.By == config.RoadRunnerName })
	slices.SortStableFunc(out, func(a, b Replacement) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func (p *Plan) labelled(label string) *Module {
	for _, m := range p.Modules {
		if m.Label() == label {
			return m
		}
	}
	return nil
}

// replacedNotes tells of each replacement that others get who did not ask for it.
func (r *resolver) replacedNotes(p *Plan) []string {
	var notes []string
	for _, rep := range p.Replacements() {
		by := p.labelled(rep.By)
		if by == nil || r.inRepository(rep.Path, by) {
			continue
		}
		var others []string
		for _, m := range p.Modules {
			if m != by && m.by != rep.By && m.Requires(rep.Path) && !m.replaces(rep.Path) {
				others = append(others, m.Label())
			}
		}
		if len(others) > 0 {
			slices.Sort(others)
			notes = append(notes, fmt.Sprintf("go.mod of %s replaces %s by %s, also for %s", rep.By, rep.Path, rep.To, brief.List(others, 3)))
		}
	}
	return notes
}

// inRepository reports whether a module lies in another's repository, by its
// path: to replace such a one by its folder is how a repository with several
// modules is built.
func (r *resolver) inRepository(modulePath string, m *Module) bool {
	loc, ok := r.rules(modulePath)
	return ok && sameRepository(loc.URL, m.URL)
}

func sameRepository(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, ".git"), strings.TrimSuffix(b, ".git"))
}

// Requires reports whether go.mod has a requirement on a module, of whatever
// version.
func (m *Module) Requires(modulePath string) bool {
	for _, req := range m.GoMod.Require {
		if req.Mod.Path == modulePath {
			return true
		}
	}
	return false
}

// replaces reports whether a module has a replace directive of its own that
// counts.
func (m *Module) replaces(modulePath string) bool {
	for _, rep := range m.GoMod.Replace {
		if m.counts && rep.Old.Path == modulePath {
			return true
		}
	}
	return false
}

// keep refuses a replacement of what RoadRunner stands on, which no plugin is to
// decide for all others.
func (r *resolver) keep(old module.Version, m *Module, to string) error {
	if m == r.roadRunner || r.inRepository(old.Path, m) {
		return nil
	}
	prefix, _, _ := module.SplitPathVersion(old.Path)
	for _, req := range r.roadRunner.GoMod.Require {
		if req.Mod.Path == old.Path && slices.Contains([]string{"endure", "config", "rpc"}, path.Base(prefix)) {
			return &FoundationError{By: m.Label(), Module: req.Mod, To: to}
		}
	}
	return nil
}

// FoundationError is a replace directive in the go.mod of a plugin by which
// RoadRunner would get another container, configuration or RPC.
type FoundationError struct {
	By     string
	Module module.Version // as RoadRunner requires it
	To     string
}

// Error implements error.
func (e *FoundationError) Error() string {
	return fmt.Sprintf("go.mod of %s replaces %s by %s, which would be linked for RoadRunner and all plugins", e.By, e.Module.Path, e.To)
}

// Hints gives the lines that decide.
func (e *FoundationError) Hints() []string {
	return []string{
		config.ReplaceSnippet("to keep what RoadRunner requires", e.Module.Path, e.Module.String()),
		config.ReplaceSnippet("or to use the replacement", e.Module.Path, ""),
	}
}
