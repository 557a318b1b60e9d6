package screen

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/mirror"
	"github.com/vxlite/vxlite/internal/source"
)

// PushedText words what was pushed: a row for each repository in which there was
// something to do, or for all of them.
func PushedText(r *mirror.PushResult, all, color bool) string {
	t := NewTable(color)
	t.AppendHeader(table.Row{"REPOSITORY", "NEW", "FORWARD", "REFUSED", "SENT", ""})
	rows, failed := 0, 0
	for _, p := range r.Pushed {
		note := ""
		if p.Failed {
			note = "failed"
			failed++
		}
		if len(p.Refs) == 0 && !p.Failed && !all {
			continue
		}
		rows++
		t.AppendRow(table.Row{Cell(p.To), some(p.Count(source.Made)), some(p.Count(source.Forwarded)),
			some(p.Count(source.Elsewhere, source.Diverged, source.Refused)), sizeOrNone(p.Bytes), note})
	}
	var b strings.Builder
	if rows > 0 {
		b.WriteString(t.Render() + "\n\n")
	}
	n := Count(len(r.Pushed), "repository", "repositories")
	if rows == 0 {
		fmt.Fprintf(&b, "%s pushed, nothing new\n", n)
	} else {
		fmt.Fprintf(&b, "%d of %s pushed\n", len(r.Pushed)-failed, n)
	}
	return b.String()
}

// some is a number that is not told where it is none.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return brief.Count(n)
}

// sizeOrNone is a size that is not told where there is none.
func sizeOrNone(n int64) string {
	if n == 0 {
		return ""
	}
	return brief.Bytes(n)
}
