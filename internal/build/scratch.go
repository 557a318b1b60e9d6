package build

import (
	"context"

	"github.com/vxlite/vxlite/internal/workspace"
)

// Scratch builds the binaries of a config into a temporary directory of the store,
// for use to look at; they are gone when it returns.
func Scratch(ctx context.Context, m workspace.Machine, p workspace.Project, use func(w *workspace.Workspace, binaries []Binary) error) error {
	tmp, remove, err := m.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	w, r, err := Build(ctx, Options{Machine: m, Project: p, Output: tmp + "/"})
	if err != nil {
		return err
	}
	return use(w, r.Binaries)
}
