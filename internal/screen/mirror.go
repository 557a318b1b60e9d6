package screen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/mirror"
)

// FilledText words what has changed in a mirror: a row for each repository in which
// something has, or for all of them; and the lines for configs.
func FilledText(r *mirror.Result, all, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"REPOSITORY", "TAGS", "BRANCHES", "SIZE", ""})
	rows, changed := 0, 0
	var size int64
	for _, repo := range r.Repositories {
		size += repo.Bytes
		if repo.New || len(repo.Tags)+len(repo.Branches)+len(repo.Moved) > 0 || repo.Bytes > 0 {
			changed++
		} else if !all {
			continue
		}
		rows++
		t.AppendRow(table.Row{Cell(strings.TrimPrefix(repo.Path, "git/")), some(len(repo.Tags)), some(len(repo.Branches)), sizeOrNone(repo.Bytes), repositoryNotes(repo)})
	}
	var b strings.Builder
	if rows > 0 {
		b.WriteString(t.Render() + "\n\n")
	}
	n := Count(len(r.Repositories), "repository", "repositories")
	switch {
	case changed == 0:
		fmt.Fprintf(&b, "%s, nothing new\n", n)
	case size == 0:
		fmt.Fprintf(&b, "%s, no new objects\n", n)
	default:
		fmt.Fprintf(&b, "%s, %s fetched\n", n, brief.Bytes(size))
	}
	if p := r.Proxy; p != nil && p.Files > 0 {
		fmt.Fprintf(&b, "%s, %s added to the proxy's files\n", Count(p.Modules, "module", "modules"), brief.Bytes(p.Bytes))
	}
	if p := r.Proxy; p != nil && len(p.Unknown) > 0 {
		fmt.Fprintf(&b, "%s does not know %s\n", p.Database, brief.List(p.Unknown, brief.Most))
	}
	b.WriteString(mirrorLines(r))
	return b.String()
}

// repositoryNotes are what a row's numbers do not tell.
func repositoryNotes(r mirror.Repository) string {
	var notes []string
	for _, b := range r.Rewritten {
		notes = append(notes, oneLine(b)+" was rewritten")
	}
	for _, m := range r.Moved {
		notes = append(notes, "tag "+oneLine(m.Tag)+" has moved upstream")
	}
	return brief.List(notes, 3)
}

// mirrorLines are what a config needs to use a mirror.
func mirrorLines(r *mirror.Result) string {
	var b strings.Builder
	b.WriteString("\nIn a config:\n\n   [mirrors]\n")
	for _, l := range r.Mirrors {
		fmt.Fprintf(&b, "   %s = %s\n", strconv.Quote(l.From), strconv.Quote(l.To))
	}
	if r.GOPROXY == "" {
		return b.String()
	}
	fmt.Fprintf(&b, "\nFor the go command:\n\n   go env -w GOPROXY=%s\n", r.GOPROXY)
	return b.String()
}
