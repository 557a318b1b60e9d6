package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/event"
)

// resultText words what a build made: a table of what went in, then a line
// for each binary.
func resultText(r *event.Result, color bool) string {
	if r.Workspace != nil {
		return workspaceText(r.Workspace, color)
	}
	if r.Findings != nil {
		return findingsText(r.Findings, color)
	}
	if r.Document != nil {
		return r.Document.Text // made for another program, not for the terminal
	}
	var parts []string
	if r.Lock != nil {
		return lockText(r.Lock, color)
	}
	if len(r.Files) > 0 || r.Summary != "" {
		parts = append(parts, filesText(r))
	}
	if len(r.Modules) > 0 {
		parts = append(parts, moduleTable(r.Modules, color)+"\n")
	}
	if len(r.Binaries) > 0 {
		parts = append(parts, binaryTable(r.Binaries, color)+"\n")
	}
	if r.Check != nil {
		parts = append(parts, checkText(r.Check, color))
	}
	if r.Vendored != nil {
		parts = append(parts, vendoredTable(r.Vendored, color)+"\n")
	}
	if r.Removed != nil {
		parts = append(parts, "removed "+count(len(r.Removed.Paths), "entry", "entries")+", "+byteSize(r.Removed.Size)+"\n")
	}
	if r.Cache != nil {
		parts = append(parts, cacheTable(r.Cache, color)+"\n")
	}
	return strings.Join(parts, "\n")
}

// filesText words which files were written.
func filesText(r *event.Result) string {
	var b strings.Builder
	for _, f := range r.Files {
		b.WriteString(oneLine(f) + "\n")
	}
	if r.Summary != "" {
		b.WriteString(strings.TrimSuffix(printable(r.Summary), "\n") + "\n")
	}
	return b.String()
}

// vendoredTable renders a line for a vendor folder or file. A folder's hash is
// that of its list of hashes.
func vendoredTable(v *event.Vendored, color bool) string {
	t := newTable(color)
	of := ""
	if !v.Archive {
		of = "(of SHA256SUMS)"
	}
	t.AppendRow(table.Row{cell(v.Path), count(v.Files, "file", "files"), byteSize(v.Size), "sha256:" + cell(v.SHA256), of})
	return t.Render()
}

// moduleTable renders the modules in the order given.
func moduleTable(modules []event.Module, color bool) string {
	t := newTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "COMMIT", "FROM", ""})
	for _, m := range modules {
		name := m.Name
		if name == "" {
			name = m.Path
		}
		commit := shortCommit(m.Commit)
		if m.Local {
			commit = "(local)"
		}
		from := cell(m.From)
		if m.Stored {
			from = "store, for " + from
		}
		t.AppendRow(table.Row{cell(name), cell(m.Version), cell(commit), from, localState(m)})
	}
	return t.Render()
}

// localState words whether a local directory is as its repository has it. It
// is empty for all others, so that it must stand in the last column.
func localState(m event.Module) string {
	switch {
	case m.Head == "":
		return ""
	case m.Dirty:
		return "(dirty, on " + shortCommit(m.Head) + ")"
	}
	return "(clean, at " + shortCommit(m.Head) + ")"
}

// lockText words what became of a lock: what moved, and how much it holds.
func lockText(l *event.Lock, color bool) string {
	var b strings.Builder
	if len(l.Changes) > 0 {
		b.WriteString(changeTable(l.Changes, color) + "\n\n")
	}
	state := "unchanged"
	switch {
	case l.DryRun && len(l.Changes) > 0:
		state = "not written: a dry run"
	case l.Written:
		state = "written"
	}
	fmt.Fprintf(&b, "%s  %s, %s  (%s)\n", oneLine(l.Path), count(l.Modules, "module", "modules"), count(l.Sums, "checksum", "checksums"), state)
	return b.String()
}

// changeTable renders a line for each module that moved.
func changeTable(changes []event.Change, color bool) string {
	t := newTable(color)
	between := slices.ContainsFunc(changes, func(c event.Change) bool { return c.Commits > 0 || c.Apart })
	header := table.Row{"MODULE", "REF", "OLD", "NEW"}
	if between {
		header = append(header, "COMMITS", "TAGS")
	}
	t.AppendHeader(header)
	for _, c := range changes {
		name := c.Name
		if name == "" {
			name = c.Path
		}
		row := table.Row{cell(name), cell(movedRef(c)), cell(lockedText(c.Old)), cell(lockedText(c.New))}
		if between {
			row = append(row, cell(commitCount(c)), cell(strings.Join(c.Tags, " ")))
		}
		t.AppendRow(row)
	}
	return t.Render()
}

func movedRef(c event.Change) string {
	switch {
	case c.Old == nil:
		return c.New.Ref
	case c.New == nil || c.Old.Ref == c.New.Ref:
		return c.Old.Ref
	}
	return c.Old.Ref + " to " + c.New.Ref
}

func lockedText(l *event.Locked) string {
	if l == nil {
		return ""
	}
	return l.Version + " " + shortCommit(l.Commit)
}

// commitCount words how many commits lie between. A history that does not lead
// from one to the other is worth a word.
func commitCount(c event.Change) string {
	switch {
	case c.Apart:
		return fmt.Sprintf("%d, from elsewhere", c.Commits)
	case c.Commits > 0:
		return fmt.Sprint(c.Commits)
	}
	return ""
}

// binaryTable renders a line for each binary.
func binaryTable(binaries []event.Binary, color bool) string {
	t := newTable(color)
	for _, b := range binaries {
		note := ""
		switch {
		case b.UpToDate && b.Verified:
			note = "(up to date, verified)"
		case b.UpToDate:
			note = "(up to date)"
		case b.Verified:
			note = "(verified)"
		}
		t.AppendRow(table.Row{cell(b.Path), cell(b.Target), byteSize(b.Size), "sha256:" + cell(b.SHA256), note})
		for _, f := range b.Beside {
			t.AppendRow(table.Row{cell(f.Path), cell(f.Kind), byteSize(f.Size), "sha256:" + cell(f.SHA256)})
		}
	}
	return t.Render()
}

// cell words a table's cell. An empty one gets a dash, so that awk and cut
// find the same columns in every line.
func cell(s string) string {
	if s = oneLine(s); s == "" {
		return "-"
	}
	return s
}

// newTable returns a table without any lines, so that its rows grep well.
func newTable(color bool) table.Writer {
	style := table.Style{
		Name:    "vxlite",
		Box:     table.BoxStyle{PaddingRight: "  "},
		Options: table.OptionsNoBordersAndSeparators,
	}
	if color {
		style.Color.Header = text.Colors{text.Bold}
	}
	t := table.NewWriter()
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// cacheTable renders the store: a line in all, and one for each part.
func cacheTable(c *event.Cache, color bool) string {
	t := newTable(color)
	var files int
	var size int64
	for _, p := range c.Parts {
		files += p.Files
		size += p.Size
	}
	t.AppendRow(table.Row{cell(c.Path), count(files, "file", "files"), byteSize(size)})
	for _, p := range c.Parts {
		t.AppendRow(table.Row{"  " + cell(p.Name), count(p.Files, "file", "files"), byteSize(p.Size)})
	}
	return t.Render()
}
