package build

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
)

// buildTwice builds every target again, as unlike the first time as can be, and
// compares: from the plugins in the opposite order, in another directory, in
// which the modules' files are copies and no links, and with the packages of
// all modules from git compiled anew. What else is linked, the standard library
// and third-party modules, is taken as it was compiled.
func (w *Workspace) buildTwice(ctx context.Context, jobs []job) ([]job, error) {
	tmp, err := w.Store.TempDir()
	if err != nil {
		return nil, err
	}
	defer disk.RemoveAll(tmp)
	if err := w.Write(); err != nil { // where all was up to date it may be gone
		return nil, err
	}
	reversed, err := w.reversed(ctx, tmp)
	if err != nil {
		return nil, err
	}
	jobs = slices.Clone(jobs)
	for i, j := range jobs {
		_, first, err := hashFile(j.file)
		if err != nil {
			return nil, err
		}
		if err := w.seed(ctx, j.settings, reversed.Tool.Var("GOCACHE")); err != nil {
			return nil, err
		}
		second, err := reversed.buildSecond(ctx, j, tmp)
		if err != nil {
			return nil, err
		}
		if first != second.SHA256 {
			return nil, &VerifyError{Path: j.file, Target: j.target.String(), First: first, Second: second.SHA256}
		}
		jobs[i].binary.Verified = true
	}
	return jobs, nil
}

// buildSecond makes a binary once more, in a directory.
func (w *Workspace) buildSecond(ctx context.Context, j job, dir string) (event.Binary, error) {
	tool, pkgs, err := w.Packages(ctx, j.settings)
	if err != nil {
		return event.Binary{}, w.Explain(ctx, w.Dir, j.settings, err)
	}
	j.file = filepath.Join(dir, filepath.Base(j.file))
	return w.make(ctx, j, listing{tool, pkgs}, OnceEach(w.Sink))
}

// reversed is the same workspace, made from the config the other way round and in
// another place.
func (w *Workspace) reversed(ctx context.Context, tmp string) (*Workspace, error) {
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

// seed puts the compiled packages of the standard library and of third-party
// modules into a build cache.
func (w *Workspace) seed(ctx context.Context, c gotool.Compile, cache string) error {
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
