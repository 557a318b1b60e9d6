package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/run"
)

// make compiles one target, checks its plugins, and puts the result in its
// place. Which packages take part was listed before. The notes are for the user.
func (w *Workspace) make(ctx context.Context, j job, l listing, tell func(notes []string)) (event.Binary, error) {
	if err := w.CheckLinked(ctx, l.pkgs, j.settings); err != nil {
		return event.Binary{}, err
	}
	tell(w.Pointers(l.pkgs))
	tmp, err := w.Store.TempDir()
	if err != nil {
		return event.Binary{}, err
	}
	defer os.RemoveAll(tmp)
	compilation := l.tool.Compile(w.Dir, j.settings, l.pkgs)
	compilation.Start()
	if err := w.checkPlugins(ctx, compilation, j, tell); err != nil {
		return event.Binary{}, err
	}
	built := filepath.Join(tmp, j.buildName())
	if err := compilation.Build(ctx, built); err != nil {
		return event.Binary{}, w.Explain(ctx, w.Dir, j.settings, err)
	}
	compilation.Done()
	if err := w.smoke(ctx, built, j.settings); err != nil {
		return event.Binary{}, err
	}
	size, sum, err := hashFile(built)
	if err != nil {
		return event.Binary{}, err
	}
	if err := ctx.Err(); err != nil {
		return event.Binary{}, context.Cause(ctx)
	}
	return event.Binary{Target: j.target.String(), Path: j.file, Size: size, SHA256: sum}, place(built, j.file)
}

// buildName is what the binary is called until it is in its place.
func (j job) buildName() string {
	name := filepath.Base(j.file)
	if j.target.OS == "windows" && filepath.Ext(name) != ".exe" {
		name += ".exe" // Windows starts nothing else
	}
	return name
}

// checkPlugins refuses what Endure would disable. For that all packages are
// compiled. Where one does not compile, linking fails with better words: it
// compiles what it lacks.
func (w *Workspace) checkPlugins(ctx context.Context, c *gotool.Compilation, j job, tell func([]string)) error {
	plugins, err := w.Plugins(ctx, c, j.stamp.inputs)
	if err == nil {
		return w.Admit(plugins, tell)
	}
	if _, failed := errors.AsType[*run.Error](err); failed && ctx.Err() == nil {
		if failure := c.Build(ctx, os.DevNull); failure != nil {
			err = failure
		}
	}
	return w.Explain(ctx, w.Dir, j.settings, err)
}

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
