package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestCleanOlder has servers and workspaces that were made long ago, and some of
// which a part was made anew, far below.
func TestCleanOlder(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for file, age := range map[string]time.Duration{
		"run/old/a/rr":          30 * 24 * time.Hour,
		"run/anew/a/rr":         30 * 24 * time.Hour,
		"run/anew/b/rr":         time.Minute,
		"work/old/app/main.go":  8 * 24 * time.Hour,
		"work/anew/app/main.go": 6 * 24 * time.Hour,
	} {
		name := filepath.Join(s.Dir(), filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	long := now.Add(-60 * 24 * time.Hour)
	for _, dir := range []string{"run/old", "run/old/a", "run/anew", "run/anew/a", "run/anew/b", "work/old", "work/old/app", "work/anew", "work/anew/app"} {
		if err := os.Chtimes(filepath.Join(s.Dir(), filepath.FromSlash(dir)), now, long); err != nil {
			t.Fatal(err)
		}
	}
	none := func(string) bool { return false }
	for _, tt := range []struct {
		age  time.Duration
		want []string
	}{
		{7 * 24 * time.Hour, []string{"run/old", "work/old"}},
		{time.Hour, []string{"work/anew"}},
		{0, []string{"run/anew"}},
	} {
		removed, size, err := s.Clean(none, now.Add(-tt.age))
		if err != nil || !slices.Equal(removed, tt.want) || size == 0 {
			t.Errorf("what is %v old: %q, %d bytes, %v; want %q", tt.age, removed, size, err, tt.want)
		}
	}
}
