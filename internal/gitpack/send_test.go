package gitpack

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// runGit runs git and returns what it says.
func runGit(t *testing.T, dir string, stdin io.Reader, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, stdin
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// grown is a repository of git's own, with deltas, in several packs that have
// objects in common, and with an object in none.
func grown(t *testing.T) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "git", Install: "git", Err: err})
	}
	dir = t.TempDir()
	runGit(t, dir, nil, "init", "-q", "-b", "main")
	file := strings.Repeat("a line of some length, so that there is something to save\n", 200)
	for i := range 12 {
		file += fmt.Sprintf("line %d\n", i)
		testkit.WriteFile(t, filepath.Join(dir, "sub", "file"), file)
		testkit.WriteFile(t, filepath.Join(dir, fmt.Sprint(i)), fmt.Sprint("file ", i, "\n"))
		runGit(t, dir, nil, "add", ".")
		runGit(t, dir, nil, "commit", "-q", "-m", fmt.Sprint("commit ", i))
		if i == 5 || i == 9 {
			runGit(t, dir, strings.NewReader("HEAD\n"), "pack-objects", "-q", "--revs", "--no-reuse-delta", ".git/objects/pack/pack") // the second has all of the first
			runGit(t, dir, nil, "prune-packed", "-q")
		}
	}
	return filepath.Join(dir, ".git")
}

// TestWritePackOf has git check packs that are made of others.
func TestWritePackOf(t *testing.T) {
	dir := grown(t)
	open := func(dir string) *Storage {
		st, err := OpenFolder(dir, config.Limits{}.OrDefault())
		testkit.Check(t, err)
		t.Cleanup(func() { _ = st.Close() })
		return st
	}
	listed := func(revs ...string) map[plumbing.Hash]bool {
		out := map[plumbing.Hash]bool{}
		for _, h := range strings.Fields(runGit(t, dir, nil, append([]string{"rev-list", "--objects", "--no-object-names"}, revs...)...)) {
			out[plumbing.NewHash(h)] = true
		}
		return out
	}
	st := open(dir)
	for _, tt := range []struct {
		name   string
		wanted map[plumbing.Hash]bool
		thin   bool // complete only together with what came before
	}{
		{"all", listed("HEAD"), false},
		{"old", listed("HEAD~4"), false},
		{"new", listed("HEAD", "^HEAD~3"), true},
		{"between", listed("HEAD~4", "^HEAD~8"), true},
		{"none", map[plumbing.Hash]bool{}, true},
	} {
		for _, offsets := range []bool{true, false} {
			var pack bytes.Buffer
			if err := st.WritePack(&pack, tt.wanted, offsets); err != nil {
				t.Fatal(err)
			}
			to := t.TempDir()
			runGit(t, to, nil, "init", "-q", "--bare")
			args := []string{"index-pack", "--stdin", "--strict"}
			if tt.thin { // without links that lead nowhere
				args = args[:2]
			}
			if len(tt.wanted) == 0 {
				args = []string{"unpack-objects", "-q"}
			}
			runGit(t, to, bytes.NewReader(pack.Bytes()), args...)
			got := strings.Fields(runGit(t, to, nil, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
			if len(got) != len(tt.wanted) {
				t.Errorf("%s: %d objects, want %d", tt.name, len(got), len(tt.wanted))
			}
			for _, h := range got {
				if !tt.wanted[plumbing.NewHash(h)] {
					t.Errorf("%s: object %s is not wanted", tt.name, h)
				}
			}
			deltas := runGit(t, to, nil, "cat-file", "--batch-all-objects", "--batch-check=%(deltabase)")
			if n := strings.Count(deltas, strings.Repeat("0", 40)); tt.name == "all" && n == len(got) {
				t.Errorf("%s: no object is a delta", tt.name)
			}
		}
	}

	if packed, err := st.Packed(); err != nil || packed {
		t.Errorf("packed %v, %v, with loose objects", packed, err)
	}
	runGit(t, dir, nil, "repack", "-q") // what is loose, into a pack of its own
	runGit(t, dir, nil, "prune-packed", "-q")
	st = open(dir)
	if packed, err := st.Packed(); err != nil || !packed {
		t.Errorf("packed %v, %v, without loose objects", packed, err)
	}
	var pack bytes.Buffer
	if err := st.WritePack(&pack, nil, true); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	runGit(t, to, nil, "init", "-q", "--bare")
	runGit(t, to, &pack, "index-pack", "--stdin", "--strict")
	if got, want := strings.Count(runGit(t, to, nil, "cat-file", "--batch-all-objects", "--batch-check"), "\n"), len(listed("HEAD")); got != want {
		t.Errorf("%d objects in all, want %d, each once", got, want)
	}
}

// TestWritePackDamaged has packs that are cut off.
func TestWritePackDamaged(t *testing.T) {
	dir := grown(t)
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 2 {
		t.Fatalf("packs %q, %v", packs, err)
	}
	for _, name := range packs {
		testkit.Check(t, os.Chmod(name, 0o600))
		testkit.Check(t, os.Truncate(name, 400))
	}
	st, err := OpenFolder(dir, config.Limits{}.OrDefault())
	testkit.Check(t, err)
	defer st.Close()
	err = st.WritePack(io.Discard, nil, true)
	if err == nil || !strings.HasSuffix(err.Error(), ".pack: it does not end with the checksum that its index has of it") {
		t.Errorf("error %v, want a pack that ends too early", err)
	}
}
