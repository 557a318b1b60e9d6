package explain

import (
	"cmp"
	"fmt"

	"github.com/vxlite/vxlite/internal/plan"
)

// Label names a module as the config does, and by its path otherwise.
func Label(m *plan.Module) string {
	return cmp.Or(m.Name(), m.Path)
}

// moduleName is how an error speaks of a module.
func moduleName(p *plan.Plan, m *plan.Module) string {
	switch {
	case len(m.Names) == 0:
		return m.Path + " " + m.Version
	case m == p.RoadRunner:
		return "roadrunner " + m.Version
	}
	return fmt.Sprintf("plugin %s (%s %s)", m.Name(), m.Path, m.Version)
}
