package disk

import (
	"errors"
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
	f, err := os.CreateTemp(filepath.Dir(name), tempPattern(name))
	return f, of(name, err)
}

// MkdirTemp is CreateTemp for a directory.
func MkdirTemp(name string) (string, error) {
	dir, err := os.MkdirTemp(filepath.Dir(name), tempPattern(name))
	return dir, of(name, err)
}

// of makes an error that of the file or directory that is in the making: the
// name of what stands beside it says nothing to anybody.
func of(name string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return &fs.PathError{Op: pe.Op, Path: name, Err: pe.Err}
	case errors.As(err, &le):
		return &fs.PathError{Op: "replace", Path: name, Err: le.Err}
	}
	return err
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
