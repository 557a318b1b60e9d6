package disk

import (
	"os"
	"path/filepath"
	"strings"
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
	before := names(t, dir)
	gone, err := MkdirTemp(name)
	if err != nil {
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
