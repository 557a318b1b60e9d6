package screen

import (
	"slices"
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
	for _, g := range advised(checks) {
		b.WriteString("\n" + oneLine(strings.Join(g.names, ", ")) + ":\n")
		for _, h := range g.hints {
			b.WriteString("  " + strings.ReplaceAll(printable(h), "\n", "\n  ") + "\n")
		}
	}
	return b.String()
}

// advice is what to do about several findings.
type advice struct {
	names, hints []string
}

// advised are the findings that have hints, those with the same ones together.
func advised(checks []doctor.Finding) []advice {
	var all []advice
	for _, c := range checks {
		if len(c.Hints) == 0 {
			continue
		}
		i := slices.IndexFunc(all, func(a advice) bool { return slices.Equal(a.hints, c.Hints) })
		if i < 0 {
			all = append(all, advice{names: []string{c.Name}, hints: c.Hints})
		} else {
			all[i].names = append(all[i].names, c.Name)
		}
	}
	return all
}
