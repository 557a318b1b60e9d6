package parse

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vxlite/vxlite/internal/config/tree"
	"github.com/vxlite/vxlite/internal/schema"
)

// velox compiles the schema of velox.toml.
func velox(t testing.TB) *jsonschema.Schema {
	t.Helper()
	data, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4) // which the schema's own $schema overrules
	if err := c.AddResource(schema.URL, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schema.URL)
	if err != nil {
		t.Fatal(err)
	}
	if s.DraftVersion != 2020 {
		t.Fatalf("it is of JSON Schema %d", s.DraftVersion)
	}
	return s
}

// asJSON is a config as an editor hands it to a schema.
func asJSON(n *tree.Node) any {
	switch n.Kind {
	case unstable.Table:
		m := map[string]any{}
		for _, item := range n.Items {
			m[item.Name] = asJSON(item)
		}
		return m
	case unstable.Array:
		list := []any{}
		for _, item := range n.Items {
			list = append(list, asJSON(item))
		}
		return list
	case unstable.Integer, unstable.Float:
		return json.Number(strings.ReplaceAll(n.Text, "_", ""))
	case unstable.Bool:
		return n.Text == "true"
	}
	return n.Text // dates, too
}

// TestSchemaAccepts wants the schema to take every config of the tests.
func TestSchemaAccepts(t *testing.T) {
	s := velox(t)
	seen := 0
	lookup := func(name string) (string, bool) { return "/srv/" + strings.ToLower(name), true }
	accept := func(name string, data []byte) {
		doc := tree.Parse(name, data)
		if !doc.Whole {
			return // of a test of syntax errors
		}
		if _, err := Data(name, data, dir, lookup); err != nil && !strings.HasSuffix(name, "generation0.toml") {
			return // of the test of an error
		}
		seen++
		if err := s.Validate(asJSON(doc.Root)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	testdata := filepath.Join("..", "..", "..", "testdata")
	for _, pattern := range []string{filepath.Join(testdata, "velox", "*.toml"), filepath.Join(testdata, "script", "*.txtar")} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) == ".toml" {
				accept(file, data)
				continue
			}
			for _, f := range txtar.Parse(data).Files {
				if strings.HasSuffix(f.Name, ".toml") {
					accept(file+"/"+f.Name, f.Data)
				}
			}
		}
	}
	if seen < 150 {
		t.Errorf("%d configs, want all of the scripts", seen)
	}
}

// TestSchemaRejects wants it to refuse the broken configs, but for those of
// which it sees nothing.
func TestSchemaRejects(t *testing.T) {
	s := velox(t)
	unseen := map[string]bool{}
	for _, names := range notInSchema {
		for _, name := range names {
			unseen[name] = true
		}
	}
	for _, b := range brokenConfigs {
		doc := tree.Parse("acme.toml", []byte(b.whole()))
		err := s.Validate(asJSON(doc.Root))
		if len(doc.Problems) > 0 {
			continue // it is no TOML, and no schema is asked
		}
		if err == nil && !unseen[b.name] {
			t.Errorf("the schema accepts %q", b.name)
		} else if err != nil && unseen[b.name] {
			t.Errorf("the schema sees %q", b.name)
		}
		delete(unseen, b.name)
	}
	for name := range unseen {
		t.Errorf("there is no config %q", name)
	}
}

// notInSchema are the broken configs that a schema cannot know to be broken, by
// what it would have to see.
var notInSchema = map[string][]string{
	"another value": {
		"no such plugin to allow methods of", "no such plugin to allow", "ref and tag differ", "plugin's ref and tag differ",
		"project id", "project id, own endpoint, other project", "project ids", "names differ in case", "one name in two tables", "a module twice",
		"a module at two refs", "a module in two folders", "a module and a plugin", "import of another module", "base_url and endpoint",
		"two tokens", "hosts differ in case", "replaces the same", "excludes another major", "target twice", "targets and platform",
		"bad module path", "module's path", // a path beside it allows any name
		"flag without value", "ldflags without a dash",
	},
	"the environment": {
		"undefined", "undefined password", "undefined in build_args", "newline", "NUL", "not UTF-8", "newline in a token", "no home",
	},
	"that a string is a date": {"date for string"},
	"which files there are":   {"no such patch", "an empty patch", "patches of nothing", "two plugins of a module, patches of one"},
	"more than a pattern says": {
		"size beyond all", "malformed", "not closed", "quote not closed", "race not boolean", "ref is a range", "replace's version",
		"scp host is a flag", "not a URL", "password", "base cannot be parsed", "empty mirror", "pattern", "replaces no version",
		"replaces by a version of a directory", "replace by a version of a directory", "ldflags quote",
		"RoadRunner's name",
	},
}
