package amend

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestChanged has a config that another program writes while it is changed.
func TestChanged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "velox.toml")
	if err := os.WriteFile(name, []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := File{Name: name, Data: []byte("before")}.write(t.Context(), []byte("ours"), nil, &Result{})
	if _, ok := errors.AsType[*ChangedError](err); !ok {
		t.Errorf("%v", err)
	}
	if got, _ := os.ReadFile(name); string(got) != "theirs" {
		t.Errorf("it is %q now", got)
	}
}
