package vendordir

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/testkit"
)

// zipped puts a module into a module cache, unpacked and in its zip, and returns
// its checksum.
func zipped(t *testing.T, cache string, m module.Version, files map[string]string) string {
	t.Helper()
	p, err := module.EscapePath(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		put(t, cache, p+"@"+m.Version+"/"+name, data)
		f, err := w.Create(m.Path + "@" + m.Version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := "cache/download/" + p + "/@v/" + m.Version + ".zip"
	put(t, cache, name, b.String())
	h1, err := dirhash.HashZip(join(cache, name), dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	return h1
}

// opened is a folder's contents, once it has its list.
func opened(t *testing.T, dir string) *Contents {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, archive.ListFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if _, err := WriteList(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	c, err := Check(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestModules takes a module cache apart and makes one of what was taken, from
// a folder that may be changed and from one that may not.
func TestModules(t *testing.T) {
	cache := t.TempDir()
	for name, data := range map[string]string{
		"cache/download/example.com/graph/@v/v1.0.0.mod":                       "module",
		"cache/download/golang.org/toolchain/@v/v0.0.1-go1.26.4.plan9-arm.zip": "go",
		"golang.org/toolchain@v0.0.1-go1.26.4.plan9-arm/go.mod":                "module",
	} {
		put(t, cache, name, data)
	}
	lib := zipped(t, cache, module.Version{Path: "example.com/Acme/lib", Version: "v1.0.0"},
		map[string]string{"go.mod": "module lib", "used/used.go": "package used", "other/other.go": "package other"})
	none := zipped(t, cache, module.Version{Path: "example.com/none", Version: "v1.0.0"}, // no package of it is used
		map[string]string{"go.mod": "module none", "none.go": "package none"})
	zipped(t, cache, module.Version{Path: "example.com/old", Version: "v1.0.0"}, map[string]string{"old.go": "package old"}) // from before go.mod
	files := []string{join(cache, "example.com/!acme/lib@v1.0.0/used/used.go"), join(cache, "example.com/old@v1.0.0/old.go")}
	files = append(files, files[0]) // used on two targets
	vendored := t.TempDir()
	if err := WriteModules(t.Context(), cache, filepath.Join(vendored, ModulesDir), files, []string{"b", "a"}); err != nil {
		t.Fatal(err)
	}
	trees := []string{
		"KINDS",
		"SUMS/example.com/!acme/lib@v1.0.0",
		"SUMS/example.com/none@v1.0.0",
		"SUMS/example.com/old@v1.0.0",
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
	put(t, vendored, LockFile, "lock")
	// what a folder may have besides, and nobody wants
	put(t, vendored, "mod/cache/download/example.com/other/@v/v1.0.0.ziphash", "h1:other")
	put(t, vendored, "mod/example.com/other@v1.0.0/other.go", "package other")
	c := opened(t, vendored)
	if got := c.Kinds(); !slices.Equal(got, []string{"a", "b"}) || (&Contents{dir: cache}).Kinds() != nil {
		t.Errorf("kinds %q", got)
	}
	sums := []lock.Sum{
		{Path: "example.com/Acme/lib", Version: "v1.0.0", H1: lib},
		{Path: "example.com/absent", Version: "v1.0.0", H1: "h1:absent"},
		{Path: "example.com/none", Version: "v1.0.0", H1: none},
		{Path: "example.com/old", Version: "v1.0.0", GoMod: "h1:old"},
	}
	download := "cache/download/example.com/!acme/lib/@v/v1.0.0."
	want := []string{download + "info", download + "mod", download + "ziphash", trees[4], trees[5], trees[6]}
	for _, change := range []bool{false, true} {
		made := filepath.Join(t.TempDir(), "made")
		if err := c.OpenModules(t.Context(), made, change, sums); err != nil {
			t.Fatal(err)
		}
		expect(t, made, want)
		if h1, _ := os.ReadFile(join(made, download+"ziphash")); string(h1) != lib {
			t.Errorf("ziphash %s", h1)
		}
		if _, err := os.Stat(join(vendored, "mod/example.com/!acme/lib@v1.0.0")); (err != nil) != change {
			t.Errorf("what was opened, with leave to change it %v: %v", change, err)
		}
	}
}

// TestModulesChanged has folders whose lists are sound, and whose modules are
// not those of the lock.
func TestModulesChanged(t *testing.T) {
	const sumFile = "mod/SUMS/example.com/!lib@v1.0.0"
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string // of the error
		opened bool   // as a module
	}{
		{"nothing", func(*testing.T, string) {}, "", true},
		{"a file", func(t *testing.T, dir string) { put(t, dir, "mod/example.com/!lib@v1.0.0/used.go", "package evil") },
			"DIR: checksum mismatch with velox.lock: mod/example.com/!lib@v1.0.0/used.go", false},
		{"a file more", func(t *testing.T, dir string) { put(t, dir, "mod/example.com/!lib@v1.0.0/more.go", "package evil") },
			"DIR: checksum mismatch with velox.lock: mod/example.com/!lib@v1.0.0/more.go", false},
		{"a file and its checksum", func(t *testing.T, dir string) {
			put(t, dir, "mod/example.com/!lib@v1.0.0/used.go", "package evil")
			put(t, dir, sumFile, fmt.Sprintf("%x  example.com/Lib@v1.0.0/used.go\n", sha256.Sum256([]byte("package evil"))))
		}, "DIR: checksum mismatch with velox.lock: " + sumFile, false},
		{"no checksums", func(t *testing.T, dir string) {
			if err := os.Remove(join(dir, sumFile)); err != nil {
				t.Fatal(err)
			}
		}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cache, dir := t.TempDir(), t.TempDir()
			h1 := zipped(t, cache, module.Version{Path: "example.com/Lib", Version: "v1.0.0"}, map[string]string{"used.go": "package used", "b/b.go": "package b"})
			if err := WriteModules(t.Context(), cache, filepath.Join(dir, ModulesDir), []string{join(cache, "example.com/!lib@v1.0.0/used.go")}, []string{"a"}); err != nil {
				t.Fatal(err)
			}
			put(t, dir, LockFile, "lock")
			tt.change(t, dir)
			c := opened(t, dir)
			made := filepath.Join(t.TempDir(), "made")
			got := ""
			if err := c.OpenModules(t.Context(), made, false, []lock.Sum{{Path: "example.com/Lib", Version: "v1.0.0", H1: h1}}); err != nil {
				got = strings.ReplaceAll(testkit.Unix(err.Error()), testkit.Unix(dir), "DIR")
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if _, err := os.Stat(join(made, "example.com/!lib@v1.0.0/used.go")); (err == nil) != tt.opened {
				t.Errorf("opened: %v", err)
			}
		})
	}
}

// expect compares the files below dir with names, sorted.
func expect(t *testing.T, dir string, names []string) {
	t.Helper()
	if got, err := form.Walk(dir); err != nil || !slices.Equal(got, names) {
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
		"mod/SUMS/example.com/!acme/lib@v1.0.0":       true,
		"mod/SUMS/example.com/graph@v1.0.0":           false,
		"mod/other":                                   false,
	} {
		if got := needed(name); got != want {
			t.Errorf("%s: needed %v", name, got)
		}
	}
}
