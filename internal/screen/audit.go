package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/audit"
	"github.com/vxlite/vxlite/internal/brief"
)

// AuditText words what is known to be vulnerable: a row for each, what to do about
// each module, and which database says so.
func AuditText(r *audit.Result, now time.Time, color bool) string {
	var b strings.Builder
	if len(r.Findings) > 0 {
		b.WriteString(findingsTable(r.Findings, color) + "\n\n")
	}
	var told []string
	for _, f := range r.Findings {
		if !f.Counts() {
			continue
		}
		if text := remedyText(&f); !slices.Contains(told, text) {
			told = append(told, text)
			b.WriteString(text + "\n")
		}
	}
	for _, l := range r.Licences {
		found := "none found"
		if len(l.Found) > 0 {
			found = brief.List(l.Found, 5)
		}
		fmt.Fprintf(&b, "licence of %s %s: %s\n", oneLine(l.Module), oneLine(l.Version), oneLine(found))
	}
	for _, path := range r.Skipped {
		fmt.Fprintf(&b, "not audited, as its version is not known: %s\n", oneLine(path))
	}
	fmt.Fprintf(&b, "database: %s\n%s\n", databaseText(r.Database, now), totals(r))
	return b.String()
}

// AuditNote says in one line that nothing was found for which a build is refused.
func AuditNote(r *audit.Result, now time.Time) string {
	return "audit: " + totals(r) + "; database " + databaseText(r.Database, now)
}

// totals counts what was found.
func totals(r *audit.Result) string {
	linked, ignored, how := 0, 0, "linked"
	for _, f := range r.Findings {
		if !f.Known {
			how = "perhaps linked"
		}
		if f.Linked() {
			linked++
		}
		if f.Linked() && !f.Counts() {
			ignored++
		}
	}
	all := Count(len(r.Findings), "finding", "findings")
	switch {
	case len(r.Findings) == 0:
		return "no known vulnerabilities"
	case linked == 0:
		return all + ", none of which is linked"
	case ignored > 0:
		return fmt.Sprintf("%s, of which %d %s, and of these %d ignored", all, linked, how, ignored)
	}
	return fmt.Sprintf("%s, of which %d %s", all, linked, how)
}

func findingsTable(all []audit.Finding, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"VULNERABILITY", "MODULE", "VERSION", "FIXED IN", "LINKED", "PLUGINS", ""})
	for _, f := range all {
		t.AppendRow(table.Row{Cell(f.ID), Cell(f.Module), Cell(f.Version), Cell(f.Fixed), linkedText(&f), Cell(brief.List(f.Plugins, 3)), oneLine(f.Summary) + ignoredText(f.Ignored)})
	}
	return t.Render()
}

// linkedText says whether what is vulnerable is linked.
func linkedText(f *audit.Finding) string {
	switch {
	case !f.Known:
		return "not known"
	case f.Reach == audit.ReachSymbol:
		return "yes"
	case f.Reach == audit.ReachPackage:
		return "no, only its package"
	}
	return "no"
}

// ignoredText says what the config says of a finding.
func ignoredText(i *audit.Ignored) string {
	if i == nil {
		return ""
	}
	text := " (ignored"
	if i.Expired {
		text = " (was ignored"
	}
	if !i.Until.IsZero() {
		text += " until " + i.Until.Format(time.DateOnly)
	}
	if i.Reason != "" {
		text += ": " + oneLine(i.Reason)
	}
	return text + ")"
}

// remedyText says where a module comes from, and what mends it.
func remedyText(f *audit.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", oneLine(f.Module), oneLine(f.Version))
	if len(f.Chain) > 1 {
		b.WriteString("  imported by " + oneLine(strings.Join(f.Chain, " → ")) + "\n")
	}
	if f.Remedy == "" {
		return b.String() + "  no version fixes it\n"
	}
	for line := range strings.Lines(f.Remedy) {
		b.WriteString("  " + strings.TrimSuffix(printable(line), "\n") + "\n")
	}
	return b.String()
}

// databaseText says which database it was, and when it was last changed.
func databaseText(d audit.Database, now time.Time) string {
	if d.Modified.IsZero() {
		return oneLine(d.Name) + ", of unknown age"
	}
	date := oneLine(d.Name) + ", last changed on " + d.Modified.UTC().Format(time.DateOnly)
	if age := ageText(now.Sub(d.Modified)); age != "today" {
		return date + ", " + age + " ago"
	}
	return date
}
