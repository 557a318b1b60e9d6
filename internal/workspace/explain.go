package workspace

import (
	"context"
	"errors"

	"github.com/vxlite/vxlite/internal/gotool"
)

// Explain says which module a failure of the go command concerns.
func (w *Workspace) Explain(ctx context.Context, dir string, c gotool.Compile, err error) error {
	if missing, ok := errors.AsType[*gotool.MissingModuleError](err); ok && w.Offline {
		return w.missingModules(ctx, dir, c, missing)
	} else if ok {
		return w.missing(missing)
	}
	if other, ok := errors.AsType[*gotool.SumMismatchError](err); ok {
		return w.mismatch(other)
	}
	if lacking := w.cgo(dir, c, err); lacking != nil {
		return lacking
	}
	if refused := w.refused(err); refused != nil {
		return refused
	}
	if other := w.notFollowed(ctx, err); other != nil {
		return other
	}
	return w.compileError(err)
}
