//go:build !windows

package disk

import (
	"errors"
	"io/fs"
	"syscall"
)

// nonblock is for opening what may be a pipe.
const nonblock = syscall.O_NONBLOCK

// retryInUse calls f once: an open file can be renamed and replaced.
func retryInUse(f func() error) error { return f() }

// inUse is always false, as nothing is refused for being open.
func inUse(error) bool { return false }

// Unwritable reports whether a place may not be written to, by its mode or as
// all of its file system.
func Unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
