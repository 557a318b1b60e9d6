package disk

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// nonblock is nothing: pipes are no files there.
const nonblock = 0

// patience is for how long a rename is tried.
const patience = 2 * time.Second

// retryInUse calls f until it does something else than find a file in use. A
// virus scanner or an indexer opens what is new, for a moment.
func retryInUse(f func() error) error {
	for deadline, pause := time.Now().Add(patience), time.Millisecond; ; pause *= 2 {
		err := f()
		if err == nil || !inUse(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// inUse recognises the refusal to touch a file that is open or runs.
func inUse(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

// IsFull reports whether a file system has no more room, also one that another
// program found so.
func IsFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || strings.Contains(err.Error(), windows.ERROR_DISK_FULL.Error())
}

// Unwritable reports whether a place may not be written to, by its mode or as
// all of its file system.
func Unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, windows.ERROR_WRITE_PROTECT)
}

// isOwn is always true: each user has a directory for temporary files.
func isOwn(string) bool { return true }
