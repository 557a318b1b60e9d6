package source

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// treeEntry is an entry of a tree as it is stored.
func treeEntry(t *testing.T, mode, name, hash string) string {
	t.Helper()
	id, err := hex.DecodeString(hash)
	if err != nil {
		t.Fatal(err)
	}
	return mode + " " + name + "\x00" + string(id)
}

// sameTimes is a tree that has one thing under many names.
func sameTimes(t *testing.T, dir, mode, hash string, n int, more string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString(treeEntry(t, mode, fmt.Sprintf("f%04d", i), hash))
	}
	return putObject(t, dir, plumbing.TreeObject, b.String()+more)
}

// TestTreeBombs has small repositories with trees that are not.
func TestTreeBombs(t *testing.T) {
	hint := func(key, now, more string) string {
		return "if it is meant to be that large, allow more than " + now + " in the config:\n  [limits]\n  " + key + " = " + more
	}
	goMod := func(dir, content string) string {
		return treeEntry(t, "100644", "go.mod", putObject(t, dir, plumbing.BlobObject, content))
	}
	ok := "module example.com/acme/a\n"
	for _, tt := range []struct {
		name string
		tree func(dir string) (hash string)
		// folder is asked for, limits are those of the config.
		folder string
		limits config.Limits
		want   string
		hint   string
	}{
		{name: "a million empty files", tree: func(dir string) string {
			files := sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, ""), 1000, "")
			return sameTimes(t, dir, "40000", files, 1000, goMod(dir, ok))
		}, want: "the files and folders are more than 250000", hint: hint("files", "250000", `500000`)},
		{name: "a trillion of trillions of files", limits: config.Limits{Files: 5_000}, tree: func(dir string) string {
			tree := sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, ""), 10, "")
			for range 24 {
				tree = sameTimes(t, dir, "40000", tree, 10, "")
			}
			return sameTimes(t, dir, "40000", tree, 10, goMod(dir, ok))
		}, want: "the files and folders are more than 5000", hint: hint("files", "5000", `10000`)},
		{name: "the same, and no module", limits: config.Limits{Files: 5_000}, tree: func(dir string) string {
			tree := sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, ""), 10, "")
			for range 24 {
				tree = sameTimes(t, dir, "40000", tree, 10, "")
			}
			return tree
		}, want: "the files and folders are more than 5000", hint: hint("files", "5000", `10000`)},
		{name: "the same, beside the module's folder", folder: "none", limits: config.Limits{Files: 5_000}, tree: func(dir string) string {
			tree := sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, ""), 10, "")
			for range 24 {
				tree = sameTimes(t, dir, "40000", tree, 10, "")
			}
			return tree
		}, want: "the files and folders are more than 5000", hint: hint("files", "5000", `10000`)},
		{name: "one folder too many", limits: config.Limits{Files: 11}, tree: func(dir string) string {
			files := sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, ""), 10, "")
			return putObject(t, dir, plumbing.TreeObject, treeEntry(t, "40000", "a", files)+goMod(dir, ok))
		}, want: "the files and folders are more than 11", hint: hint("files", "11", `22`)},
		{name: "folders without end, and no module", tree: func(dir string) string {
			tree := putObject(t, dir, plumbing.TreeObject, "")
			for range 150 {
				tree = putObject(t, dir, plumbing.TreeObject, treeEntry(t, "40000", "d", tree))
			}
			return tree
		}, want: "folders are nested deeper than 100", hint: hint("depth", "100", `200`)},
		{name: "one file of 1 MB, a thousand times", tree: func(dir string) string {
			return sameTimes(t, dir, "100644", putObject(t, dir, plumbing.BlobObject, strings.Repeat("x", 1<<20)), 1000, goMod(dir, ok))
		}, want: "its files have more than 500MiB", hint: "Go allows no more in a module, whatever [limits] module says"},
		{name: "files of more than the config allows", limits: config.Limits{Module: 3000}, tree: func(dir string) string {
			tree := goMod(dir, ok)
			for _, name := range []string{"x", "y", "z"} {
				tree += treeEntry(t, "100644", name, putObject(t, dir, plumbing.BlobObject, strings.Repeat(name, 1000)))
			}
			return putObject(t, dir, plumbing.TreeObject, tree)
		}, want: "its files have more than 3000B", hint: hint("module", "3000B", `"6000B"`)},
		{name: "a go.mod of 16 MB and a little", tree: func(dir string) string {
			return putObject(t, dir, plumbing.TreeObject, goMod(dir, ok+strings.Repeat("// more\n", 16<<20/8)))
		}, want: "go.mod has more than 16MiB", hint: "Go allows no more in a module, whatever [limits] go_mod says"},
		{name: "a go.mod of more than the config allows", limits: config.Limits{GoMod: int64(len(ok)) - 1}, tree: func(dir string) string {
			return putObject(t, dir, plumbing.TreeObject, goMod(dir, ok))
		}, want: "go.mod has more than 25B", hint: hint("go_mod", "25B", `"50B"`)},
		{name: "attributes of 2 MB", tree: func(dir string) string {
			attributes := putObject(t, dir, plumbing.BlobObject, strings.Repeat("*.txt text\n", 2<<20/11))
			return putObject(t, dir, plumbing.TreeObject, treeEntry(t, "100644", ".gitattributes", attributes)+goMod(dir, ok))
		}, want: "its .gitattributes files have more than 1MiB", hint: hint("attributes", "1MiB", `"2MiB"`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := testkit.MustParse(t, testkit.ModuleArchive("a"))
			url := filepath.Join(testkit.WriteRepos(t, r), "acme", "a.git")
			hash := putObject(t, url, plumbing.CommitObject,
				"tree "+tt.tree(url)+"\nauthor a <a> 1767600000 +0000\ncommitter a <a> 1767600000 +0000\n\nEvil\n")
			c := newClient(t, Options{Limits: tt.limits})
			found := mustFind(t, c, Request{URL: url, Choose: commit(hash)}, hash)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := c.Tree(t.Context(), found, tt.folder)
			runtime.ReadMemStats(&after)
			testkit.WantError(t, err, fmt.Sprintf("%s at %.12s: %s", url, hash, tt.want), tt.hint)
			if got := after.Sys - before.Sys; got > 128<<20 {
				t.Errorf("%d bytes of memory were taken for it", got)
			}
			if got := entries(t, c.store, "tree"); len(got) != 0 {
				t.Errorf("the store has trees: %q", got)
			}
		})
	}
}

// TestWrongObjects has a repository whose objects are not what their names say.
func TestWrongObjects(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a")+"-- 1/a.go --\npackage a\n")
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "a.git")
	evil := putObject(t, url, plumbing.BlobObject, "package evil\n")
	good := putObject(t, url, plumbing.BlobObject, "package good\n")
	at := func(h string) string { return filepath.Join(url, "objects", h[:2], h[2:]) }
	data, err := os.ReadFile(at(evil))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(at(good), 0o644)
	if err := os.WriteFile(at(good), data, 0o644); err != nil {
		t.Fatal(err)
	}
	hash := putObject(t, url, plumbing.CommitObject, "tree "+
		putObject(t, url, plumbing.TreeObject, treeEntry(t, "100644", "a.go", good)+treeEntry(t, "100644", "go.mod", putObject(t, url, plumbing.BlobObject, "module a\n")))+
		"\nauthor a <a> 1767600000 +0000\ncommitter a <a> 1767600000 +0000\n\nEvil\n")
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: url, Choose: commit(hash)}, hash)
	_, err = c.Tree(t.Context(), found, "")
	testkit.WantError(t, err, fmt.Sprintf("%s is damaged: object %s: hash mismatch: the content is that of %s", url, good, evil), "look at it with: git -C "+url+" fsck")
}
