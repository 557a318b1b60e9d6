// Package upgrade moves the tags in a config, and its lock with them: begin at
// [Upgrade]. Which ones and where to is decided in decide.go. All of it is resolved,
// and what Endure makes of it is known, before anything is written.
package upgrade

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/vxlite/vxlite/internal/amend"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/edit"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/outdated"
	"github.com/vxlite/vxlite/internal/patching"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Ask says what to upgrade.
type Ask struct {
	// Names are plugins, module paths or roadrunner; none for all, to what a
	// RoadRunner release uses.
	Names []string
	// Ref is that release, and what it uses is taken also where it is older. Empty
	// for the newest one, or for the newest version of each of the Names.
	Ref string
	// Major lets major versions change.
	Major bool
}

// Result is what became of a config and its lock.
type Result struct {
	Config string `json:"config"`
	Lock   string `json:"lock"`
	// Release is the RoadRunner release whose versions were taken; empty for none.
	Release string `json:"release,omitempty"`
	// Changes are RoadRunner, the plugins and the [[modules]] that move, in the
	// config's order.
	Changes []Change `json:"changes,omitempty"`
	// Majors are what Ask.Major would move, where without it nothing moves.
	Majors []Change `json:"majors,omitempty"`
	// Patched are the modules whose patches were carried over to another commit.
	Patched []patching.Moved `json:"patched,omitempty"`
	// Written says that the files have changed; a dry run changes none.
	Written bool `json:"written,omitempty"`
	// Diff and LockDiff are what a dry run would change.
	Diff     string `json:"diff,omitempty"`
	LockDiff string `json:"lock_diff,omitempty"`
}

// Change is a module that moves.
type Change struct {
	Name string `json:"name"`
	// Path is the module path, OldPath what it was where that is another.
	Path    string `json:"module"`
	OldPath string `json:"old_module,omitempty"`
	// Old and New are the versions.
	Old string `json:"old"`
	New string `json:"new"`
	// Commits are those between, the newest first. Apart says that the old commit is
	// not in the history of the new one.
	Commits []source.Commit `json:"commits,omitempty"`
	Apart   bool            `json:"apart,omitempty"`
}

// Upgrade edits a config and its lock, or shows what it would change.
func Upgrade(ctx context.Context, m workspace.Machine, f amend.File, a Ask) (*Result, error) {
	old, err := f.Read(f.Data)
	if err != nil {
		return nil, err
	}
	selected, err := a.selected(old)
	if err != nil {
		return nil, err
	}
	ask := outdated.Ask{VersionsOnly: true, Only: selected}
	report, err := outdated.Report(ctx, m, workspace.Project{Config: old}, ask)
	if err != nil {
		return nil, err
	}
	release, err := a.release(ctx, m, old, report.Modules[0])
	if err != nil {
		return nil, err
	}
	moves, notes, err := a.decide(old, report.Modules, selected, release)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		m.Sink.Send(event.Event{Kind: event.Note, Text: n})
	}
	r := &Result{Config: f.Name, Lock: lock.Name(f.Name)}
	if release != nil {
		r.Release = release.Ref
	}
	if len(moves) == 0 {
		r.Majors, err = a.majors(ctx, m, old, report.Modules, selected)
		return r, err
	}
	return r, a.apply(ctx, m, f, old, report.Modules, moves, r)
}

// release reads the RoadRunner release whose versions are wanted, or nil.
func (a Ask) release(ctx context.Context, m workspace.Machine, old *config.Config, rr outdated.Row) (*roadrunner.Release, error) {
	if len(a.Names) > 0 && a.Ref == "" {
		return nil, nil
	}
	if a.Ref != "" && rr.Local {
		return nil, &LocalError{Pos: old.RoadRunner.Pos}
	}
	cfg := *old
	switch {
	case a.Ref != "":
		cfg.RoadRunner.Ref, cfg.RoadRunner.Pos = a.Ref, config.Position{}
	case a.Major && rr.Major != "" && outdated.Exact(rr.Ref):
		cfg.RoadRunner.Ref = rr.Major
	case rr.Newest != "" && outdated.Exact(rr.Ref):
		cfg.RoadRunner.Ref = rr.Newest
	}
	return scaffold.Release(ctx, m, &cfg)
}

// majors are the moves that another major would allow; none where a release is named.
func (a Ask) majors(ctx context.Context, m workspace.Machine, old *config.Config, rows []outdated.Row, selected []int) (out []Change, err error) {
	if a.Major || a.Ref != "" {
		return nil, nil
	}
	a.Major = true
	release, err := a.release(ctx, m, old, rows[0])
	if err != nil {
		return nil, err
	}
	moves, _, err := a.decide(old, rows, selected, release)
	for _, mv := range moves {
		c := Change{Name: rows[mv.row].Name, Path: rows[mv.row].Path, Old: rows[mv.row].Version, New: mv.ref}
		if mv.path != "" {
			c.Path, c.OldPath = mv.path, c.Path
		}
		out = append(out, c)
	}
	return out, err
}

// apply makes the new config and its lock, checks them, and puts them in place.
func (a Ask) apply(ctx context.Context, m workspace.Machine, f amend.File, old *config.Config, rows []outdated.Row, moves []move, r *Result) error {
	want, changes := changed(old, moves)
	data, missing := edit.Set(f.Data, changes...)
	if len(missing) > 0 {
		return &ValueError{File: f.Name, Change: missing[0]}
	}
	cfg, err := f.Reread(data)
	if err != nil {
		return err
	}
	if cfg.Digest() != want.Digest() {
		return &amend.UneditableError{File: f.Name}
	}
	carried, err := patching.Carry(ctx, m, workspace.Project{Config: cfg}, patching.File{Name: f.Name, Data: data, Read: f.Reread},
		workspace.Ask{}, patching.Options{NoDrop: true, DryRun: f.DryRun})
	if err != nil {
		return err
	}
	cfg, r.Patched = carried.Config, carried.Moved
	w, err := check(ctx, m, old, cfg)
	if err != nil {
		return &RefusedError{File: f.Name, Err: err}
	}
	sums, err := w.Checksums(ctx)
	if err != nil {
		return err
	}
	now := w.NewLock(sums, false)
	if r.Changes, err = between(ctx, w, rows, moves); err != nil {
		return err
	}
	if f.DryRun {
		var before []byte
		if w.Lock.Old != nil {
			before = w.Lock.Old.Format()
		}
		r.Diff = string(diff.Diff(f.Name, f.Data, f.Name+" (changed)", data))
		r.LockDiff = string(diff.Diff(r.Lock, before, r.Lock+" (changed)", now.Format()))
		return nil
	}
	if err := carried.Write(); err != nil { // no key changes, as none is dropped
		return err
	}
	_, err = f.Put(data, w.Lock.Name, now)
	r.Written = err == nil
	return err
}

// check resolves what the config would be, and refuses what Endure would disable or
// not call, and majors of RoadRunner's plugins that are mixed and were not before.
func check(ctx context.Context, m workspace.Machine, old, cfg *config.Config) (*workspace.Workspace, error) {
	var mixed []string
	w, err := prepare(ctx, m, cfg, func(w *workspace.Workspace, g *endure.Graph) error {
		mixed = append(mixed, g.MixedMajors()...)
		return endure.Check(g, w.Allowance())
	})
	if err != nil || len(mixed) == 0 {
		return w, err
	}
	were := false
	m.Sink = nil // what there is to tell of the old config is known
	if _, err := prepare(ctx, m, old, func(_ *workspace.Workspace, g *endure.Graph) error {
		were = were || len(g.MixedMajors()) > 0
		return nil
	}); err != nil {
		return nil, err
	}
	if were {
		return w, nil
	}
	return nil, &MixedError{Mixed: slices.Compact(mixed)}
}

// prepare resolves a config and reads its plugins for each target.
func prepare(ctx context.Context, m workspace.Machine, cfg *config.Config, do func(*workspace.Workspace, *endure.Graph) error) (*workspace.Workspace, error) {
	w, err := workspace.Prepare(ctx, m, workspace.Project{Config: cfg}, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	return w, w.EachTarget(ctx, func(_ config.Target, s *endure.Set) error { return do(w, endure.Decide(s)) })
}

// between tells what moves, with the commits between. Where a history cannot be had,
// it is told without.
func between(ctx context.Context, w *workspace.Workspace, rows []outdated.Row, moves []move) ([]Change, error) {
	client, err := w.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var out []Change
	for _, mv := range moves {
		row := rows[mv.row]
		c := Change{Name: row.Name, Path: row.Path, Old: row.Version, New: mv.ref}
		if mv.path != "" {
			c.Path, c.OldPath = mv.path, row.Path
		}
		if m := w.Plan.Lookup(c.Path); m != nil {
			c.New = m.Version
			b, err := client.Between(ctx, m.Found(), row.Commit)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err != nil {
				w.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("history of %s: %v", c.Path, err)})
			}
			c.Commits, c.Apart = b.Commits, b.Apart
		}
		out = append(out, c)
	}
	return out, nil
}

// RefusedError is a new config that would not do.
type RefusedError struct {
	File string
	Err  error
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns what was found.
func (e *RefusedError) Unwrap() error { return e.Err }

// Hints says that nothing has changed.
func (e *RefusedError) Hints() []string { return []string{e.File + " is not changed"} }

// MixedError are majors of RoadRunner's modules that do not fit each other.
type MixedError struct{ Mixed []string }

// Error implements error.
func (e *MixedError) Error() string { return strings.Join(e.Mixed, "\n") }

// ExitStatus is that of a check that found a problem.
func (*MixedError) ExitStatus() int { return 3 }

// Hints says how to come by a set that fits.
func (*MixedError) Hints() []string {
	return []string{"to take all plugins as one RoadRunner release uses them: vxlite upgrade --major"}
}

// ValueError is a value that the file has in another form, as with a variable in it.
type ValueError struct {
	File   string
	Change edit.Change
}

// Error implements error.
func (e *ValueError) Error() string {
	return fmt.Sprintf("%s is not changed: %q of %s is not written there as it is, but put together or set elsewhere", e.File, e.Change.Old, strings.Join(e.Change.Table, "."))
}

// ExitStatus implements the interface that picks the exit status.
func (*ValueError) ExitStatus() int { return 2 }

// Hints says what to do.
func (e *ValueError) Hints() []string {
	return []string{fmt.Sprintf("change it to %q by hand, or name the others: vxlite upgrade NAME…", e.Change.New)}
}

// LocalError is a release that is asked for where RoadRunner is a local directory.
type LocalError struct{ Pos config.Position }

// Error implements error.
func (e *LocalError) Error() string {
	return fmt.Sprintf("%s:%d: roadrunner is a local directory, and --ref names a release", e.Pos.File, e.Pos.Line)
}

// ExitStatus implements the interface that picks the exit status.
func (*LocalError) ExitStatus() int { return 2 }
