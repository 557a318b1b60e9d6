package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/patching"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/update"
	"github.com/vxlite/vxlite/internal/vendoring"
	"github.com/vxlite/vxlite/internal/workspace"
)

// ShowResult writes a command's result to stdout: v as a line of JSON, or what
// words makes of it.
func (s *Screen) ShowResult(v any, words func(color bool) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.opts.JSON:
		s.Write(jsonLine(v))
	case !s.opts.Quiet:
		s.Write(Wrap(words(s.opts.ColorResult), s.resultWidth()))
	}
}

// Done shows what a command made. For --json it is an event, the last one.
func (s *Screen) Done(result any, words func(color bool) string) {
	s.done(result, func(color bool) string { return Wrap(words(color), s.resultWidth()) })
}

// done is Done for text that is not to be wrapped.
func (s *Screen) done(result any, words func(color bool) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.display != nil {
		s.display.done()
	}
	switch {
	case s.opts.JSON:
		s.Write(jsonLine(struct {
			Event  string `json:"event"`
			Result any    `json:"result"`
		}{"done", result}))
	case !s.opts.Quiet:
		s.Write(words(s.opts.ColorResult))
	}
}

// Document shows text that is made for another program, also with --quiet:
// nothing else was asked for.
func (s *Screen) Document(format, text string) {
	type document struct {
		Format string `json:"format"`
		Text   string `json:"text"`
	}
	s.done(struct {
		Document document `json:"document"`
	}{document{format, text}}, func(bool) string { return text })
	if s.opts.Quiet && !s.opts.JSON {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.Write(text)
	}
}

// Removed shows what is gone.
func (s *Screen) Removed(r *store.Removed) {
	for _, name := range r.Paths {
		s.Sink().Send(event.Event{Kind: event.Debug, Text: "removed " + name})
	}
	s.Done(struct {
		Removed *store.Removed `json:"removed"`
	}{r}, func(bool) string {
		if len(r.Paths) == 0 {
			return "there was nothing to remove\n"
		}
		return "removed " + Count(len(r.Paths), "entry", "entries") + ", " + brief.Bytes(r.Size) + "\n"
	})
}

// Wrote are the files that a command has written, and of what they are.
type Wrote struct {
	Files   []string `json:"files,omitempty"`
	Summary string   `json:"summary,omitempty"`
}

// Wrote shows which files were written.
func (s *Screen) Wrote(w Wrote) { s.done(w, func(bool) string { return wroteText(w) }) }

// wroteText words which files were written.
func wroteText(w Wrote) string {
	var b strings.Builder
	for _, f := range w.Files {
		b.WriteString(oneLine(f) + "\n")
	}
	if w.Summary != "" {
		b.WriteString(strings.TrimSuffix(printable(w.Summary), "\n") + "\n")
	}
	return b.String()
}

// BuildText words what a build made: a table of what went in, all of it or what
// is notable, then a line for each binary.
func BuildText(r *build.Result, all, color bool) string {
	var parts []string
	if len(r.Modules) > 0 {
		parts = append(parts, wentIn(r.Modules, r.Before, all, color))
	}
	if len(r.Binaries) > 0 {
		parts = append(parts, binaryTable(r.Binaries, color)+"\n")
	}
	return strings.Join(parts, "\n")
}

// VendoredText words a vendor folder: what went in, all of it or what is notable,
// and where it is.
func VendoredText(r *vendoring.Result, all, color bool) string {
	return wentIn(r.Modules, nil, all, color) + "\n" + vendoredTable(r.Vendored, color) + "\n"
}

func wentIn(modules, before []workspace.Row, all, color bool) string {
	if all {
		return moduleTable(modules, color) + "\n"
	}
	return notableTable(modules, before, color)
}

// vendoredTable renders a line for a vendor folder or file. A folder's hash is
// that of its list of hashes.
func vendoredTable(v *vendoring.Made, color bool) string {
	t := NewTable(color)
	of := ""
	if !v.Archive {
		of = "(of SHA256SUMS)"
	}
	t.AppendRow(table.Row{Cell(v.Path), Count(v.Files, "file", "files"), brief.Bytes(v.Size), "sha256:" + Cell(v.SHA256), of})
	return t.Render()
}

// moduleTable renders the modules in the order given.
func moduleTable(modules []workspace.Row, color bool) string {
	t := newModuleTable(color)
	for _, m := range modules {
		t.AppendRow(moduleRow(m, localState(m)))
	}
	return t.Render()
}

func newModuleTable(color bool) table.Writer {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "COMMIT", "FROM", ""})
	return t
}

// moduleRow is a module's, with a note in the last column.
func moduleRow(m workspace.Row, note string) table.Row {
	from := Cell(m.From)
	if m.Stored {
		from = "store, for " + from
	}
	return table.Row{Cell(cmp.Or(m.Name, m.Path)), Cell(version(m)), Cell(commitText(m)), from, note}
}

// version is a module's version, marked where there are patches.
func version(m workspace.Row) string { return manifest.PatchedVersion(m.Version, m.Patches != "") }

func commitText(m workspace.Row) string {
	if m.Local {
		return "(local)"
	}
	return shortCommit(m.Commit)
}

// localState words whether a local directory is as its repository has it. It
// is empty for all others, so that it must stand in the last column.
func localState(m workspace.Row) string {
	switch {
	case m.Head == "":
		return ""
	case m.Dirty:
		return "(dirty, on " + shortCommit(m.Head) + ")"
	}
	return "(clean, at " + shortCommit(m.Head) + ")"
}

// UpdateText words what became of a lock, and before it of patches.
func UpdateText(r *update.Result, color bool) string {
	return carriedTable(r.Patched, color) + LockText(r.Lock, color)
}

// carriedTable renders a line for each patch that was carried over, and a blank one;
// it is empty for none.
func carriedTable(moved []patching.Moved, color bool) string {
	if len(moved) == 0 {
		return ""
	}
	t := NewTable(color)
	t.AppendHeader(table.Row{"PATCHED", "VERSION", "PATCH", ""})
	for _, m := range moved {
		for _, p := range m.Patches {
			t.AppendRow(table.Row{Cell(m.Name), Cell(m.Version), Cell(p.File), string(p.Fate)})
		}
	}
	return t.Render() + "\n\n"
}

// LockText words what became of a lock: what moved, and how much it holds.
func LockText(l *update.Outcome, color bool) string {
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
	fmt.Fprintf(&b, "%s  %s, %s  (%s)\n", oneLine(l.Path), Count(l.Modules, "module", "modules"), Count(l.Sums, "checksum", "checksums"), state)
	return b.String()
}

// changeTable renders a line for each module that moved.
func changeTable(changes []update.Change, color bool) string {
	t := NewTable(color)
	between := slices.ContainsFunc(changes, func(c update.Change) bool { return c.Commits > 0 || c.Apart })
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
		row := table.Row{Cell(name), Cell(movedRef(c)), Cell(lockedText(c.Old)), Cell(lockedText(c.New))}
		if between {
			row = append(row, Cell(commitsText(c.Commits, c.Apart)), Cell(strings.Join(c.Tags, " ")))
		}
		t.AppendRow(row)
	}
	return t.Render()
}

func movedRef(c update.Change) string {
	switch {
	case c.Old == nil:
		return c.New.Ref
	case c.New == nil || c.Old.Ref == c.New.Ref:
		return c.Old.Ref
	}
	return c.Old.Ref + " to " + c.New.Ref
}

func lockedText(l *update.Entry) string {
	if l == nil {
		return ""
	}
	return manifest.PatchedVersion(l.Version, l.Patches > 0) + " " + shortCommit(l.Commit)
}

// binaryTable renders a line for each binary.
func binaryTable(binaries []build.Binary, color bool) string {
	t := NewTable(color)
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
		t.AppendRow(table.Row{Cell(b.Path), Cell(b.Target), brief.Bytes(b.Size), "sha256:" + Cell(b.SHA256), note})
		for _, f := range b.Beside {
			t.AppendRow(table.Row{Cell(f.Path), Cell(f.Kind), brief.Bytes(f.Size), "sha256:" + Cell(f.SHA256)})
		}
	}
	return t.Render()
}

// Cell words a table's cell. An empty one gets a dash, so that awk and cut
// find the same columns in every line.
func Cell(s string) string {
	if s = oneLine(s); s == "" {
		return "-"
	}
	return s
}

// NewTable returns a table without any lines, so that its rows grep well.
func NewTable(color bool) table.Writer {
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

// CacheTable renders the store: a line in all, one for each part, and how many
// locks builds have used lately.
func CacheTable(c *store.Contents, color bool) string {
	t := NewTable(color)
	var files int
	var size int64
	for _, p := range c.Parts {
		files += p.Files
		size += p.Size
	}
	t.AppendRow(table.Row{Cell(c.Path), Count(files, "file", "files"), brief.Bytes(size)})
	for _, p := range c.Parts {
		t.AppendRow(table.Row{"  " + Cell(p.Name), Count(p.Files, "file", "files"), brief.Bytes(p.Size)})
	}
	return t.Render() + "\n" + Count(len(c.Locks), "lock", "locks") + " used in the last 30 days"
}
