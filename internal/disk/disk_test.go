package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMove replaces a file.
func TestMove(t *testing.T) {
	for name, move := range map[string]func(from, to string) error{"Rename": Rename, "Replace": Replace} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
			write(t, from, "new")
			write(t, to, "old")
			if err := move(from, to); err != nil {
				t.Fatal(err)
			}
			if data, err := os.ReadFile(to); err != nil || string(data) != "new" {
				t.Errorf("%q, %v", data, err)
			}
			if _, err := os.Stat(from); !os.IsNotExist(err) {
				t.Errorf("%s: %v", from, err)
			}
			if err := move(from, to); err == nil {
				t.Error("a file that is not there was moved")
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestErrorsNameThePlace wants the errors of a file in the making to be those of
// the file, and nothing left beside it.
func TestErrorsNameThePlace(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(dir, "gone", "file")
	folder := filepath.Join(dir, "gone", "folder")
	_, _, made := MkdirTemp(folder)
	for place, err := range map[string]error{gone: Write(gone, nil, 0o644), full: Write(full, nil, 0o644), folder: made} {
		if pe, ok := errors.AsType[*fs.PathError](err); !ok || pe.Path != place || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("the error is %v, want one of %s", err, place)
		}
	}
	if left, err := List(dir, ".", ".tmp"); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
