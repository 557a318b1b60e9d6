package disk

import (
	"errors"
	"syscall"
	"time"
)

// patience is for how long a rename is tried.
const patience = 2 * time.Second

// patiently calls f until it does something else than find a file in use. A
// virus scanner or an indexer opens what is new, for a moment.
func patiently(f func() error) error {
	for deadline, pause := time.Now().Add(patience), time.Millisecond; ; pause *= 2 {
		err := f()
		if err == nil || !inUse(err) || time.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// errSharingViolation is ERROR_SHARING_VIOLATION of WinError.h.
const errSharingViolation syscall.Errno = 32

// inUse recognises the refusal to touch a file that is open or runs.
func inUse(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errSharingViolation)
}
