package modfiles

import "fmt"

// DamagedError is a repository whose objects are not what their names say, or
// cannot be read.
type DamagedError struct {
	// Where is the remote, or the store's directory.
	Where string
	// Offline says that it is in the store and might be fetched again.
	Offline bool
	Err     error
}

// Error implements error.
func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.Where, e.Err) }

// Unwrap returns the reason.
func (e *DamagedError) Unwrap() error { return e.Err }

// Hints says what to do.
func (e *DamagedError) Hints() []string {
	if e.Offline {
		return []string{"run the same build once without --offline, which fetches it again"}
	}
	return []string{"look at it with: git -C " + e.Where + " fsck"}
}
