package patching

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/source"
)

// A clone keeps what the patches were when it was made, or saved last, so that
// saving it does not undo what others did to them since: update, upgrade, or the
// user by hand.

// remember keeps the patches, and whether the lock has the clone's commit: one for an
// update that is still to come has another.
func remember(w *source.Work, locked bool, patches []string) error {
	lines := slices.Sorted(slices.Values(patches))
	if locked {
		lines = append(lines, lockedLine)
	}
	return w.Note(strings.Join(lines, "\n"))
}

const lockedLine = "locked"

// locks reports whether a lock has a commit.
func locks(lockFile, commit string) bool {
	l, err := lock.Read(lockFile)
	return err == nil && slices.ContainsFunc(l.Modules, func(m lock.Module) bool { return m.Commit == commit })
}

// sums are the patches of an entry, each as SHA256SUMS has files.
func (e entry) sums() (out []string) {
	for _, p := range e.patches {
		out = append(out, p.SHA256+"  "+p.Name)
	}
	return out
}

// sumsOf are those of patch files.
func sumsOf(files []patchFile) (out []string) {
	for _, p := range files {
		sum := sha256.Sum256(p.data)
		out = append(out, hex.EncodeToString(sum[:])+"  "+p.name)
	}
	return out
}

// upToDate refuses a clone that began with other patches than those there are, or
// with a commit that the lock no longer has.
func (f File) upToDate(w *source.Work, e entry, dir string) error {
	note, ok := w.Noted()
	if !ok {
		return nil // of an older vxlite
	}
	began := strings.FieldsFunc(note, func(r rune) bool { return r == '\n' })
	locked := slices.Contains(began, lockedLine)
	began = slices.DeleteFunc(began, func(line string) bool { return line == lockedLine })
	now := slices.Sorted(slices.Values(e.sums()))
	lockFile := lock.Name(f.Name)
	switch {
	case locked && !locks(lockFile, w.Base()):
		return &StaleError{Name: e.name, Dir: dir, Reason: fmt.Sprintf("was made at commit %.12s, which %s no longer has", w.Base(), lockFile)}
	case slices.Equal(began, now):
		return nil
	}
	for _, line := range slices.Concat(now, began) {
		if slices.Contains(now, line) != slices.Contains(began, line) {
			_, name, _ := strings.Cut(line, "  ")
			return &StaleError{Name: e.name, Dir: dir, Reason: fmt.Sprintf("does not have what was changed in %s since it was made or saved", name)}
		}
	}
	return nil
}

// StaleError is a clone that would undo changes to the patches if it were saved.
type StaleError struct {
	Name, Dir, Reason string
	conflict          bool // it is for one
}

// inConflict is the error of a clone in which a patch is in conflict.
func (e *StaleError) inConflict() *StaleError {
	return &StaleError{e.Name, e.Dir, e.Reason, true}
}

// Error implements error.
func (e *StaleError) Error() string { return fmt.Sprintf("%s: %s %s", e.Name, e.Dir, e.Reason) }

// Hints says how to keep the work.
func (e *StaleError) Hints() []string {
	if e.conflict {
		return []string{"move it away, and run again the vxlite update or vxlite upgrade that found the conflict"}
	}
	return []string{fmt.Sprintf("move it away, make a new one with vxlite patch edit %s, and take its commits over, as with git cherry-pick", e.Name)}
}
