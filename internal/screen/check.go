package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/vxlite/vxlite/internal/check"
	"github.com/vxlite/vxlite/internal/rrcheck"
)

// CheckText words what a check looked at: a row for each plugin, what their
// sources do not tell, and a row for each section of a .rr.yaml.
func CheckText(c *check.Report, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "INIT", "PROVIDES", "COLLECTS", "WEIGHT", "STATE"})
	unknown := 0
	for _, p := range c.Plugins {
		met := "-"
		if p.Params > 0 {
			met = fmt.Sprintf("%d of %d", p.Met, p.Params)
		}
		t.AppendRow(table.Row{Cell(p.Name), Cell(p.Version), met, p.Provides, p.Collects, p.Weight, p.State})
		unknown += len(p.Unknown)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s, %s, %d unknown\n", t.Render(), Count(len(c.Plugins), "plugin", "plugins"), Count(c.Edges, "edge", "edges"), unknown)
	for _, p := range c.Plugins {
		for _, u := range p.Unknown {
			fmt.Fprintf(&b, "unknown: %s: %s\n", oneLine(p.Name), oneLine(u))
		}
	}
	if len(c.YAML) > 0 {
		b.WriteString("\n" + yamlTable(c.YAML, color) + "\n")
	}
	return b.String()
}

// yamlTable renders the sections in the file's order.
func yamlTable(sections []rrcheck.Section, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"SECTION", "LINE", "READ BY"})
	for _, s := range sections {
		t.AppendRow(table.Row{Cell(s.Name), fmt.Sprintf("%s:%d", oneLine(s.File), s.Line), Cell(strings.Join(s.ReadBy, ", "))})
	}
	return t.Render()
}
