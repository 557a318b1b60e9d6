package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

const patchedRepo = `url github.com/acme/patched
branch main
add 1
commit 2026-03-01T10:00:00Z One
tag v1.0.0
-- 1/LICENSE --
MIT
-- 1/plugin/go.mod --
module github.com/acme/patched/plugin
-- 1/plugin/plugin.go --
package plugin
-- 1/plugin/nested/go.mod --
module github.com/acme/patched/plugin/nested
-- 1/plugin/nested/n.go --
package nested
-- 1/lib/lib.go --
package lib
`

// series is one of patches with these contents.
func series(data ...string) *patch.Series {
	var files []config.Patch
	for _, d := range data {
		files = append(files, config.Patch{Name: "p.patch", Data: []byte(d), SHA256: d})
	}
	return patch.NewSeries(files)
}

// TestPatchedTree has a module in a folder, whose files a patch of the whole
// repository decides, beside the one without.
func TestPatchedTree(t *testing.T) {
	r := testkit.MustParse(t, patchedRepo)
	url := filepath.Join(testkit.WriteRepos(t, r), r.Path())
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	plain, err := c.Tree(t.Context(), found, "plugin")
	if err != nil {
		t.Fatal(err)
	}
	patched := found
	patched.Patches = series("--- a/plugin/plugin.go\n+++ b/plugin/plugin.go\n@@ -1 +1,2 @@\n package plugin\n+// patched\n"+
		"diff --git a/plugin/nested/go.mod b/plugin/nested/go.mod\ndeleted file mode 100644\n--- a/plugin/nested/go.mod\n+++ /dev/null\n@@ -1 +0,0 @@\n-module github.com/acme/patched/plugin/nested\n",
		"diff --git a/lib/lib.go b/plugin/lib/lib.go\nsimilarity index 100%\nrename from lib/lib.go\nrename to plugin/lib/lib.go\n")
	dir, err := c.Tree(t.Context(), patched, "plugin")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := list(t, dir), "LICENSE go.mod lib/lib.go nested/n.go plugin.go"; got != want {
		t.Errorf("patched it has %s, want %s", got, want)
	}
	if got, want := list(t, plain), "LICENSE go.mod plugin.go"; got != want {
		t.Errorf("it has %s, want %s", got, want)
	}
	// damaged, it is made again; and the other is not touched
	name := filepath.Join(dir, "plugin.go")
	if err := errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, []byte("package other\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	again := newClient(t, Options{Store: c.store})
	if _, err := again.CheckFiles(t.Context(), patched, "plugin"); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "package plugin\n// patched\n" {
		t.Errorf("%q, %v", data, err)
	}
	// exported, it has all that is needed for both
	exported := t.TempDir()
	commit := filepath.Join(exported, found.Commit)
	if err := os.Mkdir(commit, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.Export(t.Context(), found, []Exported{{"plugin", patched.Patches}}, commit); err != nil {
		t.Fatal(err)
	}
	carried := newClient(t, Options{Exported: exported})
	for f, want := range map[Found]string{found: plain, patched: dir} {
		got, err := carried.Tree(t.Context(), f, "plugin")
		if err != nil || list(t, got) != list(t, want) {
			t.Errorf("exported it has %s, %v", list(t, got), err)
		}
	}
	_, err = c.Tree(t.Context(), Found{Commit: found.Commit, URL: url, From: found.From, Patches: series("--- a/plugin/no.go\n+++ b/plugin/no.go\n@@ -1 +1 @@\n-x\n+y\n")}, "plugin")
	if e, ok := errors.AsType[*patch.ApplyError](err); !ok || e.Path != "plugin/no.go" {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(c.store.TreeDir(store.Tree{Commit: found.Commit, Folder: "plugin", Patches: series("").Digest})); err == nil {
		t.Error("a tree of other patches is there")
	}
}

// list are the files below a directory, sorted.
func list(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return strings.Join(out, " ")
}
