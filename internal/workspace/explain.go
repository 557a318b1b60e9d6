package workspace

import (
	"context"
	"errors"

	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/source"
)

// Explain says which module a failure of the go command concerns.
func (w *Workspace) Explain(ctx context.Context, dir string, c gotool.Compile, err error) error {
	if missing, ok := errors.AsType[*gotool.MissingModuleError](err); ok && w.Offline {
		return w.missingModules(ctx, dir, c, missing)
	} else if ok {
		return explain.Missing(w.Plan, w.Offline, w.Vendored != nil, missing)
	}
	if other, ok := errors.AsType[*gotool.SumMismatchError](err); ok {
		return w.mismatch(other)
	}
	cc, _ := w.Env("CC")
	if lacking := explain.Cgo(w.Plan, w.Tool, cc, dir, c, err); lacking != nil {
		return lacking
	}
	if refused := explain.Value(w.Config.Places, err); refused != nil {
		return refused
	}
	client := func() (*source.Client, error) { return w.Client(false) }
	if other := explain.NotFollowed(ctx, w.Plan, client, err); other != nil {
		return other
	}
	if lacking := explain.Unrequired(w.Plan, err); lacking != nil {
		return lacking
	}
	return explain.Compile(w.Plan, err)
}

// CheckLinked makes sure that the build list has every git-sourced module at the
// version of the plan.
func (w *Workspace) CheckLinked(ctx context.Context, pkgs []gotool.Package, c gotool.Compile) error {
	return explain.Linked(w.Plan, pkgs, func() ([][2]string, error) { return w.Tool.Graph(ctx, w.Dir, c) })
}
