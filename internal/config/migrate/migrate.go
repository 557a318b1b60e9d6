// Package migrate rewrites a velox.toml of an older generation in today's form,
// line by line, so that comments and variables stay: begin at [Config]. What it
// wrote is read again and compared.
package migrate

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
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
	m := &migration{file: file, cfg: old, root: root, lines: strings.Split(string(data), "\n"), seen: map[string]bool{}}
	m.read(data)
	m.tables()
	out := m.text()
	reparsed, err := parse.Data(file, out, dir, keep)
	if err := serious(err, tree.Parse(file, out).Root); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be migrated: %w", file, err)
	}
	if what := differ(old, reparsed); what != "" {
		return nil, nil, fmt.Errorf("%s cannot be migrated: its %s would change", file, what)
	}
	return out, m.notes, nil
}

// migration edits a config's lines.
type migration struct {
	file string
	cfg  *config.Config
	// root has the values as they are written: paths that are relative, and
	// names and passwords in URLs.
	root  *tree.Node
	lines []string
	exprs []expression
	notes []config.Note
	// edits say what becomes of a line: nothing, or other lines.
	edits map[int][]string
	seen  map[string]bool // headers
}

// tables goes over the document once.
func (m *migration) tables() {
	for i, x := range m.exprs {
		if x.kind != unstable.Table {
			continue
		}
		body := m.body(i)
		name := strings.ToLower(strings.Join(x.path, "\x00"))
		repeated := m.seen[name]
		m.seen[name] = true
		switch {
		case repeated: // what it sets is set already, or it would be an error
			m.drop(x)
			for _, b := range body {
				if !m.pluginEntry(b) {
					m.drop(b)
				}
			}
		case is(x.path, "github_token"):
			m.replace(x, "[github.token]")
		case is(x.path, "github"), is(x.path, "gitlab"):
			if len(body) == 0 {
				m.drop(x)
			}
		case is(x.path, "velox"):
			m.velox(x, body)
			continue
		case is(x.path, "target_platform"):
			m.platform(x, body)
			continue
		case is(x.path, "plugins"), is(x.path, "github", "plugins"), is(x.path, "gitlab", "plugins"):
			m.drop(x)
		case is(x.path, "plugins", "*"), is(x.path, "github", "plugins", "*"), is(x.path, "gitlab", "plugins", "*"):
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
