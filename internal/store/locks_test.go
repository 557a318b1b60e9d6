package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCleanLocks has commits of four locks: one used lately, one used long ago, one
// that is gone and one that is named. All were fetched at the same time.
func TestCleanLocks(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	commit := func(n int) string { return strings.Repeat(fmt.Sprint(n), 40) }
	file := func(n int) string { return filepath.Join(dir, fmt.Sprintf("%d.lock", n)) }
	for n, used := range []time.Duration{0, Recent + time.Minute, 0, 0} {
		data := fmt.Sprintf("version = 1\ngo = \"go1.26.0\"\n\n[[module]]\npath = \"example.com/m\"\nversion = \"v1.0.0\"\nurl = \"https://example.com/m\"\n"+
			"ref = \"v1.0.0\"\ncommit = %q\nh1 = \"h1:%s=\"\n", commit(n), strings.Repeat("A", 43))
		if err := os.WriteFile(file(n), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.write(nil, "commit", commit(n)); err != nil {
			t.Fatal(err)
		}
		if n == 3 {
			continue // it is named below
		}
		for range 2 { // the second finds the record
			if err := s.UseLock(file(n)); err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().Add(-used)
		if err := os.Chtimes(filepath.Join(s.Dir(), "locks", Key(file(n))), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(file(2)); err != nil {
		t.Fatal(err)
	}
	if c, err := Cache(dir); err != nil || !slices.Equal(c.Locks, []string{file(0)}) {
		t.Errorf("locks %q, %v", c.Locks, err)
	}
	if r, err := CleanCache(dir, nil, "none", time.Hour); err != nil || len(r.Paths) > 0 {
		t.Errorf("what is younger: removed %v, %v", r, err)
	}
	r, err := CleanCache(dir, []string{file(3)}, "none", 0)
	if want := []string{"commit/" + commit(1), "commit/" + commit(2)}; err != nil || !slices.Equal(r.Paths, want) {
		t.Errorf("removed %v, %v; want %v", r, err, want)
	}
	if left, err := os.ReadDir(filepath.Join(s.Dir(), "locks")); err != nil || len(left) != 1 || left[0].Name() != Key(file(0)) {
		t.Errorf("the records are %v, %v", left, err)
	}
	if err := s.UseLock(file(1)); err != nil { // used again
		t.Fatal(err)
	}
	if c, err := Cache(dir); err != nil || !slices.Equal(c.Locks, []string{file(0), file(1)}) {
		t.Errorf("locks %q, %v", c.Locks, err)
	}
}
