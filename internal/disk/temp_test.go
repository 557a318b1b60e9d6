package disk

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestSweep removes what is old and bears the name that a run gives, and nothing
// else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "rr")
	old := time.Now().Add(-25 * time.Hour)
	for _, file := range []string{"rr", ".rr", ".rr.tmp", ".rr.old.tmp", ".rr..tmp", ".rr.1.tmp2", ".rrx.1.tmp", ".rr.1.2.tmp", "x.rr.1.tmp"} {
		write(t, filepath.Join(dir, file), "")
		if err := os.Chtimes(filepath.Join(dir, file), old, old); err != nil {
			t.Fatal(err)
		}
	}
	young, err := CreateTemp(name)
	if err != nil {
		t.Fatal(err)
	}
	young.Close()
	held, remove, err := MkdirTemp(name)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	if err := os.Chtimes(held, old, old); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	gone := filepath.Join(dir, ".rr.1.tmp")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(gone, "file"), "")
	if err := os.Chmod(gone, 0o555); err != nil { // as a module cache's are
		t.Fatal(err)
	}
	if err := os.Chtimes(gone, old, old); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, ".rr.123.tmp"), "")
	if err := os.Chtimes(filepath.Join(dir, ".rr.123.tmp"), old, old); err != nil {
		t.Fatal(err)
	}
	Sweep(name)
	if got := names(t, dir); got != before {
		t.Errorf("left is %s, want %s", got, before)
	}
	Sweep(filepath.Join(dir, "none", "rr"))
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// TestSweepHeld has directories of processes that have ended, and of this one.
func TestSweepHeld(t *testing.T) {
	dir := t.TempDir()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-25 * time.Hour)
	for name, by := range map[string]string{"x-1": host, "x-2": "another", "x-3": "another", "x-4": "", "y-5": host, "x-a": host} {
		write(t, filepath.Join(dir, name+lockSuffix), by)
		if err := os.MkdirAll(filepath.Join(dir, name, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "x-3.lock"), old, old); err != nil {
		t.Fatal(err)
	}
	held, remove, err := MkdirHeld(dir, "x-*")
	if err != nil {
		t.Fatal(err)
	}
	SweepHeld(dir, "x-*")
	if !IsDir(held) {
		t.Error("a directory was removed that this process has")
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != "x-2 x-2.lock x-4 x-4.lock x-a x-a.lock y-5 y-5.lock" {
		t.Errorf("left is %s", got)
	}
}

// TestMkdirHeld makes directories while others sweep as fast as they can. None
// loses what it has made.
func TestMkdirHeld(t *testing.T) {
	dir := t.TempDir()
	done := make(chan struct{})
	var sweepers, makers sync.WaitGroup
	for range 2 {
		sweepers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					SweepHeld(dir, "*")
				}
			}
		})
	}
	for range 2 {
		makers.Go(func() {
			for range 500 {
				held, remove, err := MkdirHeld(dir, "*")
				if err != nil {
					t.Error(err)
					return
				}
				if !Exists(held) || !Exists(held+lockSuffix) {
					t.Errorf("%s was removed", held)
				}
				if err := remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	makers.Wait()
	close(done)
	sweepers.Wait()
	if got := names(t, dir); got != "" {
		t.Errorf("left is %s", got)
	}
}
