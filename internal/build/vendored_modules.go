package build

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
)

// unpacked are the modules that a vendor folder has outside their zips.
type unpacked struct {
	kinds []string // of builds that they are for
	cache string   // the module cache that they became, once a build asked for it
}

// toolFor is the go command that compiles with the settings c: one with the
// vendor folder's unpacked modules where they are for such a build, else the
// one that unpacks modules itself.
func (w *Workspace) toolFor(ctx context.Context, c gotool.Compile) (*gotool.Tool, error) {
	v := w.Vendored
	if v == nil || len(v.unpacked.kinds) == 0 {
		return w.Tool, nil
	}
	kind, err := w.Tool.Kind(c)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.unpacked.kinds, kind) {
		return w.Tool, nil
	}
	if v.unpacked.cache == "" {
		dir := filepath.Join(v.tmp, "unpacked")
		if err := v.contents.OpenModules(ctx, dir, v.own, w.Sums); err != nil {
			return nil, err
		}
		v.unpacked.cache = dir
	}
	return w.Tool.With(map[string]string{"GOMODCACHE": v.unpacked.cache}), nil
}

// Packages lists what takes part, and returns the go command to compile it
// with. The unpacked modules may lack something, as a config is built that is
// not the folder's own; the zips do not.
func (w *Workspace) Packages(ctx context.Context, c gotool.Compile) (*gotool.Tool, []gotool.Package, error) {
	tool, err := w.toolFor(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	pkgs, err := tool.Packages(ctx, w.Dir, c)
	if err == nil || tool == w.Tool || ctx.Err() != nil {
		return tool, pkgs, err
	}
	w.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("the unpacked modules are not complete, so the zips are used: %v", err)})
	w.Vendored.unpacked = unpacked{}
	if err := w.restoreSums(); err != nil {
		return nil, nil, err
	}
	pkgs, err = w.Tool.Packages(ctx, w.Dir, c)
	return w.Tool, pkgs, err
}
