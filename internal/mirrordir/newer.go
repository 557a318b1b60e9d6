package mirrordir

import (
	"encoding/json"
	"fmt"
)

// NewerError is a file that a newer vxlite wrote.
type NewerError struct {
	// File is empty where only what it holds was read.
	File           string
	Version, Knows int
}

// in is the error with the file's name.
func (e *NewerError) in(file string) *NewerError {
	return &NewerError{file, e.Version, e.Knows}
}

// Error implements error.
func (e *NewerError) Error() string {
	return fmt.Sprintf("%s: it has version %d, and this vxlite knows %d", e.File, e.Version, e.Knows)
}

// ExitStatus is that of wrong usage.
func (*NewerError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*NewerError) Hints() []string {
	return []string{"use the vxlite that wrote it, or a newer one"}
}

// checkNewer refuses JSON with a higher version than is known. The rest of it may
// have another form then.
func checkNewer(data []byte, knows int) error {
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &v); err != nil || v.Version <= knows {
		return nil // whoever reads the rest finds what is wrong
	}
	return &NewerError{Version: v.Version, Knows: knows}
}
