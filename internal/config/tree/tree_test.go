package tree

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
)

const sample = `[build]
name = "a"
Race = "yes"
nmae = "b"
tags = ["x", 2, "y"]
[plugins.Http]
tag = "v1"
[plugins.http]
tag = "v2"
[[modules]]
[[modules]]
path = "c"
`

// TestParse finds values by their keys, with their places.
func TestParse(t *testing.T) {
	doc := Parse("velox.toml", []byte(sample))
	if !doc.Whole || len(doc.Problems) > 0 {
		t.Fatalf("problems %v", doc.Problems)
	}
	for _, tt := range []struct {
		keys              []string
		text, path, place string
	}{
		{[]string{"build", "RACE"}, "yes", "build.Race", "velox.toml:3:8"},               // a key in any case
		{[]string{"plugins", "Http", "tag"}, "v1", "plugins.Http.tag", "velox.toml:7:7"}, // a name as it is written
		{[]string{"plugins", "http", "tag"}, "v2", "plugins.http.tag", "velox.toml:9:7"},
	} {
		n := doc.Root.At(tt.keys...)
		if n == nil || n.Text != tt.text || n.Path() != tt.path || n.Pos.String() != tt.place {
			t.Errorf("%v: %+v", tt.keys, n)
		}
	}
	if n := doc.Root.At("plugins", "HTTP"); n != nil {
		t.Errorf("there is a plugin HTTP at %s", n.Key)
	}
	modules := doc.Root.Get("modules")
	if modules.Kind != unstable.Array || len(modules.Items) != 2 || modules.Items[1].Str("path") != "c" {
		t.Errorf("modules are %+v", modules)
	}
}

// TestReader reports the keys that there are not, and the values of other types
// than their keys, and takes the rest.
func TestReader(t *testing.T) {
	root := Parse("velox.toml", []byte(sample)).Root
	var r Reader
	r.CheckKeys(root)
	build := root.Table("build")
	if name, race := build.Str("name"), build.Bool("race"); name != "a" || race {
		t.Errorf("name %q, race %v", name, race)
	}
	if tags := strings.Join(build.Texts("tags"), " "); tags != "x y" {
		t.Errorf("tags %q", tags)
	}
	const want = `velox.toml:3:8: build.Race is a string, want a boolean
velox.toml:4:1: unknown key "nmae" in [build], did you mean "name"?
velox.toml:5:14: build.tags is an integer, want a string`
	if got := (&config.ErrorList{Problems: r.Problems}).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
