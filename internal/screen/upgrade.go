package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/upgrade"
)

// mostCommits is how many of a module's commits are listed.
const mostCommits = 20

// UpgradeText words what moved, or for a dry run what would, with the commits
// between and the differences of both files.
func UpgradeText(r *upgrade.Result, color bool) string {
	if len(r.Changes) == 0 {
		return "nothing to upgrade\n" + majorsText(r.Majors)
	}
	t := NewTable(color)
	t.AppendHeader(table.Row{"MODULE", "OLD", "NEW", "COMMITS"})
	for _, c := range r.Changes {
		t.AppendRow(table.Row{Cell(c.Name), Cell(c.Old), Cell(newVersion(c)), Cell(between(c))})
	}
	var b strings.Builder
	b.WriteString(carriedTable(r.Patched, color) + t.Render() + "\n")
	if r.Written {
		fmt.Fprintf(&b, "\n%s, %s  (written)\n", oneLine(r.Config), oneLine(r.Lock))
		return b.String()
	}
	for _, c := range r.Changes {
		if len(c.Commits) > 0 {
			fmt.Fprintf(&b, "\n%s %s to %s\n", oneLine(c.Name), oneLine(c.Old), oneLine(c.New))
			for _, line := range commitLines(c.Commits) {
				b.WriteString("  " + line + "\n")
			}
		}
	}
	fmt.Fprintf(&b, "\n%s\n%s\n%s, %s  (not written: a dry run)\n", printable(r.Diff), printable(r.LockDiff), oneLine(r.Config), oneLine(r.Lock))
	return b.String()
}

// majorsText names what only --major would move.
func majorsText(majors []upgrade.Change) string {
	if len(majors) == 0 {
		return ""
	}
	var all []string
	for _, c := range majors {
		all = append(all, oneLine(c.Name)+" "+oneLine(newVersion(c)))
	}
	return "newer majors, which --major takes: " + strings.Join(all, ", ") + "\n"
}

// newVersion is the new version, with the module path where that changes.
func newVersion(c upgrade.Change) string {
	if c.OldPath != "" {
		return c.New + " " + c.Path
	}
	return c.New
}

// between words how many commits a change is.
func between(c upgrade.Change) string { return commitsText(len(c.Commits), c.Apart) }

// commitsText words how many commits one version has that another lacks, and where its
// history does not lead on from that other, how they are related.
func commitsText(n int, apart bool) string {
	switch {
	case apart && n == 0:
		return "older"
	case apart:
		return fmt.Sprintf("%d, diverged", n)
	case n > 0:
		return fmt.Sprint(n)
	}
	return ""
}

// commitLines are a line for each commit, the newest first, as far as they are
// listed. What they say is foreign.
func commitLines(commits []source.Commit) (out []string) {
	for i, c := range commits {
		if i == mostCommits {
			return append(out, fmt.Sprintf("and %d more", len(commits)-i))
		}
		out = append(out, fmt.Sprintf("%s  %s  %s", shortCommit(c.Hash), c.Time.Format("2006-01-02"), oneLine(c.Subject)))
	}
	return out
}

// UpgradeMarkdown words what moved as the text of a pull request. Subjects stand in
// blocks of code, where nothing in them is a link, a mention or markup.
func UpgradeMarkdown(r *upgrade.Result) string {
	if len(r.Changes) == 0 {
		return "Nothing to upgrade.\n"
	}
	var b strings.Builder
	if r.Release != "" {
		fmt.Fprintf(&b, "The versions that RoadRunner %s uses.\n\n", code(r.Release))
	}
	b.WriteString("| module | old | new | commits |\n|---|---|---|---|\n")
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(c.Name), code(c.Old), code(newVersion(c)), between(c))
	}
	for _, c := range r.Changes {
		if len(c.Commits) > 0 {
			fmt.Fprintf(&b, "\n<details><summary>%s: %s</summary>\n\n```\n%s\n```\n\n</details>\n", htmlText(c.Name), Count(len(c.Commits), "commit", "commits"),
				strings.ReplaceAll(strings.Join(commitLines(c.Commits), "\n"), "```", "'''"))
		}
	}
	return b.String()
}

// code is text as Markdown shows it in a cell of a table, to the letter.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "\\|").Replace(oneLine(s)) + "`"
}

// htmlText is text within an element.
func htmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(oneLine(s))
}
