package disk

import (
	"os"
	"path/filepath"
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
