package workspace

import (
	"fmt"
	"strconv"
	"time"
)

// Epoch is the time of SOURCE_DATE_EPOCH, zero where that is not set: see
// reproducible-builds.org/specs/source-date-epoch.
func (m Machine) Epoch() (time.Time, error) {
	s, _ := m.Env("SOURCE_DATE_EPOCH")
	if s == "" {
		return time.Time{}, nil
	}
	const last = 253402300799 // of the year 9999, beyond which RFC 3339 has no times
	sec, err := strconv.ParseInt(s, 10, 64)
	if err != nil || sec < 0 || sec > last {
		return time.Time{}, &EpochError{s}
	}
	return time.Unix(sec, 0).UTC(), nil
}

// EpochError is a SOURCE_DATE_EPOCH that is no time.
type EpochError struct{ Value string }

// Error implements error.
func (e *EpochError) Error() string {
	return fmt.Sprintf("SOURCE_DATE_EPOCH is %q, not a number of seconds since 1970", e.Value)
}

// Hints says what to set.
func (*EpochError) Hints() []string {
	return []string{"unset it, or set it as in: export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)"}
}

// ExitStatus is that of wrong usage.
func (*EpochError) ExitStatus() int { return 2 }
