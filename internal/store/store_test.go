package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/testkit"
)

const (
	hash1 = "1111111111111111111111111111111111111111"
	hash2 = "2222222222222222222222222222222222222222"
)

func TestStoreFacts(t *testing.T) {
	s := openNew(t)
	const url, other = "https://git.corp/lib", "https://git.corp/../../lib"
	at := Place{URL: url, ID: Key(url)}
	if got := s.Said(url, "v1.0.0", at); got != "" {
		t.Errorf("an empty store knows a tag: %s", got)
	}
	for _, tt := range []struct{ url, tag, commit string }{
		{url, "v1.0.0", hash1},
		{url, "folder/v1.0.0", hash2},
		{other, "v1.0.0", hash2},
		{url, "example.com/mod@v0.0.0-20260105090000-111111111111", hash1},
	} {
		if err := s.PutSaid(tt.url, tt.tag, at, tt.commit); err != nil {
			t.Fatal(err)
		}
		if got := s.Said(tt.url, tt.tag, at); got != tt.commit {
			t.Errorf("%s %s: %s, want %s", tt.url, tt.tag, got, tt.commit)
		}
	}
	if got := s.Said(url, "v1.0.0", at); got != hash1 {
		t.Errorf("another repository's tag stands in for one of its name: %s", got)
	}
	if got := s.Said(url, "v1.0.0", Place{ID: Key(other)}); got != "" {
		t.Errorf("another place's word is taken: %s", got)
	}
	when := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	if err := errors.Join(s.PutCommit(hash1, when), s.PutPeeled(hash2, hash1)); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.CommitTime(hash1); !ok || !got.Equal(when) {
		t.Errorf("time %v %v, want %v", got, ok, when)
	}
	if got, ok := s.Peeled(hash2); !ok || got != hash1 {
		t.Errorf("peeled %s %v, want %s", got, ok, hash1)
	}
	if err := s.PutVersion(hash1, "example.com/lib", at, "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Version(hash1, "example.com/lib", at); !ok || got != "v1.2.3" {
		t.Errorf("version %s %v, want v1.2.3", got, ok)
	}
	if got, ok := s.Version(hash1, "example.com/lib/v2", at); ok {
		t.Errorf("another module's version stands in: %s", got)
	}
	if got, ok := s.Version(hash1, "example.com/lib", Place{ID: Key("https://mirror.corp/lib")}); ok {
		t.Errorf("another place's version stands in: %s", got)
	}
	if _, ok := s.CommitTime(hash2); ok {
		t.Error("a commit is known that nobody put there")
	}
	if got := names(t, s, "tmp"); len(got) != 0 {
		t.Errorf("left in tmp: %q", got)
	}
}

// TestStoreRubbish damages what the store holds, as a full disk may.
func TestStoreRubbish(t *testing.T) {
	s := openNew(t)
	at := Place{URL: "u", ID: Key("u")}
	if err := errors.Join(s.PutSaid("u", "v1.0.0", at, hash1), s.PutCommit(hash1, time.Unix(0, 0))); err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "\n", hash1[:39], hash1 + "1", "../../../../../../etc/passwd", strings.Repeat("G", 40), strings.Repeat("A", 40), hash1 + "\n" + hash2} {
		testkit.WriteFile(t, filepath.Join(s.dir, "said", Key("u"), "v1.0.0", at.ID), content)
		testkit.WriteFile(t, filepath.Join(s.dir, "peel", hash2), content)
		testkit.WriteFile(t, filepath.Join(s.dir, "commit", hash1), content)
		if got := s.Said("u", "v1.0.0", at); got != "" {
			t.Errorf("%q is taken for the commit %q", content, got)
		}
		if got, ok := s.Peeled(hash2); ok {
			t.Errorf("%q is taken for the commit %q", content, got)
		}
		if got, ok := s.CommitTime(hash1); ok {
			t.Errorf("%q is taken for the time %v", content, got)
		}
	}
}

// TestStoreNames has no name lead out of its place.
func TestStoreNames(t *testing.T) {
	s := openNew(t)
	seen := map[string]string{}
	for _, folder := range []string{"", "a", "a/b", "a%2Fb", "%", "%25", "A", ".", "..", "../..", "%."} {
		dir := s.TreeDir(Tree{Commit: hash1, Folder: folder})
		if filepath.Dir(dir) != filepath.Join(s.dir, "tree", hash1) {
			t.Errorf("folder %q has the place %s", folder, dir)
		}
		if other, ok := seen[dir]; ok {
			t.Errorf("folders %q and %q have one place, %s", folder, other, dir)
		}
		seen[dir] = folder
	}
}

func TestPublish(t *testing.T) {
	s := openNew(t)
	dst := filepath.Join(s.dir, "tree", hash1, "a")
	fail := errors.New("disk full")
	err := s.Publish(dst, func(dir string) error {
		testkit.WriteFile(t, filepath.Join(dir, "half"), "x")
		return fail
	})
	if err != fail {
		t.Errorf("error %v, want %v", err, fail)
	}
	if disk.IsDir(dst) {
		t.Error("what was filled half is published")
	}
	if got := names(t, s, "tmp"); len(got) != 0 {
		t.Errorf("left in tmp: %q", got)
	}
	if got := names(t, s, "tree"); len(got) != 0 {
		t.Errorf("left in tree: %q", got)
	}

	publish := func(content string) error {
		return s.Publish(dst, func(dir string) error { return os.WriteFile(filepath.Join(dir, "f"), []byte(content), 0o444) })
	}
	if err := publish("first"); err != nil {
		t.Fatal(err)
	}
	if err := publish("second"); err != nil {
		t.Errorf("what another run has published: %v", err)
	}
	if got := testkit.Files(t, dst); len(got) != 1 || got[0] != "f: first" {
		t.Errorf("published %q, want what came first", got)
	}
	fi, err := os.Stat(dst)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o755 && runtime.GOOS != "windows" { // which has no modes
		t.Errorf("mode %v, want 0755", fi.Mode().Perm())
	}
	if got := names(t, s, "tmp"); len(got) != 0 {
		t.Errorf("left in tmp: %q", got)
	}
}

// TestPublishRace has several runs publish one thing: all succeed, and it is
// whole.
func TestPublishRace(t *testing.T) {
	s := openNew(t)
	dst := filepath.Join(s.dir, "tree", hash1, "a")
	var ready, done sync.WaitGroup
	ready.Add(2)
	for range 2 {
		done.Go(func() {
			err := s.Publish(dst, func(dir string) error {
				err := os.WriteFile(filepath.Join(dir, "f"), []byte("same"), 0o444)
				ready.Done()
				ready.Wait() // both are filled before either is renamed
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if got := testkit.Files(t, dst); len(got) != 1 || got[0] != "f: same" {
		t.Errorf("published %q", got)
	}
	if got := names(t, s, "tmp"); len(got) != 0 {
		t.Errorf("left in tmp: %q", got)
	}
}

// TestSweep opens a store in which runs were killed, a while ago and just now.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1/objects/pack/half", "2", "3/half", "4"} {
		testkit.WriteFile(t, filepath.Join(s.dir, "tmp", name), "x")
	}
	long := time.Now().Add(-25 * time.Hour)
	for _, name := range []string{"1", "2"} {
		if err := os.Chtimes(filepath.Join(s.dir, "tmp", name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, s, "tmp"), " "); got != "3 4" {
		t.Errorf("in tmp: %s; want what is not a day old", got)
	}
}

func TestOpenStoreError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	testkit.WriteFile(t, file, "")
	_, err := Open(file)
	words := "not a directory"
	if runtime.GOOS == "windows" {
		words = "no such file or directory" // it says so of a path below a file
	}
	testkit.WantError(t, err, "store "+file+": "+words, "name another place with VXLITE_CACHE=DIR")
}

func TestLockRepo(t *testing.T) {
	dir := t.TempDir()
	var stores [2]*Store
	for i := range stores {
		var err error
		if stores[i], err = Open(dir); err != nil {
			t.Fatal(err)
		}
	}
	unlock, err := stores[0].HoldRepo(t.Context(), Place{ID: "lib"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := stores[1].HoldRepo(t.Context(), Place{ID: "other"})
	if err != nil {
		t.Fatalf("another repository's lock: %v", err)
	}
	other()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = stores[1].HoldRepo(ctx, Place{ID: "lib"})
	testkit.WantError(t, err, "store: lock: context deadline exceeded")
	unlock()
	if unlock, err = stores[1].HoldRepo(t.Context(), Place{ID: "lib"}); err != nil {
		t.Fatalf("after the lock was given back: %v", err)
	}
	unlock()
}

// TestTagFile wants another file for each tag, on a file system that does not
// tell capitals from others too.
func TestTagFile(t *testing.T) {
	seen := map[string]string{}
	for _, tag := range []string{"v1.0.0", "V1.0.0", "sub/v1.0.0", "Sub/v1.0.0", "!v1.0.0", "%2Fv1.0.0"} {
		name := tagFile(tag)
		if other, ok := seen[strings.ToLower(name)]; ok || strings.ContainsAny(name, `/\`) || strings.ToLower(name) != name {
			t.Errorf("%s: %s, as %s", tag, name, other)
		}
		seen[name] = tag
	}
}

func openNew(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names are those in a directory of the store.
func names(t *testing.T, s *Store, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, dir))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
