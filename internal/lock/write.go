package lock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/vxlite/vxlite/internal/disk"
)

// WriteError is a lock that could not be written.
type WriteError struct {
	Path string
	Err  error
}

// Error implements error. The path is the lock's, not that of a file beside it.
func (e *WriteError) Error() string {
	return fmt.Sprintf("lock %s cannot be written: %s", e.Path, disk.Reason(e.Err))
}

// Unwrap returns the file system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Hints says where it can.
func (e *WriteError) Hints() []string {
	if disk.IsFull(e.Err) {
		return nil
	}
	return []string{"the lock is beside the config: have that in a folder that you may write to"}
}

// ReadError is a lock that is there and cannot be read.
type ReadError struct {
	Path string
	Err  error
}

// Error implements error.
func (e *ReadError) Error() string {
	return fmt.Sprintf("lock %s cannot be read: %s", e.Path, disk.Reason(e.Err))
}

// Hints says how to make room for one that can.
func (e *ReadError) Hints() []string {
	return []string{"make it readable, or move it away: without a lock, vxlite writes one there"}
}

// Read reads the lock of that name. Where there is none, it is an error that
// is fs.ErrNotExist.
func Read(name string) (*File, error) {
	data, err := disk.ReadText(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, &ReadError{name, err}
	}
	return Parse(name, data)
}

// Write puts the lock in its place in one step, and does nothing where that is
// what the file holds already. It reports whether it wrote.
func (f *File) Write(name string) (bool, error) {
	s, err := f.Stage(name)
	if s == nil || err != nil {
		return false, err
	}
	defer s.Discard()
	if err := s.Commit(); err != nil {
		return false, &WriteError{Path: name, Err: err}
	}
	return true, nil
}

// Stage does all of Write but the last step. It returns nil where the file holds
// that already.
func (f *File) Stage(name string) (*disk.Staged, error) {
	data := f.Format()
	if old, err := disk.ReadText(name); err == nil && bytes.Equal(old, data) {
		return nil, nil
	}
	disk.Sweep(name)
	s, err := disk.Stage(name, data, 0o644)
	if err != nil {
		return nil, &WriteError{Path: name, Err: err}
	}
	return s, nil
}
