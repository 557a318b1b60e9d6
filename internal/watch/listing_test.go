package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestSince makes every kind of change between a listing and the watching.
func TestSince(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	long := time.Now().Add(-time.Hour)
	older := func(name string, age time.Duration) {
		t.Helper()
		if err := os.Chtimes(in(name), long.Add(-age), long.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"a/kept.go", "a/written.go", "a/moved.go", "saved.go", "a/removed.go", "a/page.html", "a/server.log", "a/.git/b.go",
		"b/kept.go", "b/written.go", "b/removed.go", "b/copied.go", "left/removed.go", "velox.toml"} {
		put(t, in(name))
		older(name, time.Duration(i)*time.Minute)
	}
	before := List([]string{in("a"), in("left"), in("none")}, []string{in("velox.toml")})

	for _, name := range []string{"a/written.go", "a/page.html", "a/server.log", "a/.git/b.go", "a/new/made.go", "a/made.go~", "b/written.go", "velox.toml"} {
		put(t, in(name))
	}
	older("a/new/made.go", 0) // cp -p
	older("b/copied.go", 0)
	if err := os.Rename(in("saved.go"), in("a/moved.go")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/removed.go", "b/removed.go", "left/removed.go"} {
		if err := os.Remove(in(name)); err != nil {
			t.Fatal(err)
		}
	}

	w, err := New([]string{in("a"), in("b")}, []string{in("velox.toml")})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	got, err := w.Since(before)
	var want []string
	// Of b, which was not listed, only the write is seen.
	for _, name := range []string{"a/moved.go", "a/new/made.go", "a/removed.go", "a/written.go", "b/written.go", "velox.toml"} {
		want = append(want, in(name))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	page := func(name string) bool { return filepath.Ext(name) == ".html" }
	if got, want := w.Also(page), []string{in("a/page.html")}; !slices.Equal(got, want) {
		t.Errorf("late are %q, want %q", got, want)
	}
	if got, err := w.Since(List([]string{in("a"), in("b")}, []string{in("velox.toml")})); err != nil || len(got) > 0 {
		t.Errorf("%v, and %q changed since now", err, got)
	}
}
