package resolve

import (
	"fmt"
	"slices"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
)

// overruledNotes tells of each module that is linked below what others
// require: it is what the config says, and may be why they do not compile.
func overruledNotes(p *plan.Plan) []string {
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

// replacedNotes tells of each replacement that others get who did not ask for it.
func (r *resolver) replacedNotes(p *plan.Plan) []string {
	var notes []string
	for _, rep := range p.Replacements() {
		by := p.Labelled(rep.By)
		if by == nil || r.inRepository(rep.Path, by) {
			continue
		}
		var others []string
		for _, m := range p.Modules {
			if m != by && m.BroughtBy != rep.By && m.Requires(rep.Path) && !m.Replaces(rep.Path) {
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

// noteMovedTag notes a tag that does not stay.
func (r *resolver) noteMovedTag(name string, locked bool, moved *source.Moved) {
	if moved == nil {
		return
	}
	note := fmt.Sprintf("%s: tag %s has moved: it was %s when it was first fetched, and is %s at %s now; the new commit is used", name, moved.Tag, moved.Was, moved.Now, moved.From)
	switch {
	case locked && moved.Now == "":
		note = fmt.Sprintf("%s: tag %s is no longer at %s; the locked commit %s is used", name, moved.Tag, moved.From, moved.Was)
	case locked:
		note = fmt.Sprintf("%s: tag %s has moved: it was %s when it was locked, and is %s at %s now; the locked commit is used", name, moved.Tag, moved.Was, moved.Now, moved.From)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = append(r.moved, note)
}

// noteOtherOrigins notes a tag that another place of the repository, which another
// config has asked, has for another commit.
func (r *resolver) noteOtherOrigins(name string, found source.Found) {
	var others []string
	for _, e := range r.client.Elsewhere(found) {
		others = append(others, fmt.Sprintf("%s at %s", e.Commit, e.From))
	}
	if others == nil {
		return
	}
	note := fmt.Sprintf("%s: tag %s is %s at %s and %s, which another config asked; the first is used", name, found.Tag, found.Commit, found.From, brief.List(others, 3))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = append(r.moved, note)
}
