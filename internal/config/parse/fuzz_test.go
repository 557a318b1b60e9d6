package parse

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// FuzzParse wants no panic, problems that have a place in the data, text that can
// be printed, and a schema that accepts what is accepted here.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "velox", "*.toml"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a.b = 1\n[a]\nb = 1\n[[a.b]]\n[[x]]\n[x]\n"))
	f.Add([]byte("plugins.a = { tga = '${A}', path.x = [[1], { y = 2 }] }\nvelox.build_args = ['$A', '-ldflags']"))

	lookup := env(map[string]string{"A": "a\nb", "HOME": "/home/ann", "VERSION": "1"})
	s := velox(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := bytes.Split(data, []byte("\n"))
		check := func(pos config.Position, text string) {
			if !printable(text) || text == "" {
				t.Errorf("text is %q", text)
			}
			if pos == (config.Position{File: "acme.toml"}) {
				return // the file as a whole
			}
			if pos.File != "acme.toml" || pos.Line < 1 || pos.Line > len(lines) ||
				pos.Column < 1 || pos.Column > len(lines[pos.Line-1])+1 {
				t.Errorf("%q stands at %v", text, pos)
			}
		}
		c, err := Data("acme.toml", data, dir, lookup)
		for _, n := range c.Notes {
			check(n.Pos, n.Text)
		}
		for _, p := range c.Plugins {
			check(p.Pos, "plugin")
		}
		if err == nil {
			// A plugin that is always in needs no more than its name.
			always := slices.ContainsFunc(c.Notes, func(n config.Note) bool { return strings.Contains(n.Text, "is always in") })
			if err := s.Validate(asJSON(tree.Parse("acme.toml", data).Root)); err != nil && !always {
				t.Errorf("the schema says: %v", err)
			}
			return
		}
		problems := err.(*config.ErrorList).Problems
		for i, p := range problems {
			check(p.Pos, p.Text)
			if i > 0 && p.Pos.Compare(problems[i-1].Pos) < 0 {
				t.Errorf("%s stands behind %s", p.Pos, problems[i-1].Pos)
			}
		}
	})
}
