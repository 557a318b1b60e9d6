package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestDirectories lets nothing be kept in a directory that Clean does not know.
func TestDirectories(t *testing.T) {
	s := openNew(t)
	for _, d := range directories {
		if err := s.WriteJSON(1, d.name, hash1); err != nil {
			t.Error(err)
		}
	}
	const want = "store: the store has no directory mine"
	if err := s.WriteJSON(1, "mine", hash1); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if err := s.Publish(filepath.Join(s.Dir(), "mine", "x"), func(string) error { return nil }); err == nil {
		t.Error("a directory of no kind is published")
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "peel", hash2), []byte(hash1+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	removed, _, err := s.Clean(func(string) bool { return false }, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, d := range directories {
		switch d.clean {
		case former:
			gone = append(gone, d.name)
		case byCommit, made:
			gone = append(gone, d.name+"/"+hash1)
		}
	}
	gone = append(gone, "peel/"+hash2)
	slices.Sort(gone)
	if !slices.Equal(removed, gone) {
		t.Errorf("removed %q, want %q", removed, gone)
	}
}
