package testkit

import (
	"flag"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write go.sum files anew into the archives")

// TestGoSum holds every go.mod and go.sum in the archives against what
// "go mod tidy" makes of them. With -update it goes round until nothing
// changes, since a go.sum is part of what the next module's go.sum hashes.
func TestGoSum(t *testing.T) {
	for round := 1; ; round++ {
		stale := staleSums(t)
		if len(stale) == 0 || t.Failed() {
			return
		}
		if !*update || round > 20 {
			for _, s := range stale {
				t.Errorf("%s: %s is not what go mod tidy makes; run this test with -update", s.archive, s.file)
			}
			return
		}
		for _, s := range stale {
			s.write(t)
		}
	}
}

// sum is a go.sum as it ought to be.
type sum struct {
	archive string // file name
	file    string // in the archive
	want    string
}

func staleSums(t *testing.T) []sum {
	dir := data(t, "git")
	archives, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	repos := readRepos(t)
	env := goEnv(t, startProxy(t, repos...).URL)
	var stale []sum
	for i, r := range repos {
		for _, s := range staleIn(t, env, r) {
			s.archive = archives[i]
			stale = append(stale, s)
		}
	}
	return stale
}

// staleIn looks at a repository's commits, oldest first. It stops at the first
// that is stale: later commits take over what that one adds.
func staleIn(t *testing.T, env []string, r *Repo) []sum {
	t.Helper()
	commits := slices.SortedFunc(maps.Keys(r.times), func(a, b plumbing.Hash) int {
		return r.times[a].Compare(r.times[b])
	})
	for _, commit := range commits {
		var stale []sum
		for _, modDir := range r.dirsWith(commit, "go.mod") {
			if s := tidy(t, env, r, commit, modDir); s != nil {
				stale = append(stale, *s)
			}
		}
		if len(stale) > 0 {
			return stale
		}
	}
	return nil
}

// dirsWith are the directories of a commit that hold a file of that name, "" for
// the root.
func (r *Repo) dirsWith(commit plumbing.Hash, base string) []string {
	var dirs []string
	for name := range r.trees[commit] {
		if path.Base(name) == base {
			dirs = append(dirs, strings.TrimSuffix(strings.TrimSuffix(name, base), "/"))
		}
	}
	slices.Sort(dirs)
	return dirs
}

// tidy runs "go mod tidy" and returns the go.sum it makes, nil if it is there.
func tidy(t *testing.T, env []string, r *Repo, commit plumbing.Hash, modDir string) *sum {
	t.Helper()
	tree := r.trees[commit]
	goMod := tree[path.Join(modDir, "go.mod")].data
	if strings.Contains(goMod, "go 1.99") {
		return nil // asks for a Go that is not there, on purpose
	}
	root := t.TempDir()
	if err := r.Export(commit.String(), root); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, modDir)
	// Without the old hashes, or the go command would stop at a wrong one.
	if err := os.Remove(filepath.Join(dir, "go.sum")); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	mustRun(t, dir, env, "go", "mod", "tidy")
	if got, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || string(got) != goMod {
		t.Errorf("%s at %s: go mod tidy makes %s/go.mod: %v\n%s", r.URL, commit, modDir, err, got)
	}
	got, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if string(got) == tree[path.Join(modDir, "go.sum")].data {
		return nil
	}
	return &sum{file: path.Join(r.added[commit], modDir, "go.sum"), want: string(got)}
}

// write puts the go.sum into its archive, behind the go.mod if one is there.
func (s sum) write(t *testing.T) {
	t.Helper()
	a, err := txtar.ParseFile(s.archive)
	if err != nil {
		t.Fatal(err)
	}
	file := txtar.File{Name: s.file, Data: []byte(s.want)}
	at := func(name string) int {
		return slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
	}
	if i := at(s.file); i >= 0 {
		a.Files[i] = file
	} else if i := at(path.Join(path.Dir(s.file), "go.mod")); i >= 0 {
		a.Files = slices.Insert(a.Files, i+1, file)
	} else {
		a.Files = append(a.Files, file)
	}
	if err := os.WriteFile(s.archive, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}
