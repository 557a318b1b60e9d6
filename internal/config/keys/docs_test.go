package keys

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// marked is a table of a document that is made from those of these keys.
var marked = regexp.MustCompile(`(?m)^<!-- keys: (.*) -->\n(\|.*\n)+`)

// TestDocs holds the tables of the documents to the keys: UPDATE_DOCS=1 writes
// them.
func TestDocs(t *testing.T) {
	for page, tables := range map[string]int{"config.md": 12, "security.md": 1} {
		file := filepath.Join("..", "..", "..", "docs", page)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(marked.FindAll(data, -1)); n != tables {
			t.Errorf("docs/%s has %d tables of keys, want %d", page, n, tables)
		}
		got := marked.ReplaceAllStringFunc(string(data), func(old string) string {
			line, _, _ := strings.Cut(old, "\n")
			return line + "\n" + markdown(strings.Fields(marked.FindStringSubmatch(old)[1]))
		})
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != string(data) {
			t.Errorf("docs/%s is not what the keys say: UPDATE_DOCS=1 go test -run Docs ./internal/config/keys", page)
		}
	}
}

// markdown is a table of the keys below these paths, in which each is written as
// a path if there are several.
func markdown(paths []string) string {
	defaults := false
	var rows [][3]string
	var add func(t *Table, prefix string)
	add = func(t *Table, prefix string) {
		for _, k := range t.Keys {
			switch {
			case k.Type == Section && k.Table.Names == nil:
				add(k.Table, prefix+k.Name+".")
				continue
			case k.Type == Section && k.Table.Names.Type == Section: // has a table of its own
				continue
			}
			rows = append(rows, [3]string{prefix + k.Name, k.Doc, k.Default})
			defaults = defaults || k.Default != ""
		}
	}
	for _, path := range paths {
		table := Root
		for name := range strings.SplitSeq(path, ".") {
			table = table.Key(name).Table
		}
		prefix := ""
		if len(paths) > 1 {
			prefix = path + "."
		}
		add(table, prefix)
	}
	var b strings.Builder
	if !defaults {
		b.WriteString("| key | meaning |\n|---|---|\n")
		for _, row := range rows {
			fmt.Fprintf(&b, "| `%s` | %s |\n", row[0], row[1])
		}
		return b.String()
	}
	b.WriteString("| key | meaning | default |\n|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row[0], row[1], row[2])
	}
	return strings.ReplaceAll(b.String(), "|  |", "| |")
}
