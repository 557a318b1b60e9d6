package mirrordir

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// checkAge refuses a whole bundle that would only take branches back. Bundles have
// no time, so packs tell: a mirror that has the commit of each branch in the bundle,
// where the bundle lacks one of the mirror's, was there before. A branch that was
// rewritten upstream is no such one: the commit that it had is kept, and in the bundle.
func (a *applying) checkAge(rows []AppliedRepository) error {
	if a.record.Bundle.Number != 1 {
		return nil // it is the next one
	}
	var back []movedBranch
	for _, row := range rows {
		b, ahead, err := a.back(row)
		if err != nil || ahead {
			return err
		}
		back = append(back, b...)
	}
	if len(back) == 0 {
		return nil
	}
	e := &OlderError{File: a.file, Dir: a.m.Dir, branch: back[0], More: len(back) - 1}
	if have := a.m.State.Bundles; len(have) > 0 {
		e.Has = &have[len(have)-1]
	}
	return e
}

// movedBranch is a branch that would be elsewhere.
type movedBranch struct {
	name, repository string
	from, to         string // 40 hex digits
}

// back are the branches of a repository that the bundle would take back, and whether
// one has a commit in it that the mirror does not have.
func (a *applying) back(row AppliedRepository) (back []movedBranch, ahead bool, err error) {
	if len(row.Changed) == 0 {
		return nil, false, nil
	}
	staged, ours := a.path(row.Path), a.m.Path(row.Path)
	theirs, err := branches(staged, row.Changed, a.limits)
	if err != nil {
		return nil, false, err
	}
	own, err := branches(ours, row.Changed, a.limits)
	if err != nil {
		return nil, false, err
	}
	unknown, err := gitpack.MissingObjects(theirs, filepath.Join(ours, packDir))
	if err != nil || len(unknown) > 0 {
		return nil, len(unknown) > 0, err
	}
	gone, err := gitpack.MissingObjects(own, filepath.Join(staged, packDir))
	for _, r := range gone {
		i := slices.IndexFunc(theirs, func(t gitpack.PackedRef) bool { return t.Name == r.Name })
		back = append(back, movedBranch{strings.TrimPrefix(r.Name, branchPrefix), row.URL, r.Hash.String(), theirs[i].Hash.String()})
	}
	return back, false, err
}

const branchPrefix = "refs/heads/"

// branches are those of a repository that have one of these names.
func branches(repository string, names []string, limits config.Limits) ([]gitpack.PackedRef, error) {
	refs, err := gitpack.ReadPackedRefs(repository, limits)
	return slices.DeleteFunc(refs, func(r gitpack.PackedRef) bool {
		return !strings.HasPrefix(r.Name, branchPrefix) || !slices.Contains(names, r.Name)
	}), err
}

// OlderError is a whole bundle of a mirror as it was before the one that it was to be
// applied to.
type OlderError struct {
	File, Dir string
	// Has is the mirror's last one; nil where none was applied.
	Has    *Bundle
	branch movedBranch
	// More counts the other branches that it would take back.
	More int
}

// Error implements error.
func (e *OlderError) Error() string {
	has := ""
	if e.Has != nil {
		has = fmt.Sprintf(", which has %s (bundle %d)", e.Has.Name, e.Has.Number)
	}
	more := ""
	switch {
	case e.More == 1:
		more = ", and 1 more branch"
	case e.More > 1:
		more = fmt.Sprintf(", and %d more branches", e.More)
	}
	b := e.branch
	return fmt.Sprintf("whole bundle %s is older than %s%s: it would take branch %s of %s from %.12s back to %.12s%s",
		e.File, e.Dir, has, b.name, b.repository, b.from, b.to, more)
}

// ExitStatus is that of a check that found a problem.
func (*OlderError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*OlderError) Hints() []string {
	return []string{"to have the mirror as it was then, apply it to a new directory"}
}
