package source

import (
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

const platform = `
url example.com/acme/platform
branch main
add 1
symlink link.go one.go
symlink sub/go.mod ../go.mod
symlink nested/inner/LICENSE ../LICENSE
submodule third 1111111111111111111111111111111111111111
exec run.sh
commit 2026-01-05T09:00:00Z One
tag v1.0.0
-- 1/LICENSE --
of the root
-- 1/go.mod --
module example.com/acme/platform
-- 1/one.go --
package platform
-- 1/run.sh --
true
-- 1/sub/sub.go --
package sub
-- 1/.hidden/file --
kept
-- 1/vendor/modules.txt --
kept
-- 1/vendor/example.com/x/x.go --
package x
-- 1/nested/go.mod --
module example.com/acme/platform/nested
-- 1/nested/nested.go --
package nested
-- 1/nested/inner/go.mod --
module example.com/acme/platform/nested/inner
-- 1/nested/inner/inner.go --
package inner
-- 1/licensed/go.mod --
module example.com/acme/platform/licensed
-- 1/licensed/LICENSE --
its own
-- 1/lfs/asset.bin --
version https://git-lfs.github.com/spec/v1
oid sha256:0
-- 1/empty.go --
-- 1/short.go --
v
`

// TestTree has what belongs to a module, by the rules of golang.org/x/mod/zip.
func TestTree(t *testing.T) {
	r := testkit.MustParse(t, platform)
	dir := testkit.WriteRepos(t, r)
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: filepath.Join(dir, "acme", "platform"), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	for _, tt := range []struct {
		folder string
		want   []string
	}{
		{"", []string{
			".hidden/file: kept",
			"LICENSE: of the root",
			"empty.go: ",
			"go.mod: module example.com/acme/platform",
			"lfs/asset.bin: version https://git-lfs.github.com/spec/v1\noid sha256:0",
			"one.go: package platform",
			"run.sh: true",
			"short.go: v",
			"sub/sub.go: package sub", // its go.mod is a link, and links do not count
			"vendor/modules.txt: kept",
		}},
		{"nested", []string{"LICENSE: of the root", "go.mod: module example.com/acme/platform/nested", "nested.go: package nested"}},
		// Its own LICENSE is a link, which is left out.
		{"nested/inner", []string{"go.mod: module example.com/acme/platform/nested/inner", "inner.go: package inner"}},
		{"licensed", []string{"LICENSE: its own", "go.mod: module example.com/acme/platform/licensed"}},
	} {
		got := mustTree(t, c, found, tt.folder)
		if !slices.Equal(got, tt.want) {
			t.Errorf("folder %q:\n%s\nwant:\n%s", tt.folder, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
	first, err := c.Tree(t.Context(), found, "nested")
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(first, "nested.go")); err != nil || fi.Mode().Perm() != 0o444 {
		t.Errorf("a file of the store: %v, %v; want it read-only", fi.Mode(), err)
	}
}

func TestNoModule(t *testing.T) {
	r := testkit.MustParse(t, platform)
	none := testkit.MustParse(t, "url example.com/acme/none\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.0\n-- 1/README --\nno module\n")
	dir := testkit.WriteRepos(t, r, none)
	c := newClient(t, Options{})
	url := filepath.Join(dir, "acme", "platform")
	bare := filepath.Join(dir, "acme", "none")
	found := mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	foundNone := mustFind(t, c, Request{URL: bare, Choose: tag("v1.0.0")}, none.Commit("v1.0.0"))
	const where = `go.mod is in: ., licensed, nested, nested/inner; name one with folder = "…"`
	for _, tt := range []struct {
		found        Found
		folder, want string
		hint         string
	}{
		{found, "missing", "%s at %.12s has no go.mod in folder missing", where},
		{found, "lfs", "%s at %.12s has no go.mod in folder lfs", where},
		{found, "sub", "%s at %.12s has no go.mod in folder sub", where},
		{found, "one.go", "%s at %.12s has no go.mod in folder one.go", where},
		{found, "third", "%s at %.12s has no go.mod in folder third", where},
		{found, "nested/", "%s at %.12s has no go.mod in folder nested/", where},
		{found, "..", "%s at %.12s has no go.mod in folder ..", where},
		{found, ".", "%s at %.12s has no go.mod in folder .", where},
		{found, "nested/../licensed", "%s at %.12s has no go.mod in folder nested/../licensed", where},
		{found, "/etc", "%s at %.12s has no go.mod in folder /etc", where},
		{foundNone, "", "%s at %.12s has no go.mod in its root", "the repository has no go.mod at all, so it is not a Go module"},
	} {
		_, err := c.Tree(t.Context(), tt.found, tt.folder)
		testkit.WantError(t, err, fmt.Sprintf(tt.want, tt.found.From, tt.found.Commit), tt.hint)
	}
	if got := entries(t, c.store, "tree"); len(got) != 0 {
		t.Errorf("the store has trees: %q", got)
	}
}

// TestLFS has a pointer file where the compiler would look.
func TestLFS(t *testing.T) {
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
	for name, refused := range map[string]bool{"a.go": true, "go.sum": false, "a.syso": true, "b/asm.s": true, "c.h": true, "data.json": false} {
		r := testkit.MustParse(t, testkit.ModuleArchive("a")+"-- 1/"+name+" --\n"+pointer)
		url := filepath.Join(testkit.WriteRepos(t, r), "acme", "a.git")
		c := newClient(t, Options{})
		found := mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
		if !refused {
			mustTree(t, c, found, "")
			continue
		}
		_, err := c.Tree(t.Context(), found, "")
		testkit.WantError(t, err, fmt.Sprintf("%s at %.12s: %s: is a Git LFS pointer, and LFS is not followed", url, found.Commit, name))
	}
}

// TestHostileTrees has trees that no git program would make. They are refused,
// or what is wrong with them is left out; either way nothing is written
// anywhere but in the tree's own place.
func TestHostileTrees(t *testing.T) {
	const evil = "package evil\n"
	for _, tt := range []struct {
		name string
		// script is added to a module's, files to its archive.
		script, files string
		// raw are entries of the root with names that hold slashes.
		raw  []string
		want string // the error, after the URL and the commit
		kept string // or the files
	}{
		{name: "parent", files: "-- 1/../evil.go --\n" + evil, want: `".." is not a valid file name in a repository`},
		{name: "parent, further down", files: "-- 1/a/../../evil.go --\n" + evil, want: `"a/.." is not a valid file name in a repository`},
		{name: "parent, and back", files: "-- 1/a/../evil.go --\n" + evil, want: `"a/.." is not a valid file name in a repository`},
		{name: "parent that is a link", script: "symlink .. /etc\n", want: `".." is not a valid file name in a repository`},
		{name: "itself", files: "-- 1/./evil.go --\n" + evil, want: `"." is not a valid file name in a repository`},
		{name: "absolute", raw: []string{"/tmp/evil.go"}, want: `"/tmp/evil.go" is not a valid file name in a repository`},
		{name: "no name", raw: []string{""}, want: ".: malformed tree: empty filename"},
		{name: "a path for a name", raw: []string{"a/../../evil.go"}, want: `"a/../../evil.go" is not a valid file name in a repository`},
		{name: "a clean path for a name", raw: []string{"a/evil.go"}, want: `"a/evil.go" is not a valid file name in a repository`},
		{name: "backslashes", files: "-- 1/..\\evil.go --\n" + evil, want: "..\\evil.go: malformed file path \"..\\\\evil.go\": invalid char '\\\\'"},
		{name: "a drive", files: "-- 1/C:evil.go --\n" + evil, want: "C:evil.go: malformed file path \"C:evil.go\": invalid char ':'"},
		{name: "a stream of NTFS", files: "-- 1/go.mod:evil --\n" + evil + "-- 1/a/b:c --\n" + evil + "-- 1/a:b/c.txt --\n" + evil, kept: "go.mod"},
		{name: "a stream with sources", files: "-- 1/a:b/c.go --\n" + evil, want: "a:b/c.go: malformed file path \"a:b/c.go\": invalid char ':'"},
		{name: "a go.mod in a stream", files: "-- 1/a:b/go.mod --\nmodule evil\n", kept: "go.mod"},
		{name: "Windows' own", files: "-- 1/aux.go --\n" + evil, want: `aux.go: malformed file path "aux.go": "aux" disallowed as path element component on Windows`},
		{name: "git's own", files: "-- 1/.git/config --\n" + evil, want: `".git" is not a valid file name in a repository`},
		{name: "git's own, in a folder", files: "-- 1/a/.GIT/hooks/post-checkout --\n" + evil, want: `"a/.GIT" is not a valid file name in a repository`},
		{name: "git's own, a file", files: "-- 1/.git --\n" + evil, want: `".git" is not a valid file name in a repository`},
		{name: "git's own, dots and spaces", files: "-- 1/.git. ./config --\n" + evil, want: `".git. ." is not a valid file name in a repository`},
		{name: "git's own, a space", raw: []string{".Git "}, want: `".Git " is not a valid file name in a repository`},
		{name: "git's own, on NTFS", files: "-- 1/git~1/config --\n" + evil, want: `"git~1" is not a valid file name in a repository`},
		{name: "git's own, on NTFS, dots", files: "-- 1/a/GIT~1../config --\n" + evil, want: `"a/GIT~1.." is not a valid file name in a repository`},
		{name: "git's own, a stream of NTFS", files: "-- 1/.git::$INDEX_ALLOCATION/config --\n" + evil, want: `".git::$INDEX_ALLOCATION" is not a valid file name in a repository`},
		{name: "git's own, backslashes", files: "-- 1/a\\.git\\config --\n" + evil, want: `"a\\.git\\config" is not a valid file name in a repository`},
		{name: "git's own, on HFS+", files: "-- 1/.g\u200cit/config --\n" + evil, want: `".g\u200cit" is not a valid file name in a repository`},
		{name: "git's own, on HFS+, case", files: "-- 1/\ufeff.GI\u206fT/config --\n" + evil, want: `"\ufeff.GI\u206fT" is not a valid file name in a repository`},
		{name: "like git's own", files: "-- 1/.github/x.go --\n" + evil, kept: ".github/x.go"},
		{name: "a line feed", raw: []string{"evil.go\nmodule evil"}, want: "evil.go\nmodule evil: malformed file path \"evil.go\\nmodule evil\": invalid char '\\n'"},
		{name: "an escape sequence", raw: []string{"\x1b[2Jevil.go"}, want: "\x1b[2Jevil.go: malformed file path \"\\x1b[2Jevil.go\": invalid char '\\x1b'"},
		{name: "no UTF-8", raw: []string{"\xff\xfe.go"}, want: "\xff\xfe.go: malformed file path \"\\xff\\xfe.go\": invalid UTF-8"},
		{name: "case of another alphabet", files: "-- 1/ſ.txt --\n" + evil + "-- 1/s.txt --\n" + evil, want: "ſ.txt: case-insensitive file name collision: \"s.txt\" and \"ſ.txt\""},
		{name: "a submodule with a command", script: "submodule evil 1111111111111111111111111111111111111111\n",
			files: "-- 1/.gitmodules --\n[submodule \"evil\"]\npath = evil\nurl = ext::sh -c touch% /tmp/evil\nupdate = !touch /tmp/evil\n", kept: ".gitmodules"},
		{name: "a filter", files: "-- 1/.gitattributes --\n* filter=lfs export-subst eol=crlf working-tree-encoding=UTF-16\n", kept: ".gitattributes"},
		{name: "vendored packages", files: "-- 1/vendor/evil/evil.go --\n" + evil, kept: "go.mod"},
		{name: "a workspace of its own", files: "-- 1/go.work --\ngo 1.25\n\nuse ../../..\n", kept: "go.work"},
		{name: "case", files: "-- 1/evil.go --\n" + evil + "-- 1/EVIL.go --\n" + evil, want: "evil.go: case-insensitive file name collision: \"EVIL.go\" and \"evil.go\""},
		{name: "case of folders", files: "-- 1/a/x.go --\n" + evil + "-- 1/A/y.go --\n" + evil, want: "a/x.go: case-insensitive file name collision: \"A\" and \"a\""},
		{name: "case of go.mod", files: "-- 1/GO.mod --\nmodule evil\n", want: "GO.mod: go.mod files must have lowercase names"},
		{name: "one name twice", raw: []string{"evil.go", "evil.go"}, want: `evil.go: multiple entries for file "evil.go"`},
		{name: "a file and a folder of one name", raw: []string{"a"}, files: "-- 1/a/b.go --\n" + evil, want: "a/b.go: entry \"a\" is both a file and a directory"},
		{name: "a link, and a file below it", raw: []string{"@a"}, files: "-- 1/a/b.go --\n" + evil, want: "a/b.go: entry \"a\" is both a file and a directory"},
		{name: "links to elsewhere", script: "symlink a /etc\nsymlink b ../../..\n", kept: "go.mod"},
		{name: "link in place of LICENSE", script: "symlink LICENSE /etc/passwd\n", kept: "go.mod"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			archive := strings.Replace(testkit.ModuleArchive("a"), "commit", tt.script+"commit", 1) + tt.files
			r := testkit.MustParse(t, archive)
			top := t.TempDir()
			repos := testkit.WriteRepos(t, r)
			url := filepath.Join(repos, "acme", "a.git")
			hash := r.Commit("v1.0.0")
			if tt.raw != nil {
				hash = commitWith(t, url, r, tt.raw)
			}
			store, err := store.Open(filepath.Join(top, "a", "b", "store"))
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, Options{Store: store})
			found := mustFind(t, c, Request{URL: url, Choose: commit(hash)}, hash)
			dir, err := c.Tree(t.Context(), found, "")
			var hints []string
			if !strings.Contains(tt.want, "valid file name in a repository") && !strings.Contains(tt.want, "malformed tree") {
				hints = []string{"the go command refuses such a module too: take another ref, or a fork without these files"}
			}
			if tt.want != "" {
				testkit.WantError(t, err, fmt.Sprintf("%s at %.12s: %s", url, hash, tt.want), hints...)
			} else if err != nil {
				t.Fatal(err)
			}
			for _, f := range testkit.Files(t, top) {
				name, _, _ := strings.Cut(f, ": ")
				name = filepath.ToSlash(name)
				if rel, err := filepath.Rel(dir, filepath.Join(top, name)); dir != "" && err == nil && (filepath.ToSlash(rel) == tt.kept || rel == "go.mod") {
					continue
				}
				if path.Dir(name) != "a/b/store/v1/commit" && name != "a/b/store/v1/sum/"+hash+"/%2" {
					t.Errorf("written: %s", name)
				}
			}
		})
	}
}

// commitWith makes a commit whose tree has more entries: files of Go, or links
// where the name begins with an at sign. They come first, in no order.
func commitWith(t *testing.T, dir string, r *testkit.Repo, names []string) string {
	t.Helper()
	blob := putObject(t, dir, plumbing.BlobObject, "package evil\n")
	id, err := hex.DecodeString(blob)
	if err != nil {
		t.Fatal(err)
	}
	var tree strings.Builder
	for _, name := range names {
		mode := "100644"
		if link, ok := strings.CutPrefix(name, "@"); ok {
			mode, name = "120000", link
		}
		tree.WriteString(mode + " " + name + "\x00" + string(id))
	}
	tree.WriteString(rawObject(t, dir, treeOf(t, dir, r)))
	hash := putObject(t, dir, plumbing.TreeObject, tree.String())
	return putObject(t, dir, plumbing.CommitObject,
		"tree "+hash+"\nauthor a <a> 1767600000 +0000\ncommitter a <a> 1767600000 +0000\n\nEvil\n")
}

// TestDeepTree has folders within folders without end.
func TestDeepTree(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a")+"-- 1/"+strings.Repeat("d/", 103)+"x.go --\npackage x\n")
	url := filepath.Join(testkit.WriteRepos(t, r), "acme", "a.git")
	c := newClient(t, Options{})
	found := mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	_, err := c.Tree(t.Context(), found, "")
	testkit.WantError(t, err, fmt.Sprintf("%s at %.12s: folders are nested deeper than 100", url, found.Commit),
		"if it is meant to be that large, allow more than 100 in the config:\n  [limits]\n  depth = 200")
}
