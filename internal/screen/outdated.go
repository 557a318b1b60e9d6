package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/outdated"
)

// OutdatedText words how old modules are: a row for each, and how many of them
// there is something to do about.
func OutdatedText(r *outdated.Result, now time.Time, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"PLUGIN", "VERSION", "NEWEST", "MAJOR", "RELEASE", "AGE", "COMMITS", ""})
	for _, m := range r.Modules {
		age := ""
		if m.Time != nil {
			age = ageText(now.Sub(*m.Time))
		}
		t.AppendRow(table.Row{Cell(m.Name), Cell(m.Version), Cell(m.Newest), Cell(m.Major), Cell(m.Release), Cell(age), Cell(commitsText(m.Commits, m.Apart)), outdatedNotes(m)})
	}
	var b strings.Builder
	b.WriteString(t.Render() + "\n\n")
	if r.Release != "" {
		fmt.Fprintf(&b, "RELEASE is what RoadRunner %s uses\n", oneLine(r.Release))
	}
	if r.Outdated == 0 {
		fmt.Fprintf(&b, "%s, nothing to do\n", Count(len(r.Modules), "module", "modules"))
	} else {
		fmt.Fprintf(&b, "%d of %s outdated\n", r.Outdated, Count(len(r.Modules), "module", "modules"))
	}
	return b.String()
}

// outdatedNotes are what a row's versions do not tell.
func outdatedNotes(m outdated.Row) string {
	var notes []string
	add := func(yes bool, format string, args ...any) {
		if yes {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	add(m.Retracted && m.RetractedWhy == "", "retracted")
	add(m.Retracted && m.RetractedWhy != "", "retracted: %s", oneLine(m.RetractedWhy))
	add(m.Deprecated != "", "deprecated: %s", oneLine(m.Deprecated))
	add(m.Moved, "%s has moved: vxlite update", oneLine(m.Ref))
	add(m.Local, "(local)")
	add(m.Replaced, "(replaced)")
	add(m.Failed, "(not known)")
	return strings.Join(notes, "; ")
}

// ageText words how long ago something was, in one unit.
func ageText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < day:
		return "today"
	case d < 60*day:
		return Count(int(d/day), "day", "days")
	case d < 2*365*day:
		return fmt.Sprintf("%d months", d/(365*day/12))
	}
	return fmt.Sprintf("%d years", d/(365*day))
}
