package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/mirrordir"
)

// BundledText words a bundle that was written: a line for it and one for its record.
func BundledText(b *mirrordir.Bundled, color bool) string {
	what := "whole"
	if b.Bundle.Number > 1 {
		what = fmt.Sprintf("what is new since bundle %d", b.Bundle.Number-1)
	}
	t := NewTable(color)
	t.AppendRow(table.Row{Cell(b.Path), fmt.Sprintf("bundle %d: %s", b.Bundle.Number, what), Count(b.Packs, "pack", "packs"),
		Count(b.Files, "file of modules", "files of modules"), brief.Bytes(b.Size), "sha256:" + Cell(b.SHA256)})
	return t.Render() + "\n" + Cell(b.Record) + " is for the next one, with --since-bundle\n"
}

// AppliedText words what a bundle brought: a row for each repository with something
// new, and what became of tags that had been elsewhere.
func AppliedText(a *mirrordir.Applied, color bool) string {
	name := func(b mirrordir.Bundle) string { return fmt.Sprintf("bundle %d (%s)", b.Number, Cell(b.Name)) }
	if a.Already {
		text := name(a.Bundle) + " was applied before"
		if a.Now.ID != a.Bundle.ID {
			text += ", and " + name(*a.Now) + " since"
		}
		return text + "\n"
	}
	var b strings.Builder
	if len(a.Repositories) > 0 {
		t := NewTable(color)
		t.AppendHeader(table.Row{"REPOSITORY", "NEW", "CHANGED", "SIZE"})
		for _, r := range a.Repositories {
			t.AppendRow(table.Row{Cell(r.URL), newRefs(r.New), Count(len(r.Changed), "branch", "branches"), brief.Bytes(r.Bytes)})
		}
		b.WriteString(t.Render() + "\n")
	}
	for _, r := range a.Repositories {
		for _, m := range r.Moved {
			fmt.Fprintf(&b, "%s: the tag %s has moved from %.12s to %.12s\n", Cell(r.URL), Cell(strings.TrimPrefix(m.Name, "refs/tags/")), m.From, m.To)
		}
	}
	fmt.Fprintf(&b, "%s is applied, with %s", name(a.Bundle), Count(a.Files, "file of modules", "files of modules"))
	if a.Signer != "" {
		fmt.Fprintf(&b, "; it is signed by %s", Cell(a.Signer))
	}
	return b.String() + "\n"
}

// newRefs counts tags and branches.
func newRefs(names []string) string {
	tags, branches := 0, 0
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "refs/tags/"):
			tags++
		case strings.HasPrefix(name, "refs/heads/"):
			branches++
		}
	}
	var parts []string
	if tags > 0 {
		parts = append(parts, Count(tags, "tag", "tags"))
	}
	if branches > 0 {
		parts = append(parts, Count(branches, "branch", "branches"))
	}
	return strings.Join(parts, ", ")
}
