package store

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"
)

// TestFileSums compares with golang.org/x/mod, in an order of names in which a
// slash is not the smallest character.
func TestFileSums(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n", "a/b.go": "package a\n", "a.go": "package m\n", "a-b/c": "", "a/b/c d": "text"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sums, err := sumTree(dir, [sha256.Size]byte{})
	if err != nil {
		t.Fatal(err)
	}
	const prefix = "example.com/m@v1.0.0"
	want, err := dirhash.HashDir(dir, prefix, dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	if got := sums.H1(prefix); got != want {
		t.Errorf("H1: %s, want %s", got, want)
	}
	goMod, err := dirhash.Hash1([]string{"go.mod"}, func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) })
	if err != nil {
		t.Fatal(err)
	}
	if got := sums.GoModH1(); got != goMod {
		t.Errorf("GoModH1: %s, want %s", got, goMod)
	}
	if got := (FileSums{}).GoModH1(); got != "" {
		t.Errorf("GoModH1 without a go.mod: %s", got)
	}
}
