package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/patching"
)

// EditedText words a clone to work in, and what can be done with it.
func EditedText(e *patching.Edited) string {
	t := NewTable(false)
	t.AppendRow(table.Row{Cell(e.Dir), Cell(e.Name), Cell(manifest.PatchedVersion(e.Version, e.Commits > 0)), shortCommit(e.Commit), Count(e.Commits, "patch", "patches"), "branch " + Cell(e.Branch)})
	return t.Render() + fmt.Sprintf("\n\nedit and commit there; try it with vxlite run --watch --with %[1]s=%[2]s\nthen keep it with vxlite patch save %[1]s%[3]s\n",
		oneLine(e.Name), oneLine(e.Dir), where(e.Name, e.Dir))
}

// where is the flag that names a clone, unless that is where it would be looked for.
func where(name, dir string) string {
	if dir == patching.Dir(name) {
		return ""
	}
	return " -o " + oneLine(dir)
}

// SavedText words what became of patches: a line for each file.
// next is what to do now, or empty.
func SavedText(s *patching.Saved, next string) string {
	t := NewTable(false)
	for _, f := range s.Files {
		t.AppendRow(table.Row{Cell(f.File), f.Was})
	}
	if s.Config != "" {
		key := "patches is taken out"
		if len(s.Patches) > 0 {
			key = "patches = [" + quoted(s.Patches) + "]"
		}
		t.AppendRow(table.Row{Cell(s.Config), oneLine(key)})
	}
	if t.Length() == 0 {
		return fmt.Sprintf("%s has no patches\n", oneLine(s.Name))
	}
	text := t.Render() + "\n"
	if next != "" {
		text += "\n" + next + "\n"
	}
	return text
}

func quoted(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return strings.Join(out, ", ")
}
