package testkit

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestHashes pins some hashes. One that changes is a changed archive: put the
// new one here, and wherever other tests' golden files have it.
func TestHashes(t *testing.T) {
	repos := readRepos(t)
	for _, tt := range []struct{ repo, ref, commit, object string }{
		{"roadrunner", "v2024.3.5", "83980902fce9f3c780fe4bb214b8aa9931ac4980", "83980902fce9f3c780fe4bb214b8aa9931ac4980"},
		{"roadrunner", "v2025.1.15", "4d868a61999f82096f5077aa18603e06bcbb2d6c", "4677a9edb3888d0ccc614bb7e46e9968ceb341aa"},
		{"endure", "v2.6.2", "2a65177200b164e1e92b85b7c9ae92c0824cb8c0", "ce1a9a40272f444a8a8b74b8f408822bb08d8439"},
		{"platform", "v1.0.0", "660ff3b9ec9144ececdbad50e67c95c676ee0421", "660ff3b9ec9144ececdbad50e67c95c676ee0421"},
		{"platform", "plugins/custom/v1.0.0", "1b2fa5e34f8d25613035bafd4b309f56b952cc51", "1b2fa5e34f8d25613035bafd4b309f56b952cc51"},
		{"lib", "main", "249ced8119c7f349294752e5569c222c914d37a8", "249ced8119c7f349294752e5569c222c914d37a8"},
		{"lib", "HEAD", "249ced8119c7f349294752e5569c222c914d37a8", ""},
	} {
		r := repo(t, repos, tt.repo)
		if got := r.Commit(tt.ref); got != tt.commit {
			t.Errorf("%s %s: commit %s, want %s", tt.repo, tt.ref, got, tt.commit)
		}
		if got := r.Object(tt.ref); got != tt.object {
			t.Errorf("%s %s: object %s, want %s", tt.repo, tt.ref, got, tt.object)
		}
	}
}

// TestBuildRepos reads with go-git what was written.
func TestBuildRepos(t *testing.T) {
	dir := t.TempDir()
	repos, err := BuildRepos(dir, os.DirFS(data(t, "git")))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range repos {
		written, err := git.PlainOpen(filepath.Join(dir, r.Path()))
		if err != nil {
			t.Fatal(err)
		}
		head, err := written.Head()
		if err != nil {
			t.Fatal(err)
		}
		if head.Name().Short() != r.Head || head.Hash().String() != r.Commit("HEAD") {
			t.Errorf("%s: HEAD is %s", r.URL, head)
		}
		for name := range r.refs {
			h, err := written.ResolveRevision(plumbing.Revision(name))
			if err != nil {
				t.Fatal(err)
			}
			if h.String() != r.Commit(name.Short()) {
				t.Errorf("%s: %s is %s, want %s", r.URL, name, h, r.Commit(name.Short()))
			}
		}
		config, err := written.Config()
		if err != nil {
			t.Fatal(err)
		}
		if !config.Core.IsBare {
			t.Errorf("%s is not bare", r.URL)
		}
	}
}

// TestFsck lets git itself look at what was written.
func TestFsck(t *testing.T) {
	program, err := findGit()
	Check(t, err)
	dir := t.TempDir()
	repos, err := BuildRepos(dir, os.DirFS(data(t, "git")))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range repos {
		cmd := exec.CommandContext(t.Context(), program, "fsck", "--strict", "--full")
		cmd.Dir = filepath.Join(dir, r.Path())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", r.URL, err, out)
		}
	}
}

// TestSources holds the archives' Go files to gofmt.
func TestSources(t *testing.T) {
	for _, pattern := range []string{"git/*.txtar", "mod/*.txt"} {
		archives, err := filepath.Glob(filepath.Join(data(t, ""), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range archives {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range a.Files {
				if !strings.HasSuffix(f.Name, ".go") {
					continue
				}
				if got, err := format.Source(f.Data); err != nil || string(got) != string(f.Data) {
					t.Errorf("%s: %s is not as gofmt has it: %v", filepath.Base(name), f.Name, err)
				}
			}
		}
	}
}

const odd = `
url example.com/group/sub/odd
branch main
add one
exec run.sh
symlink link ../../outside
submodule vendored/module 0123456789012345678901234567890123456789
commit 2026-01-02T03:04:05+02:00 First,   with blanks
tag -a v1.0.0
branch other
rm dir
edit two 2
commit 2026-01-03T03:04:05Z Second
branch main
add three
commit 2026-01-04T03:04:05Z Third
-- one/run.sh --
one two
-- one/dir/../escape --
never clean this
-- one/dir.txt --
sorts before dir/
-- three/new --
`

func TestScript(t *testing.T) {
	r, err := ParseRepo("odd", []byte(odd))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Path(), "group/sub/odd.git"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	written, err := git.PlainOpen(filepath.Join(dir, r.Path()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ ref, message, tree string }{
		{"v1.0.0", "First,   with blanks\n", `
100644 dir.txt
040000 dir
040000 dir/..
100644 dir/../escape
120000 link
100755 run.sh
040000 vendored
160000 vendored/module
`},
		{"other", "Second\n", `
100644 dir.txt
120000 link
100755 run.sh
040000 vendored
160000 vendored/module
`},
		{"main", "Third\n", `
100644 dir.txt
040000 dir
040000 dir/..
100644 dir/../escape
120000 link
100644 new
100755 run.sh
040000 vendored
160000 vendored/module
`},
	} {
		c, err := written.CommitObject(plumbing.NewHash(r.Commit(tt.ref)))
		if err != nil {
			t.Fatal(err)
		}
		if c.Message != tt.message {
			t.Errorf("%s: message %q, want %q", tt.ref, c.Message, tt.message)
		}
		if got := listTree(t, written, c.TreeHash, ""); got != tt.tree[1:] {
			t.Errorf("%s: tree\n%swant%s", tt.ref, got, tt.tree)
		}
	}
	if r.Commit("v1.0.0") == r.Object("v1.0.0") {
		t.Error("the annotated tag has no object of its own")
	}
}

// listTree walks trees by hand: go-git's own walk cleans paths.
func listTree(t *testing.T, r *git.Repository, h plumbing.Hash, prefix string) string {
	t.Helper()
	tree, err := object.GetTree(r.Storer, h)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range tree.Entries {
		b.WriteString(e.Mode.String()[1:] + " " + prefix + e.Name + "\n")
		if e.Mode.String() == "0040000" {
			b.WriteString(listTree(t, r, e.Hash, prefix+e.Name+"/"))
		}
	}
	return b.String()
}

func TestScriptErrors(t *testing.T) {
	const head = "url example.com/a/b\nbranch main\n"
	const file = "-- 1/f --\n"
	for _, tt := range []struct{ archive, want string }{
		{"branch main\n", "x:1: url comes first"},
		{"url a\n", "x:1: a is not HOST/OWNER/NAME"},
		{head + "url example.com/a/b\n", "x:3: url stands twice"},
		{head + "\n# a remark\nfly away\n", "x:5: unknown command fly"},
		{head + "add\n", "x:3: add takes 1 arguments"},
		{head + "add 2\n" + file, "x:3: the archive has no files 2/…"},
		{head + "rm f\n", "x:3: the tree has no f"},
		{head + "exec f\n", "x:3: the tree has no f"},
		{head + "edit a b\n", "x:3: no file has the text a"},
		{head + "add 1\ntag v1.0.0\n" + file, "x:4: changes are in no commit"},
		{head + "tag v1.0.0\n", "x:3: no commit to tag"},
		{head + "tag a b\n", "x:3: tag takes [-a] NAME"},
		{head + "commit 2026-01-02T03:04:05Z\n", "x:3: commit takes a time and a message"},
		{head + "commit yesterday It was\n", `x:3: parsing time "yesterday"`},
		{head + "add 1\n" + file, "x: the last changes are in no commit"},
		{head + file, "x: no add command takes the file 1/f"},
	} {
		_, err := ParseRepo("x", []byte(tt.archive))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %s", tt.archive, err, tt.want)
		}
	}
}
