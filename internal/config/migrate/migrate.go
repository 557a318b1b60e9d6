// Package migrate rewrites a velox.toml of an older generation in today's form,
// line by line, so that comments and variables stay: begin at [Config]. What it
// wrote is read again and compared.
package migrate

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/lines"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// Config returns a config of an older generation in today's form: plugins in
// [plugins.NAME], the compiler's settings in [build]. Comments stay where they
// are, variables as they are. What cannot be migrated is left as it is, and is
// among the notes. A config in today's form is returned unchanged.
func Config(file string, data []byte, dir string) ([]byte, []config.Note, error) {
	keep := func(name string) (string, bool) { return "${" + name + "}", true }
	old, err := parse.Data(file, data, dir, keep)
	root := tree.Parse(file, data).Root
	if err := serious(err, root); err != nil {
		return nil, nil, err
	}
	m := &migration{file: file, cfg: old, root: root, doc: lines.Read(data), seen: map[string]bool{}}
	m.tables()
	m.projects()
	out := m.doc.Text()
	reparsed, err := parse.Data(file, out, dir, keep)
	if err := serious(err, tree.Parse(file, out).Root); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be migrated: %w", file, err)
	}
	if what := differ(old, reparsed); what != "" {
		return nil, nil, fmt.Errorf("%s cannot be migrated: its %s would change", file, what)
	}
	return out, m.notes, nil
}

// MovesPlugins reports whether Config would move plugins into [plugins], where
// today's are.
func MovesPlugins(file string, data []byte, dir string) (bool, error) {
	before := forgePlugins(data)
	if before == 0 {
		return false, nil
	}
	out, _, err := Config(file, data, dir)
	return forgePlugins(out) < before, err
}

// forgePlugins counts what is said of plugins in [github] and [gitlab].
func forgePlugins(data []byte) int {
	n := 0
	for _, x := range lines.Read(data).Expressions {
		if len(x.Path) > 2 && (lines.Is(x.Path[:2], "github", "plugins") || lines.Is(x.Path[:2], "gitlab", "plugins")) {
			n++
		}
	}
	return n
}

// migration edits a config's lines.
type migration struct {
	file string
	cfg  *config.Config
	// root has the values as they are written: paths that are relative, and
	// names and passwords in URLs.
	root  *tree.Node
	doc   *lines.Document
	notes []config.Note
	seen  map[string]bool // headers
	// numbered are the plugins that git cannot say where to clone from.
	numbered []lines.Expression
}

// tables goes over the document once.
func (m *migration) tables() {
	for i, x := range m.doc.Expressions {
		if x.Kind != unstable.Table {
			continue
		}
		body := m.doc.Body(i)
		name := strings.ToLower(strings.Join(x.Path, "\x00"))
		repeated := m.seen[name]
		m.seen[name] = true
		switch {
		case repeated: // what it sets is set already, or it would be an error
			m.doc.Drop(x)
			for _, b := range body {
				if !m.pluginEntry(b) {
					m.doc.Drop(b)
				}
			}
		case lines.Is(x.Path, "github_token"):
			m.doc.Replace(x, "[github.token]")
		case lines.Is(x.Path, "github"), lines.Is(x.Path, "gitlab"):
			if len(body) == 0 {
				m.doc.Drop(x)
			}
		case lines.Is(x.Path, "velox"):
			m.velox(x, body)
			continue
		case lines.Is(x.Path, "target_platform"):
			m.platform(x, body)
			continue
		case lines.Is(x.Path, "plugins"), lines.Is(x.Path, "github", "plugins"), lines.Is(x.Path, "gitlab", "plugins"):
			m.doc.Drop(x)
		case lines.Is(x.Path, "plugins", "*"), lines.Is(x.Path, "github", "plugins", "*"), lines.Is(x.Path, "gitlab", "plugins", "*"):
			m.plugin(x, body)
			continue
		}
		for _, b := range body {
			if m.pluginEntry(b) {
				m.inline(b)
			}
		}
	}
}

func (m *migration) notef(x lines.Expression, format string, args ...any) {
	m.notes = append(m.notes, config.Note{Pos: config.Position{File: m.file, Line: x.First + 1, Column: 1}, Text: fmt.Sprintf(format, args...)})
}
