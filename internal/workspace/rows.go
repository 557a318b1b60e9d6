package workspace

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
)

// Rows are the table's, with how the local directories were when the build
// began.
func (w *Workspace) Rows() []Row {
	rows := Modules(w.Plan)
	for i := range rows {
		if m := &rows[i]; m.Local {
			state := w.locals[m.Path]
			m.Head, m.Dirty = state.Head, state.Dirty
		}
		rows[i].With = slices.ContainsFunc(w.Config.Overrides, func(o config.Override) bool {
			return o.Dir == "" && (strings.EqualFold(o.Name, rows[i].Name) || o.Name == rows[i].Path)
		})
	}
	return rows
}

// Modules orders a plan's Modules for the table: RoadRunner, the plugins by
// name, the others by path.
func Modules(p *plan.Plan) []Row {
	row := func(m *plan.Module) Row {
		row := Row{Name: m.Name(), Path: m.Path, Version: m.Version, Commit: m.Commit, From: m.From, Local: m.Local, Stored: m.Stored, Patches: m.Patches.Key()}
		if m.Stored {
			row.From = m.URL // which mirror it once came from is not known
		}
		return row
	}
	out := []Row{row(p.RoadRunner)}
	var plugins, rest []Row
	for _, m := range p.Modules {
		switch {
		case m == p.RoadRunner:
		case len(m.Names) > 0:
			plugins = append(plugins, row(m))
		default:
			rest = append(rest, row(m))
		}
	}
	slices.SortFunc(plugins, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return append(append(out, plugins...), rest...)
}

// Row is one git-sourced module of a finished build.
type Row struct {
	// Name is the plugin's name in the config, "roadrunner" for RoadRunner,
	// and empty for a module that is neither.
	Name    string `json:"name,omitempty"`
	Path    string `json:"module"`
	Version string `json:"version"`
	// Commit is 40 hex digits; empty for a local directory.
	Commit string `json:"commit,omitempty"`
	// From is the URL after mirrors, or the local directory; for what was in the
	// store the URL before mirrors.
	From string `json:"from"`
	// Patches is the digest of the patches that were applied, 64 hex digits; empty
	// for none.
	Patches string `json:"patches,omitempty"`
	// Stored says that the commit was in the store, so that it was not fetched.
	Stored bool `json:"stored,omitempty"`
	// Local says that From is a directory that was compiled as it stands.
	Local bool `json:"local,omitempty"`
	// With says that a flag took it from where it is, for this run.
	With bool `json:"with,omitempty"`
	// Head is the commit that is checked out in a local directory, 40 hex
	// digits; empty where it is in no repository. Dirty says that the directory
	// differs from it.
	Head  string `json:"head,omitempty"`
	Dirty bool   `json:"dirty,omitempty"`
}
