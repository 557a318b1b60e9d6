//go:build !windows

package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// nonblock is for opening what may be a pipe.
const nonblock = syscall.O_NONBLOCK

// retryInUse calls f once: an open file can be renamed and replaced.
func retryInUse(f func() error) error { return f() }

// inUse is always false, as nothing is refused for being open.
func inUse(error) bool { return false }

// IsFull reports whether a file system has no more room, also one that another
// program found so.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), syscall.ENOSPC.Error())
}

// Unwritable reports whether a place may not be written to, by its mode or as
// all of its file system.
func Unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// isOwn reports whether a path is this user's, or not there.
func isOwn(name string) bool {
	fi, err := os.Lstat(name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
