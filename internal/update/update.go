// Package update writes locks: the lock of a config, and one whose refs lead to
// what they lead to now.
package update

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/patching"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Lock writes the lock of a config, or completes it: entries that fit stay.
// With Options.Locked it only says whether the lock is complete.
func Lock(ctx context.Context, m workspace.Machine, p workspace.Project) (*Result, error) {
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{Fresh: true})
	if err != nil {
		return nil, err
	}
	if err := w.Buildable(); err != nil {
		return nil, err
	}
	sums, err := w.Checksums(ctx)
	if err != nil {
		return nil, err
	}
	now, wrote := w.Lock.Old, false
	if p.Locked {
		if differences := lock.CompareSums(now.Sums, sums); len(differences) > 0 {
			return nil, w.DoesNotFit(differences)
		}
	} else {
		now = w.NewLock(sums, false)
		if wrote, err = w.Lock.Write(now, w.Sink); err != nil {
			return nil, err
		}
	}
	return &Result{Modules: workspace.Modules(w.Plan), Lock: Made(w, now, wrote)}, nil
}

// Made is what a command that made the lock says of it.
func Made(w *workspace.Workspace, now *lock.File, wrote bool) *Outcome {
	return &Outcome{Path: w.Lock.Name, Modules: len(now.Modules), Sums: len(now.Sums), Written: wrote, Changes: changesOf(w, w.Lock.Old, now)}
}

// Update moves the lock's entries of some names (plugins, module paths,
// roadrunner), or all, to what their refs lead to now, and carries the patches in
// file, the config, over to there. A dry run only says what would change.
func Update(ctx context.Context, m workspace.Machine, p workspace.Project, file patching.File, names []string, o patching.Options) (*Result, error) {
	var dropped []lock.Module
	a := workspace.Ask{Fresh: true, Renew: len(names) == 0, Edit: func(old *lock.File) (left *lock.File, err error) {
		left, dropped, err = drop(p.Config, old, names)
		return left, err
	}}
	carried, err := patching.Carry(ctx, m, p, file, a, o)
	if err != nil {
		return nil, err
	}
	p.Config = carried.Config
	w, err := workspace.Prepare(ctx, m, p, a)
	if err != nil {
		return nil, err
	}
	if err := w.Buildable(); err != nil {
		return nil, err
	}
	now := &lock.File{Modules: w.Plan.Lock()}
	changes := changesOf(w, w.Lock.Old, now)
	if err := between(ctx, w, changes); err != nil {
		return nil, err
	}
	tellPinned(w, dropped, now, names)
	if o.DryRun {
		return &Result{Patched: carried.Moved, Lock: &Outcome{Path: w.Lock.Name, Modules: len(now.Modules), Sums: len(w.Lock.Old.Sums), DryRun: true, Changes: changes}}, nil
	}
	sums, err := w.Checksums(ctx)
	if err != nil {
		return nil, err
	}
	if err := carried.Write(); err != nil {
		return nil, err
	}
	now = w.NewLock(sums, a.Renew)
	wrote, err := w.Lock.Write(now, w.Sink)
	if err != nil {
		return nil, err
	}
	result := Made(w, now, wrote)
	result.Changes = changes
	return &Result{Patched: carried.Moved, Lock: result}, nil
}

// drop takes the entries of some names out of a lock, or all.
func drop(cfg *config.Config, old *lock.File, names []string) (left *lock.File, dropped []lock.Module, err error) {
	if len(names) == 0 {
		return nil, old.Modules, nil
	}
	named := resolve.Named(cfg, old)
	paths := map[string]bool{}
	for _, name := range names {
		switch path := cmp.Or(named[name], name); {
		case old.Lookup(path) != nil:
			paths[path] = true
		case !inConfig(cfg, name):
			return nil, nil, unknownName(cfg, old, name)
		}
	}
	left = &lock.File{Go: old.Go, Sums: old.Sums}
	for _, m := range old.Modules {
		if paths[m.Path] {
			dropped = append(dropped, m)
		} else {
			left.Modules = append(left.Modules, m)
		}
	}
	return left, dropped, nil
}

// inConfig reports whether a name that the lock does not know is one of the
// config's: a new plugin's, or a local directory's.
func inConfig(cfg *config.Config, name string) bool {
	return name == "roadrunner" || slices.ContainsFunc(cfg.Plugins, func(p config.Plugin) bool { return p.Name == name || p.ModulePath == name })
}

// unknownName is the error of a name that neither the config nor the lock has.
func unknownName(cfg *config.Config, old *lock.File, name string) error {
	known := []string{"roadrunner"}
	for _, p := range cfg.Plugins {
		known = append(known, p.Name)
	}
	for _, m := range old.Modules {
		known = append(known, m.Path)
	}
	return &config.NameError{Name: name, Known: known, Of: "neither a plugin of the config nor a module of " + lock.Name(cfg.File)}
}

// changesOf lists the modules that differ between two locks, by name.
func changesOf(w *workspace.Workspace, before, now *lock.File) []Change {
	if before == nil {
		return nil
	}
	var out []Change
	for _, d := range lock.Compare(&lock.File{Modules: before.Modules}, &lock.File{Modules: now.Modules}) {
		if len(out) > 0 && out[len(out)-1].Path == d.Path { // another of its patches
			continue
		}
		c := Change{Path: d.Path, Old: lockEntry(before.Lookup(d.Path)), New: lockEntry(now.Lookup(d.Path))}
		if m := w.Plan.Lookup(d.Path); m != nil {
			c.Name = m.Name()
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(cmp.Or(a.Name, a.Path), cmp.Or(b.Name, b.Path)) })
	return out
}

func lockEntry(m *lock.Module) *Entry {
	if m == nil {
		return nil
	}
	return &Entry{Ref: m.Ref, Version: m.Version, Commit: m.Commit, Patches: len(m.Patches)}
}

// between fills in what lies between the old and the new commits. Where a
// history cannot be had, the change is told without.
func between(ctx context.Context, w *workspace.Workspace, changes []Change) error {
	client, err := w.Client(false)
	if err != nil {
		return err
	}
	defer client.Close()
	for i := range changes {
		c := &changes[i]
		m := w.Plan.Lookup(c.Path)
		if c.Old == nil || c.New == nil || c.Old.Commit == c.New.Commit || m == nil {
			continue
		}
		found := source.Found{Commit: m.Commit, URL: m.URL, From: m.From}
		b, err := client.Between(ctx, found, c.Old.Commit)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			w.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("history of %s: %v", c.Path, err)})
			continue
		}
		c.Commits, c.Tags, c.Apart = len(b.Commits), b.Tags, b.Apart
	}
	return nil
}

// tellPinned says why what was to move did not: an exact tag or commit stays.
func tellPinned(w *workspace.Workspace, dropped []lock.Module, now *lock.File, names []string) {
	pinned := 0
	for _, old := range dropped {
		is := now.Lookup(old.Path)
		if is == nil || is.Commit != old.Commit || is.Ref != old.Ref {
			continue
		}
		m := w.Plan.Lookup(old.Path)
		switch exact := exactRef(old.Ref); {
		case exact && len(names) == 0:
			if m != nil && m.Pinned { // what is required moves with what requires it
				pinned++
			}
		case exact && m != nil && !m.Pinned:
			w.Note("%s stays at %s, the version that go.mod files require: to change it, add it to [[modules]]", old.Path, old.Ref)
		case exact:
			w.Note("%s stays at %s, which names one commit: name a newer ref in %s to move it", explain.Label(m), old.Ref, w.Config.File)
		case len(names) > 0:
			w.Note("%s: %s is still at %s", explain.Label(m), old.Ref, old.Commit)
		}
	}
	if pinned == 1 {
		w.Note("1 module stays at a ref that names one commit: name a newer ref in %s to move it", w.Config.File)
	} else if pinned > 1 {
		w.Note("%d modules stay at refs that name one commit each: name newer refs in %s to move them", pinned, w.Config.File)
	}
}

// exactRef reports whether a ref is a version or a whole commit, which do not
// move.
func exactRef(ref string) bool {
	if len(ref) == 40 && strings.Trim(ref, "0123456789abcdefABCDEF") == "" {
		return true
	}
	ref = strings.TrimSuffix(ref, "+incompatible")
	return semver.IsValid(ref) && semver.Canonical(ref) == ref || module.IsPseudoVersion(ref)
}

// Outcome is what became of a lock.
type Outcome struct {
	Path string `json:"path"`
	// Modules and Sums count its entries.
	Modules int `json:"modules"`
	Sums    int `json:"sums"`
	// Written says that the file changed.
	Written bool `json:"written"`
	// DryRun says that nothing was to be written.
	DryRun bool `json:"dry_run,omitempty"`
	// Changes are the modules that moved, by name or else path.
	Changes []Change `json:"changes,omitempty"`
}

// Change is a module that moved. Of a module that came or went, one of Old and
// New is empty.
type Change struct {
	// Name is the plugin's in the config; empty for a module that is none.
	Name string `json:"name,omitempty"`
	Path string `json:"module"`
	Old  *Entry `json:"old,omitempty"`
	New  *Entry `json:"new,omitempty"`
	// Commits is how many lie between, the new one included; 0 where not known.
	Commits int `json:"commits,omitempty"`
	// Tags are those between, sorted.
	Tags []string `json:"tags,omitempty"`
	// Apart says that the old commit is not in the history of the new one.
	Apart bool `json:"apart,omitempty"`
}

// Entry is where a module was or is.
type Entry struct {
	Ref     string `json:"ref"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
	// Patches is how many patches it has.
	Patches int `json:"patches,omitempty"`
}

// Result is a lock, and of what it is.
type Result struct {
	Modules []workspace.Row `json:"modules,omitempty"`
	// Patched are the modules whose patches were carried over to another commit.
	Patched []patching.Moved `json:"patched,omitempty"`
	Lock    *Outcome         `json:"lock"`
}
