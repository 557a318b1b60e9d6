package screen

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/size"
)

// mostModules is how many modules are listed of a binary of which only these are
// known.
const mostModules = 40

// SizeText words what a binary's bytes are for: a row for each plugin, or for each
// module, and what the rest is.
func SizeText(r *size.Report, color bool) string {
	if len(r.Plugins) == 0 {
		return sizeModules(r, color)
	}
	var b strings.Builder
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "LEAVES", "OWN", "ONLY FOR IT", "MOST OF IT"})
	for _, p := range r.Plugins {
		most := ""
		if len(p.Modules) > 0 && p.Modules[0].Size > p.Only/10 {
			most = fmt.Sprintf("%s %s", cmp.Or(p.Modules[0].Path, "Go"), brief.Bytes(p.Modules[0].Size))
		}
		t.AppendRow(table.Row{Cell(p.Name), Cell(p.Version), brief.Bytes(p.Leaves), brief.Bytes(p.Own), brief.Bytes(p.Only), Cell(most)})
	}
	b.WriteString(t.Render() + "\n\n")
	var modules int64
	for _, m := range r.Modules {
		modules += m.Size
	}
	t = NewTable(color)
	t.AppendRow(table.Row{"for several plugins", brief.Bytes(r.Shared)})
	t.AppendRow(table.Row{"RoadRunner and its modules", brief.Bytes(modules)})
	t.AppendRow(table.Row{"Go's runtime and standard library", brief.Bytes(r.Go)})
	t.AppendRow(table.Row{"other data", brief.Bytes(r.Other)})
	b.WriteString(t.Render() + "\n\n")
	fmt.Fprintf(&b, "%s  %s  %s\n", oneLine(r.File), r.Target, brief.Bytes(r.Size))
	if w := r.Without; w != nil {
		fmt.Fprintf(&b, "without %s: %s, %s less\n", oneLine(strings.Join(w.Names, ", ")), brief.Bytes(r.Size-w.Leaves), brief.Bytes(w.Leaves))
		if len(w.Disables) > 0 {
			fmt.Fprintf(&b, "Endure would then disable %s\n", oneLine(strings.Join(w.Disables, ", ")))
		}
	}
	return b.String()
}

func sizeModules(r *size.Report, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"MODULE", "VERSION", "SIZE"})
	var rest int64
	for i, m := range r.Modules {
		if i < mostModules {
			t.AppendRow(table.Row{Cell(m.Path), Cell(m.Version), brief.Bytes(m.Size)})
		} else {
			rest += m.Size
		}
	}
	if n := len(r.Modules) - mostModules; n > 0 {
		t.AppendRow(table.Row{Count(n, "module", "modules") + " more", "", brief.Bytes(rest)})
	}
	t.AppendRow(table.Row{"Go's runtime and standard library", "", brief.Bytes(r.Go)})
	t.AppendRow(table.Row{"other data", "", brief.Bytes(r.Other)})
	return fmt.Sprintf("%s\n\n%s  %s  %s\n", t.Render(), oneLine(r.File), r.Target, brief.Bytes(r.Size))
}
