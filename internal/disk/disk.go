// Package disk moves what is finished to its place, the same on every
// platform.
package disk

import (
	"errors"
	"os"
)

// Rename moves a file or directory within a file system. A file that is there
// already is replaced in one step. Where another program looks at either of
// them just then, which Windows takes for a reason to refuse, it tries again
// for a while.
func Rename(from, to string) error { return patiently(func() error { return os.Rename(from, to) }) }

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
