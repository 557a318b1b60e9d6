package screen

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/vxlite/vxlite/internal/doctor"
)

// FindingsText words a doctor's findings, a line each, and below those that are
// wrong what to do.
func FindingsText(checks []doctor.Finding, color bool) string {
	t := NewTable(color)
	for _, c := range checks {
		state := "ok"
		switch {
		case !c.OK:
			state = "FAIL"
		case c.Warning:
			state = "warn"
		}
		t.AppendRow(table.Row{state, Cell(c.Name), Cell(c.Text)})
	}
	var b strings.Builder
	b.WriteString(t.Render() + "\n")
	for _, c := range checks {
		for i, h := range c.Hints {
			if i == 0 {
				b.WriteString("\n" + oneLine(c.Name) + ":\n")
			}
			b.WriteString("  " + oneLine(h) + "\n")
		}
	}
	return b.String()
}
