package archive

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
)

// foundProblem is the exit status of a check that found a problem.
const foundProblem = 3

// DamageError is a folder or archive that is not as it was written.
type DamageError struct {
	// Place is the folder or archive.
	Place string
	// Missing, Changed and Extra are slash-separated paths in it, sorted.
	Missing, Changed, Extra []string
	form                    *Form
}

// Error implements error: the first few of each kind, and how many more.
func (e *DamageError) Error() string {
	var parts []string
	for _, kind := range []struct {
		what  string
		files []string
	}{{"missing", e.Missing}, {"changed", e.Changed}, {"not in " + ListFile, e.Extra}} {
		if len(kind.files) > 0 {
			parts = append(parts, kind.what+": "+brief.List(kind.files, 5))
		}
	}
	return fmt.Sprintf("%s is damaged: %s", e.Place, strings.Join(parts, "; "))
}

// ExitStatus is that of a check that found a problem.
func (*DamageError) ExitStatus() int { return foundProblem }

// Hints says what to do.
func (e *DamageError) Hints() []string { return []string{e.form.Again} }

// compare notes what is missing and what is changed.
func (e *DamageError) compare(want, got List) {
	for name, sum := range want {
		switch have, ok := got[name]; {
		case !ok:
			e.Missing = append(e.Missing, name)
		case have != sum:
			e.Changed = append(e.Changed, name)
		}
	}
	slices.Sort(e.Missing)
	slices.Sort(e.Changed)
	slices.Sort(e.Extra)
}

// any reports whether there is any damage.
func (e *DamageError) any() bool { return len(e.Missing)+len(e.Changed)+len(e.Extra) > 0 }

// BrokenError is a file that is no archive, or not any more.
type BrokenError struct {
	Place, Reason string
	form          *Form
}

// Error implements error.
func (e *BrokenError) Error() string {
	return fmt.Sprintf("%s is damaged or no %s: %s", e.Place, e.form.Archive, e.Reason)
}

// ExitStatus is that of a check that found a problem.
func (*BrokenError) ExitStatus() int { return foundProblem }

// Hints says what to do.
func (e *BrokenError) Hints() []string { return []string{e.form.Again} }

// FormatError is a folder or file that no vxlite wrote.
type FormatError struct {
	Place, Reason string
	// Damaged says that it was one.
	Damaged bool
	form    *Form
}

// Not returns the error for a place that has no such folder or archive.
func (f *Form) Not(place, reason string) *FormatError {
	return &FormatError{Place: place, Reason: reason, form: f}
}

// Error implements error.
func (e *FormatError) Error() string { return e.Place + ": " + e.Reason }

// Hints says what would be one.
func (e *FormatError) Hints() []string {
	if e.Damaged {
		return []string{e.form.Again}
	}
	return []string{e.form.Name}
}

// ExitStatus is that of a check that found a problem, where it found damage.
func (e *FormatError) ExitStatus() int {
	if e.Damaged {
		return foundProblem
	}
	return 1
}
