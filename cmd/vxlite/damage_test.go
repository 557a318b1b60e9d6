package main

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// damagedPerKind is how many files of each kind a store is damaged in.
const damagedPerKind = 4

// TestDamaged flips a bit in each kind of file of a store that a run reads before
// it compiles; testdata/script/damage.txtar has the others. The next run finds it
// and makes the file anew; offline, it does so from what else is there, or
// refuses.
func TestDamaged(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	k := newKilling(t, w)
	k.setConfig("HTTP")
	k.reference()
	store := filepath.Join(t.TempDir(), "store")
	k.run(store)
	random := rand.New(rand.NewPCG(11, 13))
	kinds := storeFiles(t, store)
	for _, kind := range []string{"commit", "git", "h1", "locks", "pseudo", "said", "sum", "tree"} {
		if len(kinds[kind]) == 0 {
			t.Errorf("the store has no file in %s", kind)
		}
	}
	for _, kind := range sortedKeys(kinds) {
		files := kinds[kind]
		random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		for _, f := range files[:min(damagedPerKind, len(files))] {
			if _, err := os.Stat(f); err != nil {
				continue // it was in a directory that was made anew, under another name
			}
			for _, offline := range []bool{true, false} {
				flip(t, f, random)
				if kind == "git" { // so that it is read at all
					rel, _ := filepath.Rel(filepath.Join(store, "v1", "git"), f)
					commit, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
					if err := os.RemoveAll(filepath.Join(store, "v1", "tree", commit)); err != nil {
						t.Fatal(err)
					}
				}
				k.afterDamage(store, f, offline)
			}
		}
	}
}

// afterDamage runs with a store that has a damaged file.
func (k *killing) afterDamage(store, file string, offline bool) {
	k.t.Helper()
	cmd := k.command(k.t.Context(), store)
	if offline {
		cmd.Args = append(cmd.Args, "--offline")
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	said := out.String()
	ended := strings.HasSuffix(said, "vxlite: go list: exit status 1\nthat is enough\n")
	refused := strings.Contains(said, "--offline")
	if !ended && !(offline && refused) {
		k.t.Errorf("%s damaged, offline %v: %s", file, offline, said)
	}
	if !ended {
		return
	}
	if got := k.contents(store); !offline && !slices.Equal(got, k.whole) {
		k.t.Errorf("%s damaged: the store holds\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
	}
}

// storeFiles are the files of a store, by the directory at its top.
func storeFiles(t *testing.T, store string) map[string][]string {
	t.Helper()
	root := filepath.Join(store, "v1")
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if top != "lock" && top != "tmp" && !(top == "tree" && unread(root, rel)) {
			out[top] = append(out[top], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unread reports whether a tree's file is of a commit of which only the go.mod is
// read, as another one of the same module is compiled.
func unread(root, rel string) bool {
	hashes, _ := filepath.Glob(filepath.Join(root, "h1", strings.Split(filepath.ToSlash(rel), "/")[1]+"-*")) // of all that are compiled
	return len(hashes) == 0 && filepath.Base(rel) != "go.mod"
}

func sortedKeys(m map[string][]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// flip changes one bit of a file.
func flip(t *testing.T, name string, random *rand.Rand) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 0 {
		return
	}
	data[random.IntN(len(data))] ^= 1 << random.IntN(8)
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
