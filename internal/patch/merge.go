package patch

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/rogpeppe/go-internal/diff"
)

// Merge makes edits in a tree that is not the one they were made of: ours. What
// both have changed alike is merged, line by line; where that cannot be, the file
// has both, between the marks that git uses, and its name is in conflicts. ref and
// patch name the two sides there. An edit that ours has already changes nothing.
func Merge(ours Tree, edits []Edit, ref, patch string) (out []Edit, conflicts []string, err error) {
	for _, e := range edits {
		m := merger{ours: ours, ref: ref, patch: patch}
		merged, err := m.edit(e)
		if err != nil {
			return nil, nil, err
		}
		if m.conflict {
			conflicts = append(conflicts, e.name())
		}
		if merged.Old != merged.New || !equal(merged.Before, merged.After) {
			out = append(out, merged)
		}
	}
	return out, conflicts, nil
}

// Changed are edits as changes of a tree.
func Changed(edits []Edit) Changes {
	out := Changes{}
	for _, e := range edits {
		if e.Old != "" && e.Old != e.New && out[e.Old] == nil {
			out[e.Old] = nil
		}
		if e.New != "" {
			out[e.New] = e.After
		}
	}
	return out
}

func equal(a, b *File) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && bytes.Equal(a.Data, b.Data)
}

// merger merges one edit.
type merger struct {
	ours       Tree
	ref, patch string
	conflict   bool
}

// file is one of ours; what is no file is none.
func (m *merger) file(name string) (*File, error) {
	if name == "" {
		return nil, nil
	}
	f, err := m.ours.File(name)
	if err != nil || f == nil || f.Kind == Folder {
		return nil, err
	}
	if f.Kind > Executable {
		return nil, fmt.Errorf("%s is a %s, not a file", name, f.Kind)
	}
	return f, nil
}

func (m *merger) edit(e Edit) (Edit, error) {
	old := e.Old
	if old == "" {
		old = e.New
	}
	ours, err := m.file(old)
	if err != nil {
		return e, err
	}
	if ours == nil && e.Old != "" && e.New != "" && e.Old != e.New { // renamed by both
		if ours, err = m.file(e.New); err != nil {
			return e, err
		}
		old = e.New
	}
	out := Edit{Old: old, New: e.New, Before: ours}
	if ours == nil {
		out.Old = ""
	}
	switch {
	case e.After == nil && (ours == nil || equal(ours, e.Before)):
		if ours == nil {
			out.New = "" // gone by both
		}
	case e.After == nil: // changed by one, removed by the other: who works it out removes it
		m.conflict, out.New, out.After = true, out.Old, ours
	case ours == nil && e.Before == nil:
		out.After = e.After
	case ours == nil:
		m.conflict, out.After = true, e.After
	default:
		out.After = m.content(e, ours)
	}
	return out, nil
}

// content merges a file that both sides have.
func (m *merger) content(e Edit, ours *File) *File {
	before := e.Before
	if before == nil {
		before = &File{Kind: ours.Kind} // made by both
	}
	out := &File{Kind: ours.Kind}
	if e.After.Kind != before.Kind {
		out.Kind = e.After.Kind
	}
	switch {
	case bytes.Equal(before.Data, ours.Data):
		out.Data = e.After.Data
	case bytes.Equal(ours.Data, e.After.Data), bytes.Equal(before.Data, e.After.Data):
		out.Data = ours.Data
	case isBinary(before.Data) || isBinary(ours.Data) || isBinary(e.After.Data):
		m.conflict, out.Data = true, e.After.Data
	default:
		var conflict bool
		out.Data, conflict = merge3(before.Data, ours.Data, e.After.Data, m.ref, m.patch)
		m.conflict = m.conflict || conflict
	}
	return out
}

// region is lines from first to before end, counted from 0, that are others.
type region struct {
	first, end int
	lines      []string
}

// regions are what differs between two texts.
func regions(old, now []byte) []region {
	files, _, err := gitdiff.Parse(bytes.NewReader(diff.Diff("a/x", old, "b/x", now)))
	if err != nil || len(files) == 0 {
		return []region{{0, len(splitLines(old)), splitLines(now)}}
	}
	var out []region
	for _, frag := range files[0].TextFragments {
		at := int(frag.OldPosition) - 1
		if frag.OldLines == 0 {
			at++ // such a hunk names the line before it
		}
		var r *region
		for _, l := range frag.Lines {
			if l.Op == gitdiff.OpContext {
				at, r = at+1, nil
				continue
			}
			if r == nil {
				out = append(out, region{first: at, end: at})
				r = &out[len(out)-1]
			}
			if l.Op == gitdiff.OpDelete {
				at++
				r.end = at
			} else {
				r.lines = append(r.lines, l.Line)
			}
		}
	}
	return out
}

// merge3 merges two texts that come from a third. Changes that touch each other are
// a conflict unless they are the same.
func merge3(base, ours, theirs []byte, ref, patch string) (out []byte, conflict bool) {
	lines := splitLines(base)
	a, b := regions(base, ours), regions(base, theirs)
	var text strings.Builder
	at := 0
	for len(a) > 0 || len(b) > 0 {
		first, end, na, nb := together(a, b)
		text.WriteString(strings.Join(lines[at:first], ""))
		x, y := rewritten(lines, first, end, a[:na]), rewritten(lines, first, end, b[:nb])
		switch {
		case nb == 0 || slices.Equal(x, y):
			text.WriteString(strings.Join(x, ""))
		case na == 0:
			text.WriteString(strings.Join(y, ""))
		default:
			conflict = true
			fmt.Fprintf(&text, "<<<<<<< %s\n%s=======\n%s>>>>>>> %s\n", ref, ended(x), ended(y), patch)
		}
		at, a, b = end, a[na:], b[nb:]
	}
	text.WriteString(strings.Join(lines[at:], ""))
	return []byte(text.String()), conflict
}

// together takes the first regions of both sides that touch each other: how many
// of each, and from where to where they go.
func together(a, b []region) (first, end, na, nb int) {
	first, end = -1, -1
	for {
		switch {
		case na < len(a) && (first < 0 && (len(b) == 0 || a[0].first <= b[0].first) || first >= 0 && a[na].first <= end):
			if first < 0 {
				first = a[na].first
			}
			end = max(end, a[na].end)
			na++
		case nb < len(b) && (first < 0 || b[nb].first <= end):
			if first < 0 {
				first = b[nb].first
			}
			end = max(end, b[nb].end)
			nb++
		default:
			return first, end, na, nb
		}
	}
}

// rewritten are the lines from first to end after some changes.
func rewritten(lines []string, first, end int, changes []region) (out []string) {
	for _, c := range changes {
		out = append(append(out, lines[first:c.first]...), c.lines...)
		first = c.end
	}
	return append(out, lines[first:end]...)
}

// ended are lines of which the last one ends.
func ended(lines []string) string {
	text := strings.Join(lines, "")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}
