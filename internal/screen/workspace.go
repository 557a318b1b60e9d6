package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/vxlite/vxlite/internal/develop"
)

// mostKept is how many files that were changed by hand are named.
const mostKept = 20

// WorkspaceText words what a workspace has become: where each module is, then
// what was kept, then what was written.
func WorkspaceText(w *develop.Workspace, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "KIND", "DIRECTORY"})
	for _, m := range w.Modules {
		name := m.Name
		if name == "" {
			name = m.Path
		}
		t.AppendRow(table.Row{Cell(name), Cell(m.Version), Cell(m.Kind), Cell(m.Dir)})
	}
	var b strings.Builder
	b.WriteString(t.Render() + "\n\n")
	for i, name := range w.Kept {
		if i == mostKept {
			fmt.Fprintf(&b, "kept %s more\n", Count(len(w.Kept)-i, "file", "files"))
			break
		}
		fmt.Fprintf(&b, "kept %s, which was changed by hand\n", oneLine(name))
	}
	var done []string
	if w.Written > 0 {
		done = append(done, Count(w.Written, "file", "files")+" written")
	}
	if w.Removed > 0 {
		done = append(done, fmt.Sprintf("%d removed", w.Removed))
	}
	if len(done) == 0 {
		done = append(done, "up to date")
	}
	fmt.Fprintf(&b, "%s  %s\n", Cell(w.Dir), strings.Join(done, ", "))
	return b.String()
}
