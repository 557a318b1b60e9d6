package build

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

// newLock is what the lock of the plan would be with these checksums.
func (w *workspace) newLock(sums []lock.Sum, renew bool) *lock.File {
	now := &lock.File{Go: w.tool.Version(), Modules: w.plan.Lock(), Sums: sums}
	if old := w.lock.old; old != nil {
		now.Toolchains = old.Toolchains
		if !renew {
			now.Go = old.Go
		}
	}
	now.Sort()
	return now
}

// write writes a lock, and reports whether the file changed.
func (l lockfile) write(now *lock.File, sink event.Sink) (wrote bool, err error) {
	if wrote, err = now.Write(l.name); wrote {
		sink.Send(event.Event{Kind: event.Debug, Text: "wrote " + l.name})
	}
	return wrote, err
}

// updateLock brings the lock up to date, and generates the workspace by it. Where it
// cannot be written, as in a container's read-only folder, the build goes on.
func (w *workspace) updateLock(ctx context.Context) (*workspace, error) {
	sums, err := w.checksums(ctx)
	if err != nil {
		return nil, err
	}
	now := w.newLock(sums, false)
	if w.lock.old != nil {
		w.tellDifferences(lock.Compare(w.lock.old, now))
	}
	switch _, err := w.lock.write(now, w.Sink); {
	case disk.Unwritable(err):
		w.note("%v; the build continues without it", err)
	case err != nil:
		return nil, err
	}
	p := *w.planned
	p.lock.old, p.lock.oracle, p.differences = now, now, nil
	return w.generate(&p, now.Sums)
}

// tellDifferences notes the modules that a lock did not have as they are.
func (w *workspace) tellDifferences(all []lock.Difference) {
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
		w.note("%s was out of date, and is updated:\n%s", w.lock.name, strings.Join(lines, "\n"))
	case sums == 1:
		w.note("%s: 1 checksum of a third-party module changed", w.lock.name)
	case sums > 1:
		w.note("%s: %d checksums of third-party modules changed", w.lock.name, sums)
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
func (k *kit) doesNotFit(lk lockfile, all []lock.Difference) error {
	e := &LockedError{File: lk.name, Config: k.Config.File, Vendored: k.Vendored != nil}
	for _, d := range all {
		e.Entries = append(e.Entries, describe(d))
	}
	return e
}

// lockedError makes the error of --locked of what the resolver could not find in
// the lock.
func (k *kit) lockedError(lk lockfile, err error) error {
	u, ok := errors.AsType[*resolve.UnlockedError](err)
	if !ok {
		return err
	}
	e := &LockedError{File: lk.name, Config: k.Config.File, Vendored: k.Vendored != nil}
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
	return fmt.Sprintf("%s does not fit %s:\n  %s", e.File, e.Config, strings.Join(brief.First(e.Entries, mostListed), "\n  "))
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

// notLocked is the error of --locked for checksums that a build needs.
func (w *workspace) notLocked(names []string) error {
	e := &LockedError{File: w.lock.name, Config: w.Config.File, Vendored: w.Vendored != nil}
	for _, n := range names {
		e.Entries = append(e.Entries, n+": its checksum is not in the lock")
	}
	return e
}
