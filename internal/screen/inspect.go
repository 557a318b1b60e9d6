package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/source"
)

// BinaryText words what went into a binary: facts about the whole, the modules
// from git, the others.
func BinaryText(b *inspect.Binary, color bool) string {
	facts := NewTable(false)
	row := func(name, value string) { facts.AppendRow(table.Row{name, Cell(value)}) }
	row("file", b.File)
	row("size", brief.Bytes(b.Size))
	row("sha256", b.SHA256)
	row("target", b.Target)
	row("go", b.Go)
	if m := b.Manifest; m != nil {
		row("format", strconv.Itoa(m.Format))
		row("config", m.Config)
		row("flags", strings.Join(m.Flags, " "))
	} else {
		row("main", b.Main)
		for _, s := range b.Settings {
			row("setting", s)
		}
	}
	parts := []string{facts.Render() + "\n"}
	if b.Manifest != nil {
		parts = append(parts, gitTable(b.Manifest, color)+"\n")
		if t := patchTable(b.Manifest, color); t != "" {
			parts = append(parts, t+"\n")
		}
	}
	if len(b.ThirdParty) > 0 {
		t := NewTable(color)
		t.AppendHeader(table.Row{"MODULE", "VERSION", "SUM"})
		for _, m := range b.ThirdParty {
			version := m.Version
			if m.ReplacedBy != "" {
				version += " => " + m.ReplacedBy
			}
			t.AppendRow(table.Row{Cell(m.Path), Cell(version), Cell(m.Sum)})
		}
		parts = append(parts, t.Render()+"\n")
	}
	return strings.Join(parts, "\n")
}

// gitTable has RoadRunner first, then the plugins, then the rest, as the table
// of a build.
func gitTable(m *manifest.Manifest, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "COMMIT", "URL", "SUM"})
	for _, e := range slices.SortedStableFunc(slices.Values(m.Modules), func(a, b manifest.Module) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(a.Name, b.Name))
	}) {
		url := e.URL
		if e.ReplacedBy != "" {
			url += " (" + e.ReplacedBy + ")"
		}
		t.AppendRow(table.Row{Cell(cmp.Or(e.Name, e.Path)), Cell(manifest.PatchedVersion(e.Version, len(e.Patches) > 0)), Cell(stateOf(&e)), Cell(url), Cell(e.H1)})
	}
	return t.Render()
}

// patchTable has a line for each patch; it is empty where there is none.
func patchTable(m *manifest.Manifest, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PATCHED", "PATCH", "SHA256"})
	for _, e := range m.Modules {
		for _, p := range e.Patches {
			t.AppendRow(table.Row{Cell(cmp.Or(e.Name, e.Path)), Cell(p.Name), Cell(p.SHA256)})
		}
	}
	if t.Length() == 0 {
		return ""
	}
	return t.Render()
}

func rankOf(m manifest.Module) int {
	switch m.Name {
	case "roadrunner":
		return 0
	case "":
		return 2
	}
	return 1
}

// stateOf words a module's commit.
func stateOf(m *manifest.Module) string {
	switch commit := shortCommit(m.Commit); {
	case !m.Local:
		return commit
	case m.Commit == "":
		return "(local)"
	case m.Dirty:
		return commit + " (local, dirty)"
	default:
		return commit + " (local)"
	}
}

// DiffText words what differs: a line for each fact, a block for each module
// with the commits between.
func DiffText(d *inspect.Diff, color bool) string {
	switch {
	case d.Same:
		return "the same bytes: sha256:" + d.A.SHA256 + "\n"
	case d.Nothing():
		return "the bytes differ, but all that is recorded in them is the same\n"
	}
	t := NewTable(color)
	t.AppendHeader(table.Row{"WHAT", Cell(d.A.File), Cell(d.B.File)})
	for _, c := range d.Facts {
		t.AppendRow(table.Row{c.What, Cell(c.A), Cell(c.B)})
	}
	for _, m := range d.Modules {
		t.AppendRow(table.Row{Cell(m.Name()), Cell(moduleWords(m.A)), Cell(moduleWords(m.B))})
	}
	for _, c := range d.ThirdParty {
		t.AppendRow(table.Row{Cell(c.What), Cell(c.A), Cell(c.B)})
	}
	parts := []string{t.Render() + "\n"}
	for _, m := range d.Modules {
		if m.History != nil {
			parts = append(parts, historyText(m.Name(), m.History))
		}
	}
	return strings.Join(parts, "\n")
}

func moduleWords(m *manifest.Module) string {
	if m == nil {
		return ""
	}
	words := strings.TrimSpace(manifest.PatchedVersion(m.Version, len(m.Patches) > 0) + " " + stateOf(m))
	for _, p := range m.Patches {
		words += fmt.Sprintf(" %s:%.12s", p.Name, p.SHA256)
	}
	return words
}

// historyText lists the commits between, newest first.
func historyText(name string, h *source.History) string {
	var b strings.Builder
	list := func(commits []source.Commit, how string) {
		if len(commits) == 0 {
			return
		}
		noun := "commits"
		if len(commits) == 1 {
			noun = "commit"
		}
		fmt.Fprintf(&b, "%s: %d %s %s\n", oneLine(name), len(commits), noun, how)
		for _, c := range commits {
			fmt.Fprintf(&b, "  %s  %s  %s\n", shortCommit(c.Hash), c.Time.Format("2006-01-02"), oneLine(c.Subject))
		}
	}
	list(h.Added, "more")
	list(h.Removed, "less")
	return b.String()
}
