package migrate

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config/lines"
)

// fillIn is the comment above the projects to fill in.
var fillIn = []string{"# Write the path of each project in place of GROUP/PROJECT, and remove the # before", "# its number."}

// projects writes a line to fill in for each GitLab project that is known by its
// number only, into [gitlab.projects].
func (m *migration) projects() {
	if len(m.numbered) == 0 {
		m.dropProjects()
		return
	}
	var names, ids []string
	for _, x := range m.numbered {
		names = append(names, strconv.Quote(x.Path[len(x.Path)-1]))
		id := "# " + m.root.At(x.Path...).Get("repository").Text + ` = "GROUP/PROJECT"`
		there := func(line string) bool { return strings.TrimSpace(line) == id } // it was migrated before
		if !slices.ContainsFunc(m.doc.Lines, there) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	m.notef(m.numbered[0], "left in [gitlab.plugins], as git cannot clone by number: %s; fill in [gitlab.projects], and migrate again", strings.Join(names, ", "))
	header := slices.IndexFunc(m.doc.Expressions, func(x lines.Expression) bool {
		return x.Kind == unstable.Table && lines.Is(x.Path, "gitlab", "projects")
	})
	switch end := len(m.doc.Lines) - 1; {
	case len(ids) == 0:
	case header >= 0:
		m.doc.Insert(m.doc.Expressions[header].Last+1, ids...)
	case m.root.At("gitlab", "projects") != nil: // in another form, of which there cannot be two
	default:
		table := slices.Concat([]string{""}, fillIn, []string{"[gitlab.projects]"}, ids)
		if m.doc.Lines[end] != "" { // no line end
			end++
			table = append(table, "")
		}
		m.doc.Insert(end, table...)
	}
}

// dropProjects removes [gitlab.projects], which no plugin needs any more, with the
// comment of a former migration.
func (m *migration) dropProjects() {
	for i, x := range m.doc.Expressions {
		if x.Kind != unstable.Table || !lines.Is(x.Path, "gitlab", "projects") {
			continue
		}
		m.doc.Drop(x)
		for _, gone := range m.doc.Body(i) {
			m.doc.Drop(gone)
		}
		if above := x.First - len(fillIn); above >= 0 && slices.Equal(m.doc.Lines[above:x.First], fillIn) {
			m.doc.Delete(above, x.First-1)
		}
	}
}
