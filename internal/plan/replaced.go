package plan

import (
	"slices"
	"strings"

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
		if m.BroughtBy != "" {
			out = append(out, Replacement{m.Path, m.BroughtBy, m.Place()})
		}
	}
	for _, r := range p.Replaces {
		if p.Labelled(r.By) != nil { // else a line of the config
			out = append(out, Replacement{r.Old.Path, r.By, r.New.String()})
		}
	}
	out = slices.DeleteFunc(out, func(r Replacement) bool { return r.By == config.RoadRunnerName })
	slices.SortStableFunc(out, func(a, b Replacement) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func (p *Plan) Labelled(label string) *Module {
	for _, m := range p.Modules {
		if m.Label() == label {
			return m
		}
	}
	return nil
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

// Replaces reports whether a module has a replace directive of its own that
// counts.
func (m *Module) Replaces(modulePath string) bool {
	for _, rep := range m.GoMod.Replace {
		if m.ReplacesCount && rep.Old.Path == modulePath {
			return true
		}
	}
	return false
}
