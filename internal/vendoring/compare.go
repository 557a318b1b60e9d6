package vendoring

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/workspace"
)

// CompareLock compares the folder's lock with the one beside a config of the
// user's own. With locked the two must be the same; else what differs is told,
// and the folder's is built. A Go release in the folder, which the build runs,
// must in any case be one that the user's lock has, where he has one.
func (v *Vendored) CompareLock(configFile string, locked bool) error {
	file := lock.Name(configFile)
	own, err := lock.Read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && locked:
		return &workspace.NoLockError{File: file, Config: configFile}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	e := &LocksDifferError{Own: file, Vendored: v.LockName(), Config: configFile, Entries: v.foreignToolchains(own)}
	locked = locked || len(e.Entries) > 0
	for _, d := range lock.Compare(own, v.locked) {
		e.Entries = append(e.Entries, d.Between("the first", "the second"))
	}
	if len(e.Entries) > 0 && locked {
		return e
	}
	if len(e.Entries) > 0 {
		v.Sink.Send(event.Event{Kind: event.Note, Text: e.Error() + "\nthe second is built"})
	}
	return nil
}

// foreignToolchains are the Go releases that the folder brings and the user's
// lock does not have.
func (v *Vendored) foreignToolchains(own *lock.File) []string {
	var out []string
	for _, s := range v.locked.Toolchains {
		if v.release != "" && strings.HasPrefix(s.Version, "v0.0.1-"+v.release+".") && !slices.Contains(own.Toolchains, s) {
			out = append(out, fmt.Sprintf("%s@%s: zip %s is not in the first", s.Path, s.Version, s.H1))
		}
	}
	return out
}

// LocksDifferError is a vendor folder whose lock is not that of the user's own
// config.
type LocksDifferError struct {
	Own, Vendored, Config string
	// Entries say what differs, one by one.
	Entries []string
}

// Error implements error: the first entries, and how many more.
func (e *LocksDifferError) Error() string {
	return fmt.Sprintf("%s and %s differ:\n  %s", e.Own, e.Vendored, strings.Join(brief.First(e.Entries, brief.Most), "\n  "))
}

// ExitStatus is that of a check that found a problem.
func (*LocksDifferError) ExitStatus() int { return 3 }

// Hints says how to get one that fits.
func (e *LocksDifferError) Hints() []string {
	return []string{"it was vendored from another lock: vendor this one with vxlite vendor -c " + e.Config}
}
