package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/workspace"
)

// notableTable renders RoadRunner, the modules that are local, of --with or patched, and those that have
// changed since the last build, which is nil where that is not known. A line counts the others.
func notableTable(modules, before []workspace.Row, color bool) string {
	t := newModuleTable(color)
	var others []workspace.Row
	for i, m := range modules {
		note := joined(changed(m, before), localState(m))
		if i > 0 && !m.Local && !m.With && m.Patches == "" && note == "" {
			others = append(others, m)
			continue
		}
		t.AppendRow(moduleRow(m, note))
	}
	for _, m := range before {
		if !slices.ContainsFunc(modules, func(now workspace.Row) bool { return now.Path == m.Path }) {
			t.AppendRow(moduleRow(m, "(removed)"))
		}
	}
	text := t.Render() + "\n"
	if len(others) > 0 {
		text += "not shown: " + counted(others) + "; --table lists all\n"
	}
	return text
}

// changed words what has become of a module since the last build, if that is
// known and anything has.
func changed(m workspace.Row, before []workspace.Row) string {
	if len(before) == 0 {
		return ""
	}
	i := slices.IndexFunc(before, func(b workspace.Row) bool { return b.Path == m.Path })
	switch {
	case i < 0:
		return "(added)"
	case before[i].Patches != m.Patches && version(before[i]) == version(m) && commitText(before[i]) == commitText(m):
		return "(its patches have changed)"
	case before[i].Version != m.Version || before[i].Commit != m.Commit || before[i].Local != m.Local || before[i].Patches != m.Patches:
		return fmt.Sprintf("(was %s %s)", Cell(version(before[i])), Cell(commitText(before[i])))
	}
	return ""
}

// counted counts plugins and other modules.
func counted(modules []workspace.Row) string {
	plugins, rest := 0, 0
	for _, m := range modules {
		if m.Name == "" {
			rest++
		} else {
			plugins += 1 + strings.Count(m.Name, ", ") // one module may have several
		}
	}
	var parts []string
	if plugins > 0 {
		parts = append(parts, Count(plugins, "plugin", "plugins"))
	}
	if rest > 0 {
		parts = append(parts, Count(rest, "module", "modules"))
	}
	return strings.Join(parts, " and ")
}

func joined(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}
