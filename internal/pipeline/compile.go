package pipeline

import (
	"context"
	"errors"
	"fmt"
	gover "go/version"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/run"
)

// job is one target: what to compile, and what is known of the result.
type job struct {
	output
	settings gotool.Compile
	stamp    stamp
	binary   event.Binary
	fresh    bool
}

// jobs finds out which targets are up to date.
func (w *workspace) jobs(outputs []output) ([]job, error) {
	locals, err := fingerprints(w.plan)
	if err != nil {
		return nil, err
	}
	var out []job
	for _, o := range outputs {
		j := job{output: o}
		if j.settings, err = w.settings(o); err != nil {
			return nil, err
		}
		j.stamp = stamp{file: o.file, inputs: inputs(w.digest, locals, w.tool, j.settings, w.Config.Check)}
		j.binary, j.fresh = j.stamp.fresh(w.store)
		j.binary.Target = o.target.String()
		out = append(out, j)
	}
	return out, nil
}

func allFresh(jobs []job) bool {
	for _, j := range jobs {
		if !j.fresh {
			return false
		}
	}
	return true
}

func binaries(jobs []job) []event.Binary {
	var out []event.Binary
	for _, j := range jobs {
		out = append(out, j.binary)
	}
	return out
}

// compile makes what is not up to date, and puts it in place.
func (w *workspace) compile(ctx context.Context, jobs []job) error {
	if err := w.write(); err != nil {
		return err
	}
	told := map[string]bool{}
	for i := range jobs {
		j := &jobs[i]
		if j.fresh {
			continue
		}
		bin, err := w.make(ctx, j, told)
		if err != nil {
			return err
		}
		if err := j.stamp.record(w.store, bin); err != nil {
			return err
		}
		j.binary = bin
	}
	return nil
}

// settings are the compiler's, from config and plan.
func (w *workspace) settings(o output) (gotool.Compile, error) {
	cfg, p := w.Config.Build, w.plan
	c := gotool.Compile{
		OS: o.target.OS, Arch: o.target.Arch, Setting: o.target.Setting(), Target: o.target.String(),
		Meta:    p.RoadRunner.Path + "/internal/meta",
		Version: cfg.Version, Time: cfg.Time,
		Tags: cfg.Tags, LDFlags: cfg.LDFlags, GCFlags: cfg.GCFlags,
		CGO: cfg.CGO, Race: cfg.Race, Debug: cfg.Debug, CacheProg: cfg.CacheProg,
		Private: p.Private, Offline: w.Offline,
	}
	for _, m := range p.Modules {
		if m.OnlyVersion == "" { // its other versions are the proxy's
			c.Private = append(c.Private, m.Path)
		}
	}
	if c.Version == "" {
		c.Version = resolve.Short(p.RoadRunner.Ref)
		if v := p.RoadRunner.Version; c.Version == "" || isQuery(c.Version, v) {
			c.Version = v // a query's answer tells more than the query
		}
	}
	if p.RoadRunner.Local && cfg.Version == "" {
		c.Version = "local" // as RoadRunner's own source has it
	}
	c.Version = withoutV(c.Version)
	if c.Time != "" {
		return c, nil
	}
	t := p.RoadRunner.Time
	if p.RoadRunner.Local {
		c.Time = "development" // likewise, unless SOURCE_DATE_EPOCH knows better
	}
	if s, ok := w.Env("SOURCE_DATE_EPOCH"); ok {
		sec, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return c, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", s)
		}
		t = time.Unix(sec, 0)
	}
	if !t.IsZero() {
		c.Time = t.UTC().Format(time.RFC3339)
	}
	return c, nil
}

// isQuery reports whether a ref only begins the version it led to, or asks
// for the newest.
func isQuery(ref, version string) bool {
	return ref == "latest" || ref == "HEAD" || ref == "@" || ref != version && strings.HasPrefix(version, ref+".")
}

// withoutV drops the v of v2025.1.15, as RoadRunner's own build does.
func withoutV(v string) string {
	if len(v) > 1 && v[0] == 'v' && v[1] >= '0' && v[1] <= '9' {
		return v[1:]
	}
	return v
}

// checkGo refuses what the installed Go is too old for. Where GOTOOLCHAIN lets
// the go command fetch a newer one, it may.
func checkGo(p *resolve.Plan, t *gotool.Tool) error {
	m, need := p.NewestGo()
	if m == nil || gover.Compare(t.Version(), "go"+need) >= 0 || t.MayUpgrade() {
		return nil
	}
	return &GoTooOldError{Module: m.Path, Version: m.Version, Needs: need, Have: strings.TrimPrefix(t.Version(), "go")}
}

// GoTooOldError is a module that needs a newer Go than there is.
type GoTooOldError struct {
	Module, Version, Needs, Have string
}

// Error implements error.
func (e *GoTooOldError) Error() string {
	return fmt.Sprintf("%s %s needs Go %s, and the installed Go is %s", e.Module, e.Version, e.Needs, e.Have)
}

// Hints says how to get on.
func (e *GoTooOldError) Hints() []string {
	return []string{"install Go " + e.Needs + " or later, or set GOTOOLCHAIN=auto to let the go command fetch it"}
}

// make compiles one target, checks its plugins, and puts the result in its
// place. told are the notes that were given for another target; nil gives none.
func (w *workspace) make(ctx context.Context, j *job, told map[string]bool) (event.Binary, error) {
	o, c := j.output, j.settings
	compilation, pkgs, err := w.begin(ctx, c)
	if err != nil {
		return event.Binary{}, err
	}
	if lacking := w.lacking(pkgs); len(lacking) > 0 && !w.plan.Overridden { // else the lock is another server's
		return event.Binary{}, w.sumsMissing(lacking)
	}
	if err := w.linked(ctx, pkgs, c); err != nil {
		return event.Binary{}, err
	}
	w.tellPointers(pkgs, told)
	compilation.Start()
	facts, unread := w.facts(ctx, compilation, j.stamp.inputs)
	if unread == nil {
		if err := w.admit(facts); err != nil {
			return event.Binary{}, err
		}
	} else if _, failed := errors.AsType[*run.Error](unread); !failed || ctx.Err() != nil {
		return event.Binary{}, w.explain(ctx, w.dir, c, unread)
	} // else the build says better what does not compile
	tmp, err := w.store.TempDir()
	if err != nil {
		return event.Binary{}, err
	}
	defer os.RemoveAll(tmp)
	built := filepath.Join(tmp, filepath.Base(o.file))
	if o.target.OS == "windows" && filepath.Ext(built) != ".exe" {
		built += ".exe" // Windows starts nothing else
	}
	if err := compilation.Build(ctx, built); err != nil {
		return event.Binary{}, w.explain(ctx, w.dir, c, err)
	}
	if unread != nil {
		return event.Binary{}, w.explain(ctx, w.dir, c, unread)
	}
	compilation.Done()
	if err := w.smoke(ctx, built, c); err != nil {
		return event.Binary{}, err
	}
	size, sum, err := hashFile(built)
	if err != nil {
		return event.Binary{}, err
	}
	if err := ctx.Err(); err != nil {
		return event.Binary{}, context.Cause(ctx)
	}
	return event.Binary{Target: o.target.String(), Path: o.file, Size: size, SHA256: sum}, place(built, o.file)
}

// begin finds out which packages take part.
func (w *workspace) begin(ctx context.Context, c gotool.Compile) (*gotool.Compilation, []gotool.Package, error) {
	tool, pkgs, err := w.packages(ctx, c)
	if err != nil {
		return nil, nil, w.explain(ctx, w.dir, c, err)
	}
	return tool.Compile(w.dir, c, pkgs), pkgs, nil
}

// explain says which module a failure of the go command concerns.
func (w *workspace) explain(ctx context.Context, dir string, c gotool.Compile, err error) error {
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
