// Package disk puts files in their place, whole or not at all, the same on
// every platform, and tells by a sum whether they still are what they were.
package disk

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Copy copies a file to a place where none is yet, with that mode before the
// umask.
func Copy(from, to string, mode os.FileMode) error {
	in, err := Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Sum returns the SHA-256 of what a file holds.
func Sum(name string) (sum [sha256.Size]byte, err error) {
	f, err := Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	h.Sum(sum[:0])
	return sum, err
}

// List returns the paths of what is in a directory under a name that begins and
// ends so, sorted. In filepath.Glob's pattern, the directory's own name would
// count too, and some have brackets. A directory that is not there has nothing.
func List(dir, prefix, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, prefix) && strings.HasSuffix(name, suffix) {
			out = append(out, filepath.Join(dir, name))
		}
	}
	return out, err
}

// Rename moves a file or directory within a file system. A file that is there
// already is replaced in one step. Where another program looks at either of
// them just then, which Windows takes for a reason to refuse, it tries again
// for a while.
func Rename(from, to string) error { return retryInUse(func() error { return os.Rename(from, to) }) }

// Replace is Rename for a program that may be running. Windows does not let go
// of one, but lets it be renamed: it is put aside then, and removed by a later
// Replace.
func Replace(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || !inUse(err) {
		return err
	}
	aside := to + ".old"
	if err := os.Remove(aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // the one before is still running too
	}
	if err := os.Rename(to, aside); err != nil {
		return err
	}
	if err := Rename(from, to); err != nil {
		return errors.Join(err, os.Rename(aside, to))
	}
	return nil
}

// IsDir reports whether there is a directory of that name.
func IsDir(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir()
}

// Exists reports whether there is anything of that name.
func Exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// Missing are a directory and those around it that are not there, the innermost first.
func Missing(dir string) (out []string) {
	for ; !Exists(dir) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		out = append(out, dir)
	}
	return out
}

// Reason is an error without the path, which the message has already.
func Reason(err error) string {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
