package workspace

import (
	"context"
	"fmt"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
)

// toolFor is the go command that compiles with the settings c: one with the
// vendor folder's unpacked modules where it has such for this kind of build,
// else the one that unpacks modules itself.
func (w *Workspace) toolFor(ctx context.Context, c gotool.Compile) (*gotool.Tool, error) {
	if w.Vendored == nil {
		return w.Tool, nil
	}
	kind, err := w.Tool.Kind(c)
	if err != nil {
		return nil, err
	}
	dir, err := w.Vendored.Modules(ctx, kind, w.Sums)
	if err != nil || dir == "" {
		return w.Tool, err
	}
	return w.Tool.With(map[string]string{"GOMODCACHE": dir}), nil
}

// List lists the packages that take part in a build with the settings c. The
// unpacked modules of a vendor folder may lack something, as a config is built
// that is not the folder's own; the zips do not.
func (w *Workspace) List(ctx context.Context, c gotool.Compile) (Listing, error) {
	tool, err := w.toolFor(ctx, c)
	if err != nil {
		return Listing{}, err
	}
	pkgs, err := tool.Packages(ctx, w.Dir, c)
	if err == nil || tool == w.Tool || ctx.Err() != nil {
		return Listing{tool, pkgs}, err
	}
	w.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("the unpacked modules are not complete, so the zips are used: %v", err)})
	w.Vendored.DropModules()
	if err := w.restoreSums(); err != nil {
		return Listing{}, err
	}
	pkgs, err = w.Tool.Packages(ctx, w.Dir, c)
	return Listing{w.Tool, pkgs}, err
}
