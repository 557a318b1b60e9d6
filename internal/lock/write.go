package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vxlite/vxlite/internal/disk"
)

// WriteError is a lock that could not be written.
type WriteError struct {
	Path string
	Err  error
}

// Error implements error. The path is the lock's, not that of a file beside it.
func (e *WriteError) Error() string {
	err := e.Err
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return fmt.Sprintf("lock %s cannot be written: %v", e.Path, err)
}

// Unwrap returns the file system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Read reads the lock of that name. Where there is none, it is an error that
// is fs.ErrNotExist.
func Read(name string) (*File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// Write puts the lock in its place in one step, and does nothing where that is
// what the file holds already. It reports whether it wrote.
func (f *File) Write(name string) (bool, error) {
	data := f.Format()
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, data) {
		return false, nil
	}
	disk.Sweep(name)
	if err := disk.Write(name, data, 0o644); err != nil {
		return false, &WriteError{Path: name, Err: err}
	}
	return true, nil
}
