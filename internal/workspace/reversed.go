package workspace

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
)

// Reversed is the same workspace, made from the config the other way round and in
// another place.
func (w *Workspace) Reversed(ctx context.Context, tmp string) (*Workspace, error) {
	k := *w.Kit
	cfg := *k.Config
	cfg.Plugins = slices.Clone(cfg.Plugins)
	slices.Reverse(cfg.Plugins)
	cfg.Build.CacheProg = "" // it would give what was compiled the first time
	k.Config = &cfg
	k.Sink = func(e event.Event) {
		if e.Kind != event.Note { // it was said the first time
			w.Sink.Send(e)
		}
	}
	k.Tool = w.Tool.With(map[string]string{"GOCACHE": filepath.Join(tmp, "go-build"), "GOCACHEPROG": ""})
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	plan, err := k.resolve(ctx, client, w.Lock)
	if err != nil {
		return nil, err
	}
	p := *w.Planned
	p.Plan = plan
	out, err := k.generate(&p, w.Sums)
	if err != nil {
		return nil, err
	}
	elsewhere := *out
	elsewhere.Dir = filepath.Join(tmp, "in another directory")
	if err := elsewhere.Files.Write(elsewhere.Dir, true); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	return &elsewhere, nil
}

// Seed puts the compiled packages of the standard library and of third-party
// modules into a build cache.
func (w *Workspace) Seed(ctx context.Context, c gotool.Compile, cache string) error {
	c.CacheProg = ""
	tool, err := w.toolFor(ctx, c)
	if err != nil {
		return err
	}
	all, err := tool.With(map[string]string{"GOCACHEPROG": ""}).Compiled(ctx, w.Dir, c)
	if err != nil {
		return w.Explain(ctx, w.Dir, c, err)
	}
	app := w.Plan.RoadRunner.Path + "/vxlite"
	others := slices.DeleteFunc(all, func(e gotool.Compiled) bool { return e.Module == app || w.Plan.Lookup(e.Module) != nil })
	return gotool.WriteCache(ctx, cache, others)
}
