package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// On a busy machine the files of one change are further apart than an editor
// has them.
const unhurried, longest = 500 * time.Millisecond, 20 * time.Second

// put writes a file, and its directories.
func put(t *testing.T, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestNext makes changes that count and changes that do not.
func TestNext(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "velox.toml")
	put(t, config)
	put(t, filepath.Join(dir, "sub", "a.go"))
	put(t, filepath.Join(dir, ".git", "index.go"))
	w, err := New([]string{dir}, []string{config})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Quiet, w.Longest = unhurried, longest
	page := func(name string) bool { return filepath.Ext(name) == ".html" }
	put(t, filepath.Join(dir, "forgotten.html"))
	put(t, filepath.Join(dir, "forgotten.go"))
	next(t, w, dir, false)
	w.Remember()
	put(t, filepath.Join(dir, "late.html"))
	put(t, filepath.Join(dir, "late.go"))
	next(t, w, dir, false)
	if got, want := w.Also(page), []string{filepath.Join(dir, "late.html")}; !slices.Equal(got, want) {
		t.Errorf("late are %q, want %q", got, want)
	}
	put(t, filepath.Join(dir, "server.txt"))
	put(t, filepath.Join(dir, "late.go"))
	next(t, w, dir, false)
	if got := w.Also(func(name string) bool { return page(name) || filepath.Ext(name) == ".txt" }); len(got) > 0 {
		t.Errorf("late once more are %q", got)
	}
	w.Also(page)
	for _, tt := range []struct {
		what    string
		changed []string // below dir
		want    []string // none for no change
	}{
		{"a file", []string{"a.go"}, []string{"a.go"}},
		{"several at once", []string{"b.go", "sub/a.go", "go.mod"}, []string{"b.go", "go.mod", "sub/a.go"}},
		{"what is embedded", []string{"page.html"}, []string{"page.html"}},
		{"tests, logs, editors' files, git", []string{"a_test.go", "server.log", "a.go~", ".a.go.swp", "4913", ".git/index.go"}, nil},
	} {
		for _, name := range tt.changed {
			put(t, filepath.Join(dir, filepath.FromSlash(name)))
		}
		if got := next(t, w, dir, len(tt.want) == 0); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
		}
	}
	put(t, config)
	if got := next(t, w, filepath.Dir(config), false); !slices.Equal(got, []string{"velox.toml"}) {
		t.Errorf("the config: %q", got)
	}
	// A new directory is watched too, with what is put into it later.
	put(t, filepath.Join(dir, "new", "c.go"))
	next(t, w, dir, false)
	put(t, filepath.Join(dir, "new", "d.go"))
	if got := next(t, w, dir, false); !slices.Contains(got, "new/d.go") {
		t.Errorf("in a new directory: %q", got)
	}
}

// next returns the files of the next change, relative to dir; none is waited
// for briefly.
func next(t *testing.T, w *Watcher, dir string, none bool) []string {
	t.Helper()
	limit := 20 * time.Second
	if none {
		limit = 2 * unhurried
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	files, err := w.Next(ctx)
	if err != nil && !(none && errors.Is(err, context.DeadlineExceeded)) {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		rel, err := filepath.Rel(dir, f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out
}

// TestWatch goes over to other directories, while a change is under way.
func TestWatch(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"left/sub/a.go", "kept/a.go", "new/a.go", "new/.git/b.go", "new/a.txt"} {
		put(t, filepath.Join(root, filepath.FromSlash(name)))
	}
	dir := func(name string) string { return filepath.Join(root, name) }
	w, err := New([]string{dir("left"), dir("kept")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.Quiet, w.Longest = unhurried, longest
	put(t, filepath.Join(root, "kept", "before.go"))
	if err := w.Watch([]string{dir("kept"), dir("new")}, nil); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(root, "left", "sub", "a.go"))
	put(t, filepath.Join(root, "new", "a.go"))
	if got, want := next(t, w, root, false), []string{"kept/before.go", "new/a.go"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestFiles changes single files: one that is replaced, one that appears later, one
// that goes, one that is a link, all of them reached over a link.
func TestFiles(t *testing.T) {
	root := t.TempDir()
	in := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	for _, name := range []string{"real/.rr.yaml", "real/other.yaml", "elsewhere/linked.yaml", "elsewhere/not.yaml"} {
		put(t, in(name))
	}
	if err := os.Symlink("real", in("dir")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("../elsewhere/linked.yaml", in("real/link.yaml")); err != nil {
		t.Fatal(err)
	}
	files := []string{in("dir/.rr.yaml"), in("dir/later.yaml"), in("dir/link.yaml"), in("none/x.yaml")}
	before := List(nil, files)
	put(t, in("real/link.yaml")) // through the link
	w, err := New(nil, files)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if got, err := w.Since(before); err != nil || !slices.Equal(got, files[2:3]) {
		t.Errorf("before: %v, %q", err, got)
	}
	w.Quiet, w.Longest = unhurried, longest
	for _, tt := range []struct {
		name string
		do   func() error
		want []string
	}{
		{"replaced", func() error {
			put(t, in("real/.rr.yaml.new"))
			return os.Rename(in("real/.rr.yaml.new"), in("real/.rr.yaml"))
		}, []string{"dir/.rr.yaml"}},
		{"appears", func() error { put(t, in("real/later.yaml")); return nil }, []string{"dir/later.yaml"}},
		{"goes", func() error { return os.Remove(in("real/.rr.yaml")) }, []string{"dir/.rr.yaml"}},
		{"another's", func() error { put(t, in("real/other.yaml")); put(t, in("elsewhere/not.yaml")); return nil }, nil},
		{"behind a link", func() error { put(t, in("elsewhere/linked.yaml")); return nil }, []string{"dir/link.yaml"}},
	} {
		if err := tt.do(); err != nil {
			t.Fatal(err)
		}
		if got := next(t, w, root, tt.want == nil); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDrain has many events come while nobody takes one, as on Windows where the
// next directory is added only when they are taken.
func TestDrain(t *testing.T) {
	events, errs, out := make(chan fsnotify.Event), make(chan error), make(chan seen)
	go drain(events, errs, out)
	const n = 1000
	for i := range n {
		select {
		case events <- fsnotify.Event{Name: strconv.Itoa(i)}:
		case <-time.After(20 * time.Second):
			t.Fatalf("event %d is not taken", i)
		}
	}
	lost := errors.New("events were lost")
	errs <- lost
	for i := range n {
		if s := <-out; s.err != nil || s.event.Name != strconv.Itoa(i) {
			t.Fatalf("%v, want event %d", s, i)
		}
	}
	if s := <-out; s.err != lost {
		t.Errorf("%v, want the error", s)
	}
	events <- fsnotify.Event{Name: "left"}
	close(events)
	for s := range out {
		if s.event.Name != "left" {
			t.Errorf("%v after the end", s)
		}
	}
}

// TestClose ends what waits for a change.
func TestClose(t *testing.T) {
	w, err := New([]string{t.TempDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { _, err := w.Next(t.Context()); ended <- err }()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, fsnotify.ErrClosed) {
		t.Errorf("error %v, want %v", err, fsnotify.ErrClosed)
	}
}
