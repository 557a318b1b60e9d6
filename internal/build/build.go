// Package build leads from a config to a binary in its place.
//
//	config → workspace → list the packages → compile → check → smoke-test → put in place
//
// The first arrow is package workspace's. Each step takes values and gives one,
// which nothing changes afterwards. Begin at [Build].
package build

import (
	"context"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Options say what to build, and where to put it.
type Options struct {
	workspace.Machine
	workspace.Project
	// Output is a directory, or a file where that is plain: see outputs.
	Output string
	// SBOM and Provenance ask for these files beside each binary.
	SBOM, Provenance bool
	// BuildTwice builds twice and compares.
	BuildTwice bool
	// Planned is nil, or refuses what would be compiled.
	Planned func(*workspace.Workspace) error
	// Audit is nil, or gives what refuses a binary before it is put in its place, or
	// that is there and up to date. It is asked before anything is compiled.
	Audit func(context.Context, *workspace.Workspace) (Linked, error)
}

// Linked looks at a binary that was linked for a target.
type Linked func(ctx context.Context, w *workspace.Workspace, t config.Target, file string) error

// Build makes the binaries, one for each target. The workspace is that of the
// result; with an error, as far as it came to one: what does not compile may
// still be watched.
func Build(ctx context.Context, o Options) (w *workspace.Workspace, result *Result, err error) {
	o.Locked = o.Locked || o.Vendored != nil
	targets, err := outputs(o.Project, o.Output)
	if err != nil {
		return nil, nil, err
	}
	if err := output.CheckWritable(files(targets), output.Program, o.Config.File, lock.Name(o.Config.File)); err != nil {
		return nil, nil, err
	}
	w, err = workspace.Prepare(ctx, o.Machine, o.Project, workspace.Ask{})
	if err != nil {
		return nil, nil, err
	}
	linked, err := o.begin(ctx, w)
	if err != nil {
		return w, nil, err
	}
	jobs, err := jobsFor(w, targets)
	if err != nil {
		return w, nil, err
	}
	before := jobs[0].stamp.before(w.Store)
	if !w.Fits() && !w.Plan.Overridden || !allFresh(jobs) { // what was built before was checked before
		if w, jobs, err = compile(ctx, w, jobs, linked); err != nil {
			return w, nil, err
		}
	}
	for _, j := range jobs {
		if j.fresh && linked != nil {
			if err := linked(ctx, w, j.Target, j.file); err != nil {
				return w, nil, err
			}
		}
	}
	if o.BuildTwice {
		if jobs, err = buildTwice(ctx, w, jobs); err != nil {
			return w, nil, err
		}
	}
	if jobs, err = beside(w, jobs, o.SBOM, o.Provenance); err != nil {
		return w, nil, err
	}
	return w, &Result{Modules: w.Rows(), Binaries: binaries(jobs), Before: before}, nil
}

// begin does what is to be done before anything is compiled.
func (o *Options) begin(ctx context.Context, w *workspace.Workspace) (Linked, error) {
	if o.Planned != nil {
		if err := o.Planned(w); err != nil {
			return nil, err
		}
	}
	if o.Audit == nil {
		return nil, nil
	}
	return o.Audit(ctx, w)
}

// compile makes what is not up to date, by a lock that has all checksums. It
// returns the workspace with them, and the jobs with their binaries.
func compile(ctx context.Context, w *workspace.Workspace, jobs []job, linked Linked) (*workspace.Workspace, []job, error) {
	if err := w.Check(ctx); err != nil {
		return w, nil, err
	}
	w, listings, err := w.Complete(ctx, settings(jobs))
	if err != nil {
		return w, nil, err
	}
	if jobs, err = jobsFor(w, targetsOf(jobs)); err != nil {
		return w, nil, err
	}
	tell := workspace.OnceEach(w.Sink)
	for i, j := range jobs {
		if j.fresh {
			continue
		}
		bin, err := one(ctx, w, j, listings[i], tell, linked)
		if err != nil {
			return w, nil, err
		}
		if err := j.stamp.record(w.Store, bin, w.Rows()); err != nil {
			return w, nil, err
		}
		jobs[i].binary = bin
	}
	return w, jobs, nil
}

// one makes one binary: compile, check the plugins, link, smoke-test, put in
// place. The notes are for the user.
func one(ctx context.Context, w *workspace.Workspace, j job, l workspace.Listing, tell func(notes []string), linked Linked) (Binary, error) {
	if err := w.CheckLinked(ctx, l.Packages, j.settings); err != nil {
		return Binary{}, err
	}
	tell(explain.Pointers(w.Plan, l.Packages))
	tmp, remove, err := w.Store.TempDir()
	if err != nil {
		return Binary{}, err
	}
	defer remove()
	scratch := filepath.Join(tmp, "go") // the next run removes it, should this one be killed
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return Binary{}, err
	}
	compilation := l.Tool.TempIn(scratch).Compile(w.Dir, j.settings, l.Packages)
	compilation.Start()
	if err := checkPlugins(ctx, w, compilation, j, tell); err != nil {
		return Binary{}, err
	}
	built := filepath.Join(tmp, j.buildName())
	if err := compilation.Build(ctx, built); err != nil {
		return Binary{}, w.Explain(ctx, w.Dir, j.settings, err)
	}
	compilation.Done()
	if err := smoke(ctx, w, built, j.settings); err != nil {
		return Binary{}, err
	}
	if linked != nil {
		if err := linked(ctx, w, j.Target, built); err != nil {
			return Binary{}, err
		}
	}
	size, sum, err := output.Hash(built)
	if err != nil {
		return Binary{}, err
	}
	if err := ctx.Err(); err != nil {
		return Binary{}, context.Cause(ctx)
	}
	return Binary{Target: j.Target.String(), Path: j.file, Size: size, SHA256: sum}, output.Place(built, j.file)
}
