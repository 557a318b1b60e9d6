package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RemoveAll is os.RemoveAll for folders that may be read-only, as those of a
// module cache are.
func RemoveAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(p, 0o755)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// tempPattern names what stands beside a file or folder until it is renamed to it.
func tempPattern(name string) string { return "." + filepath.Base(name) + ".*.tmp" }

// CreateTemp makes a file beside name, to be renamed to it, which [Sweep] finds
// where this run cannot remove it.
func CreateTemp(name string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(name), tempPattern(name))
}

// MkdirTemp is CreateTemp for a directory.
func MkdirTemp(name string) (string, error) {
	return os.MkdirTemp(filepath.Dir(name), tempPattern(name))
}

// leftFor is after how long what stands beside a file is taken for that of a run
// that was killed.
const leftFor = 24 * time.Hour

// Sweep removes what killed runs have left beside name. What cannot be removed
// stays: it is in nobody's way.
func Sweep(name string) {
	dir := filepath.Dir(name)
	before, after, _ := strings.Cut(tempPattern(name), "*")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		random, ok := strings.CutPrefix(e.Name(), before)
		random, tmp := strings.CutSuffix(random, after)
		if !ok || !tmp || random == "" || strings.Trim(random, "0123456789") != "" {
			continue
		}
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > leftFor {
			_ = RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
