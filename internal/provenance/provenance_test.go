package provenance

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
)

// TestMake compares the statement as a whole.
func TestMake(t *testing.T) {
	commit := strings.Repeat("a", 40)
	b := &inspect.Binary{
		File: `dist\rr.exe`, SHA256: strings.Repeat("0", 64), Target: "windows/amd64", Go: "go1.26.4", Settings: []string{"CGO_ENABLED=0", "GOAMD64=v1"},
		Manifest: &manifest.Manifest{Format: 1, Config: "sha256:11", Flags: []string{"-trimpath", "-ldflags=-s"}, Modules: []manifest.Module{
			{Name: "here", Path: "github.com/acme/here", Version: "v0.0.0", Commit: commit, Local: true, Dirty: true},
			{Path: "github.com/acme/lib", Version: "v1.0.0", URL: "https://github.com/acme/fork.git", Commit: commit, Folder: "lib",
				H1: "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=", ReplacedBy: "github.com/acme/fork@v1.0.1",
				Patches: []manifest.Patch{{Name: "0001-x.patch", SHA256: strings.Repeat("2", 64)}}},
		}},
		ThirdParty: []inspect.Module{
			{Path: "example.com/third/tally", Version: "v1.0.0", Sum: "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=", ReplacedBy: "example.com/third/other@v1.0.1"},
			{Path: "example.com/third/mine", Version: "v1.1.0", ReplacedBy: inspect.Folder},
		},
	}
	got, err := Make(b, "/srv/acme/velox.toml", "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "sample.intoto.json")
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s\nwant, unless it is rightly so (UPDATE_SCRIPTS=1):\n%s", got, want)
	}
	if bytes.Contains(got, []byte("/srv/acme")) {
		t.Error("a directory of this machine is in it")
	}
}

// TestRequired looks for the fields that in-toto and SLSA require.
func TestRequired(t *testing.T) {
	got, err := Make(&inspect.Binary{File: "rr", Manifest: &manifest.Manifest{}}, "velox.toml", "v0.1.0")
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]any
	if err := json.Unmarshal(got, &s); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"_type", "subject", "predicateType", "predicate.buildDefinition.buildType", "predicate.buildDefinition.externalParameters",
		"predicate.buildDefinition.resolvedDependencies", "predicate.runDetails.builder.id"} {
		at := any(s)
		for _, name := range strings.Split(path, ".") {
			m, _ := at.(map[string]any)
			at = m[name]
		}
		if at == nil {
			t.Errorf("%s is missing", path)
		}
	}
}

func TestMakeWithoutManifest(t *testing.T) {
	if _, err := Make(&inspect.Binary{File: "x"}, "velox.toml", "v0.1.0"); err == nil {
		t.Error("a statement of nothing was made")
	}
}
