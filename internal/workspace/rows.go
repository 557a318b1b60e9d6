package workspace

import (
	"cmp"
	"slices"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/resolve"
)

// Rows are the table's, with how the local directories were when the build
// began.
func (w *Workspace) Rows() []event.Module {
	rows := Modules(w.Plan)
	for i := range rows {
		if m := &rows[i]; m.Local {
			state := w.locals[m.Path]
			m.Head, m.Dirty = state.Head, state.Dirty
		}
	}
	return rows
}

// Modules orders a plan's Modules for the table: RoadRunner, the plugins by
// name, the others by path.
func Modules(p *resolve.Plan) []event.Module {
	row := func(m *resolve.Module) event.Module {
		row := event.Module{Name: m.Name(), Path: m.Path, Version: m.Version, Commit: m.Commit, From: m.From, Local: m.Local, Stored: m.Stored}
		if m.Stored {
			row.From = m.URL // which mirror it once came from is not known
		}
		return row
	}
	out := []event.Module{row(p.RoadRunner)}
	var plugins, rest []event.Module
	for _, m := range p.Modules {
		switch {
		case m == p.RoadRunner:
		case len(m.Names) > 0:
			plugins = append(plugins, row(m))
		default:
			rest = append(rest, row(m))
		}
	}
	slices.SortFunc(plugins, func(a, b event.Module) int { return cmp.Compare(a.Name, b.Name) })
	return append(append(out, plugins...), rest...)
}
