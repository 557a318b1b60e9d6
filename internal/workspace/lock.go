package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/resolve"
)

// NewLock is what the lock of the plan would be with these checksums.
func (w *Workspace) NewLock(sums []lock.Sum, renew bool) *lock.File {
	now := &lock.File{Go: w.Tool.Version(), Modules: w.Plan.Lock(), Sums: sums}
	if old := w.Lock.Old; old != nil {
		now.Toolchains = old.Toolchains
		if !renew {
			now.Go = old.Go
		}
	}
	now.Sort()
	return now
}

// Write writes a lock, and reports whether the file changed.
func (l Lockfile) Write(now *lock.File, sink event.Sink) (wrote bool, err error) {
	if wrote, err = now.Write(l.Name); wrote {
		sink.Send(event.Event{Kind: event.Debug, Text: "wrote " + l.Name})
	}
	return wrote, err
}

// updateLock brings the lock up to date, and generates the workspace by it. Where it
// cannot be written, as in a container's read-only folder, the build goes on.
func (w *Workspace) updateLock(ctx context.Context) (*Workspace, error) {
	sums, err := w.Checksums(ctx)
	if err != nil {
		return nil, err
	}
	now := w.NewLock(sums, false)
	if w.Lock.Old != nil {
		w.tellDifferences(lock.Compare(w.Lock.Old, now))
	}
	switch _, err := w.Lock.Write(now, w.Sink); {
	case disk.Unwritable(err):
		w.Note("%v; the build continues without it", err)
	case err != nil:
		return nil, err
	}
	p := *w.Planned
	p.Lock.Old, p.Lock.oracle, p.differences = now, now, nil
	return w.generate(&p, now.Sums)
}

// tellDifferences notes the modules that a lock did not have as they are.
func (w *Workspace) tellDifferences(all []lock.Difference) {
	var lines []string
	sums := 0
	for _, d := range all {
		if d.Sum {
			sums++
		} else {
			lines = append(lines, "  "+describe(d))
		}
	}
	switch {
	case len(lines) > 0:
		w.Note("%s was out of date, and is updated:\n%s", w.Lock.Name, strings.Join(lines, "\n"))
	case sums == 1:
		w.Note("%s: 1 checksum of a third-party module changed", w.Lock.Name)
	case sums > 1:
		w.Note("%s: %d checksums of third-party modules changed", w.Lock.Name, sums)
	}
}

// describe words a difference, with the module's name in the config.
func describe(d lock.Difference) string {
	if d.Key == "" && d.New != "" {
		return fmt.Sprintf("%s: not in the lock", d.Path)
	}
	return d.String()
}

// doesNotFit is the error of --locked.
func (k *Kit) doesNotFit(lk Lockfile, all []lock.Difference) error {
	e := &LockedError{File: lk.Name, Config: k.Config.File, Vendored: k.Vendored != nil}
	for _, d := range all {
		e.Entries = append(e.Entries, describe(d))
	}
	return e
}

// DoesNotFit is the error of --locked for a lock that differs from what the plan
// gives.
func (w *Workspace) DoesNotFit(all []lock.Difference) error { return w.doesNotFit(w.Lock, all) }

// lockedError makes the error of --locked of what the resolver could not find in
// the lock.
func (k *Kit) lockedError(lk Lockfile, err error) error {
	u, ok := errors.AsType[*resolve.UnlockedError](err)
	if !ok {
		return err
	}
	e := &LockedError{File: lk.Name, Config: k.Config.File, Vendored: k.Vendored != nil}
	for _, r := range u.Requests {
		e.Entries = append(e.Entries, r+": not in the lock")
	}
	return e
}

// NoLockError is --locked without a lock.
type NoLockError struct{ File, Config string }

// Error implements error.
func (e *NoLockError) Error() string { return fmt.Sprintf("there is no %s", e.File) }

// Hints says how to get one.
func (e *NoLockError) Hints() []string {
	return []string{fmt.Sprintf("write it and keep it under version control: vxlite lock -c %s", e.Config)}
}

// ExitStatus is that of a check that found a problem.
func (e *NoLockError) ExitStatus() int { return 3 }

// LockedError is a lock that does not fit the config, where --locked wants it
// to.
type LockedError struct {
	File, Config string
	// Entries say what differs, one by one.
	Entries []string
	// Vendored says that the lock is a vendor folder's.
	Vendored bool
	// Hint is set where something else would make it fit than elsewhere.
	Hint string
}

// Error implements error.
func (e *LockedError) Error() string {
	return fmt.Sprintf("%s does not fit %s:\n  %s", e.File, e.Config, strings.Join(brief.First(e.Entries, brief.Most), "\n  "))
}

// Hints says how to make it fit.
func (e *LockedError) Hints() []string {
	if e.Hint != "" {
		return []string{e.Hint}
	}
	if e.Vendored {
		return []string{fmt.Sprintf("it was vendored from another config: vendor this one with vxlite vendor -c %s, or leave out -c", e.Config)}
	}
	return []string{fmt.Sprintf("bring it up to date and look at what changes: vxlite lock -c %s", e.Config)}
}

// ExitStatus is that of a check that found a problem.
func (e *LockedError) ExitStatus() int { return 3 }

// NotLocked is the error of --locked for checksums that a build needs.
func (w *Workspace) NotLocked(names []string) error {
	e := &LockedError{File: w.Lock.Name, Config: w.Config.File, Vendored: w.Vendored != nil}
	for _, n := range names {
		e.Entries = append(e.Entries, n+": its checksum is not in the lock")
	}
	return e
}
