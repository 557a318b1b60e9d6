package vendoring

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vxlite/vxlite/internal/lock"
)

// TestModules takes a module cache apart and makes one of what was taken, from
// a folder that may be changed and from one that may not.
func TestModules(t *testing.T) {
	cache := t.TempDir()
	for name, data := range map[string]string{
		"cache/download/example.com/!acme/lib/@v/v1.0.0.zip":                   "zip",
		"cache/download/example.com/none/@v/v1.0.0.zip":                        "zip",
		"cache/download/example.com/old/@v/v1.0.0.zip":                         "zip",
		"cache/download/example.com/graph/@v/v1.0.0.mod":                       "module",
		"cache/download/golang.org/toolchain/@v/v0.0.1-go1.26.4.plan9-arm.zip": "go",
		"golang.org/toolchain@v0.0.1-go1.26.4.plan9-arm/go.mod":                "module",
		"example.com/!acme/lib@v1.0.0/go.mod":                                  "module lib",
		"example.com/!acme/lib@v1.0.0/used/used.go":                            "package used",
		"example.com/!acme/lib@v1.0.0/other/other.go":                          "package other",
		"example.com/none@v1.0.0/go.mod":                                       "module none", // no package of it is used
		"example.com/none@v1.0.0/none.go":                                      "package none",
		"example.com/old@v1.0.0/old.go":                                        "package old", // from before go.mod
	} {
		put(t, cache, name, data)
	}
	files := []string{join(cache, "example.com/!acme/lib@v1.0.0/used/used.go"), join(cache, "example.com/old@v1.0.0/old.go")}
	files = append(files, files[0]) // used on two targets
	vendored := t.TempDir()
	if err := WriteModules(t.Context(), cache, filepath.Join(vendored, ModulesDir), files, []string{"b", "a"}); err != nil {
		t.Fatal(err)
	}
	if got := Kinds(vendored); !slices.Equal(got, []string{"a", "b"}) || Kinds(cache) != nil {
		t.Errorf("kinds %q", got)
	}
	trees := []string{
		"KINDS",
		"example.com/!acme/lib@v1.0.0/go.mod",
		"example.com/!acme/lib@v1.0.0/used/used.go",
		"example.com/none@v1.0.0/go.mod",
		"example.com/old@v1.0.0/old.go",
	}
	expect(t, filepath.Join(vendored, ModulesDir), trees)

	// none has no .mod in the proxy tree, old no checksum, and absent no directory
	for _, name := range []string{"!acme/lib/@v/v1.0.0", "old/@v/v1.0.0", "absent/@v/v1.0.0"} {
		put(t, vendored, "proxy/example.com/"+name+".mod", "module")
		put(t, vendored, "proxy/example.com/"+name+".info", "{}")
	}
	sums := []lock.Sum{
		{Path: "example.com/Acme/lib", Version: "v1.0.0", H1: "h1:lib"},
		{Path: "example.com/absent", Version: "v1.0.0", H1: "h1:absent"},
		{Path: "example.com/none", Version: "v1.0.0", H1: "h1:none"},
		{Path: "example.com/old", Version: "v1.0.0", GoMod: "h1:old"},
	}
	download := "cache/download/example.com/!acme/lib/@v/v1.0.0."
	want := slices.Concat(trees[:1], []string{download + "info", download + "mod", download + "ziphash"}, trees[1:])
	for _, change := range []bool{false, true} {
		made := filepath.Join(t.TempDir(), "made")
		if err := OpenModules(t.Context(), vendored, made, change, sums); err != nil {
			t.Fatal(err)
		}
		expect(t, made, want)
		if h1, _ := os.ReadFile(join(made, download+"ziphash")); string(h1) != "h1:lib" {
			t.Errorf("ziphash %s", h1)
		}
		if _, err := os.Stat(filepath.Join(vendored, ModulesDir)); (err != nil) != change {
			t.Errorf("what was opened, with leave to change it %v: %v", change, err)
		}
	}
}

// expect compares the files below dir with names, sorted.
func expect(t *testing.T, dir string, names []string) {
	t.Helper()
	if got, err := walk(dir); err != nil || !slices.Equal(got, names) {
		t.Errorf("%v %q\nwant %q", err, got, names)
	}
}

// TestNeededBy decides over all kinds of files, by a lock of one module.
func TestNeededBy(t *testing.T) {
	needed := neededBy(&lock.File{
		Modules: []lock.Module{{Path: "example.com/plugin", Commit: "abc"}},
		Sums: []lock.Sum{{Path: "example.com/Acme/lib", Version: "v1.0.0", H1: "h1:", GoMod: "h1:"},
			{Path: "example.com/graph", Version: "v1.0.0", GoMod: "h1:"}},
	})
	for name, want := range map[string]bool{
		"velox.toml":   true,
		"git/abc/HEAD": true,
		"git/abd/HEAD": false,
		"proxy/example.com/!acme/lib/@v/v1.0.0.zip":   true,
		"proxy/example.com/!acme/lib/@v/v1.0.1.zip":   false,
		"proxy/example.com/graph/@v/v1.0.0.mod":       true,
		"proxy/example.com/graph/@v/v1.0.0.zip":       false,
		"cache/aa/aa-d":                               true,
		"mod/KINDS":                                   true,
		"mod/example.com/!acme/lib@v1.0.0/go.mod":     true,
		"mod/example.com/!acme/lib@v1.0.0/a/x@y/z.go": true,
		"mod/example.com/!acme/lib@v1.0.1/go.mod":     false,
		"mod/example.com/graph@v1.0.0/go.mod":         false,
		"mod/other":                                   false,
	} {
		if got := needed(name); got != want {
			t.Errorf("%s: needed %v", name, got)
		}
	}
}
