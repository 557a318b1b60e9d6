package screen

import (
	"fmt"
	"slices"
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
		t.AppendHeader(table.Row{"REPOSITORY", "TAGS", "BRANCHES", "SIZE", ""})
		for _, r := range a.Repositories {
			tags, branches := tagsAndBranches(append(slices.Clone(r.New), r.Changed...))
			t.AppendRow(table.Row{Cell(strings.TrimPrefix(r.Path, "git/")), some(tags), some(branches), sizeOrNone(r.Bytes), movedTags(r.Moved)})
		}
		b.WriteString(t.Render() + "\n\n")
	}
	fmt.Fprintf(&b, "%s is applied: %s, %s", name(a.Bundle), Count(len(a.Repositories), "repository", "repositories"), Count(a.Files, "file of modules", "files of modules"))
	if a.Signer != "" {
		fmt.Fprintf(&b, "; it is signed by %s", Cell(a.Signer))
	}
	return b.String() + "\n"
}

// tagsAndBranches counts the tags and the branches among refs.
func tagsAndBranches(refs []string) (tags, branches int) {
	for _, name := range refs {
		switch {
		case strings.HasPrefix(name, "refs/tags/"):
			tags++
		case strings.HasPrefix(name, "refs/heads/"):
			branches++
		}
	}
	return tags, branches
}

// movedTags names tags that are not any more where the mirror had them.
func movedTags(moved []mirrordir.MovedTag) string {
	var notes []string
	for _, m := range moved {
		notes = append(notes, fmt.Sprintf("tag %s has moved from %.12s to %.12s", oneLine(strings.TrimPrefix(m.Name, "refs/tags/")), m.From, m.To))
	}
	return brief.List(notes, 3)
}
