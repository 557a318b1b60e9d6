package edit

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config/tree"
)

// TestSet has each form in which a value can stand.
func TestSet(t *testing.T) {
	ref := Change{Table: PluginTable("a"), Keys: []string{"tag", "ref"}, Old: "v1.0.0", New: "v1.1.0"}
	path := Change{Table: PluginTable("a"), Keys: []string{"module_name"}, Old: "x/a", New: "x/a/v2"}
	rr := Change{Table: []string{"roadrunner"}, Keys: []string{"ref"}, Old: "v1", New: "v2"}
	second := Change{Table: []string{"modules", "1"}, Keys: []string{"ref"}, Old: "v1.0.0", New: "v1.1.0"}
	for _, tt := range []struct {
		changes       []Change
		before, after string // empty where nothing is found
	}{
		{[]Change{ref}, "[plugins.a]\ntag = \"v1.0.0\" # why\n", "[plugins.a]\ntag = \"v1.1.0\" # why\n"},
		{[]Change{ref, path}, "[plugins.a]\r\ntag='v1.0.0'\r\nmodule_name = \"x/a\"", "[plugins.a]\r\ntag='v1.1.0'\r\nmodule_name = \"x/a/v2\""},
		{[]Change{ref, path}, "plugins = { b = { ref = \"v1.0.0\" }, a = { ref = \"v1.0.0\", module_name = \"x/a\" } }\n",
			"plugins = { b = { ref = \"v1.0.0\" }, a = { ref = \"v1.1.0\", module_name = \"x/a/v2\" } }\n"},
		{[]Change{ref}, "[plugins]\nb.ref = \"v1.0.0\"\na.ref = \"\"\"v1.0.0\"\"\"\n", "[plugins]\nb.ref = \"v1.0.0\"\na.ref = \"v1.1.0\"\n"},
		{[]Change{ref}, "\ufeff[GitHub.Plugins.a]\nRef = \"v1.0.0\"\n", "\ufeff[GitHub.Plugins.a]\nRef = \"v1.1.0\"\n"},
		{[]Change{ref}, "[plugins.a]\nreplace = \"v1.0.0\"\n[plugins.a.more]\nref = \"v1.0.0\"\n", ""},
		{[]Change{ref}, "[plugins.a]\ntag = \"${TAG}\"\n", ""},
		{[]Change{ref}, "[plugins.A]\ntag = \"v1.0.0\"\n", ""},
		{[]Change{rr}, "[[modules]]\nref = \"v1\"\n[roadrunner]\nref = \"v1\"\n", "[[modules]]\nref = \"v1\"\n[roadrunner]\nref = \"v2\"\n"},
		{[]Change{second}, "[[modules]]\nref = \"v1.0.0\"\n\n[[modules]]\nref = \"v1.0.0\"\n", "[[modules]]\nref = \"v1.0.0\"\n\n[[modules]]\nref = \"v1.1.0\"\n"},
		{[]Change{second}, "modules = [ { ref = \"v1.0.0\" }, # one\n { ref = \"v1.0.0\" } ]", "modules = [ { ref = \"v1.0.0\" }, # one\n { ref = \"v1.1.0\" } ]"},
		{[]Change{rr}, "[roadrunner]\nref = \"v1\"\n[log]\n[roadrunner]\nref = \"v1\"\n", "[roadrunner]\nref = \"v2\"\n[log]\n[roadrunner]\nref = \"v2\"\n"},
		{[]Change{rr, second}, "[roadrunner]\nref = \"v2\"\n", ""},
	} {
		got, missing := Set([]byte(tt.before), tt.changes...)
		if tt.after == "" && (len(missing) != len(tt.changes) || string(got) != tt.before) || tt.after != "" && (len(missing) > 0 || string(got) != tt.after) {
			t.Errorf("%q:\n%q, missing %v, want\n%q", tt.before, got, missing, tt.after)
		}
	}
}

// FuzzSet changes every string of a document that can be parsed. What comes out
// can be parsed too, and has the new value where the old one was.
func FuzzSet(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "velox", "*.toml"))
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a = [ [ { b = '''x''' } ], \"\\u00e4\" ] # c\n\"q.q\".r = \"\"\"\n\"\"\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !whole(data) || len(data) > 4<<10 || bytes.Contains(data, []byte("\ufeff")) {
			return
		}
		for _, v := range values(data) {
			last := len(v.path) - 1
			if last < 1 || v.path[0] == "plugins" {
				continue
			}
			c := Change{Table: v.path[:last], Keys: v.path[last:], Old: v.text, New: "new/" + strings.Repeat("n", len(v.text)%7)}
			got, missing := Set(data, c)
			if len(missing) > 0 {
				t.Fatalf("%q is not found", v.path)
			}
			if !whole(got) {
				t.Fatalf("%q cannot be parsed:\n%s", v.path, got)
			}
			if !slices.ContainsFunc(values(got), func(w value) bool { return w.text == c.New }) {
				t.Fatalf("%q is not changed:\n%s", v.path, got)
			}
		}
	})
}

func whole(data []byte) bool { return tree.Parse("x", data).Whole }
