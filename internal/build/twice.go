package build

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/workspace"
)

// buildTwice builds every target again, as unlike the first time as can be, and
// compares: from the plugins in the opposite order, in another directory, in
// which the modules' files are copies and no links, and with the packages of
// all modules from git compiled anew. What else is linked, the standard library
// and third-party modules, is taken as it was compiled.
func buildTwice(ctx context.Context, w *workspace.Workspace, jobs []job) ([]job, error) {
	tmp, remove, err := w.Store.TempDir()
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := w.Write(); err != nil { // where all was up to date it may be gone
		return nil, err
	}
	reversed, err := w.Reversed(ctx, tmp)
	if err != nil {
		return nil, err
	}
	jobs = slices.Clone(jobs)
	for i, j := range jobs {
		_, first, err := output.Hash(j.file)
		if err != nil {
			return nil, err
		}
		if err := w.Seed(ctx, j.settings, reversed.Tool.Var("GOCACHE")); err != nil {
			return nil, err
		}
		second, err := buildSecond(ctx, reversed, j, tmp)
		if err != nil {
			return nil, err
		}
		if first != second.SHA256 {
			return nil, &VerifyError{Path: j.file, Target: j.Target.String(), First: first, Second: second.SHA256}
		}
		jobs[i].binary.Verified = true
	}
	return jobs, nil
}

// buildSecond makes a binary once more, in a directory.
func buildSecond(ctx context.Context, w *workspace.Workspace, j job, dir string) (Binary, error) {
	l, err := w.List(ctx, j.settings)
	if err != nil {
		return Binary{}, w.Explain(ctx, w.Dir, j.settings, err)
	}
	j.file = filepath.Join(dir, filepath.Base(j.file))
	return one(ctx, w, j, l, workspace.OnceEach(w.Sink), nil)
}

// VerifyError is a build that gives other bytes each time.
type VerifyError struct {
	Path, Target string
	// First and Second are hashes, 64 hex digits each.
	First, Second string
}

// Error implements error.
func (e *VerifyError) Error() string {
	return fmt.Sprintf("%s (%s) is not reproducible: sha256:%s at first, sha256:%s when built again", e.Path, e.Target, e.First, e.Second)
}

// Hints says what it may be due to.
func (e *VerifyError) Hints() []string {
	return []string{"the first one was left in place; the difference comes from the toolchain, a C compiler, or files that changed in between"}
}

// ExitStatus is that of a check that found a problem.
func (e *VerifyError) ExitStatus() int { return 3 }
