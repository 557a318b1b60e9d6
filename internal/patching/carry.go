package patching

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Options say what is done with patches that are carried over.
type Options struct {
	// DropUpstream removes those that the new commit contains.
	DropUpstream bool
	// DryRun writes nothing, and leaves no clone.
	DryRun bool
}

// Moved is a module whose patches were carried over to another commit.
type Moved struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Patches []Patch `json:"patches"`
}

// Patch is a patch that was carried over.
type Patch struct {
	File    string     `json:"file"`
	Subject string     `json:"subject"`
	Fate    patch.Fate `json:"fate"`
}

// Carry carries the patches of modules that move to another commit over to it: ask
// says which plan they move by. It returns what became of them, and whether the
// config or a patch file is another now. Where a patch cannot be carried over, or
// is not needed any more, nothing is written.
func Carry(ctx context.Context, m workspace.Machine, p workspace.Project, f File, ask workspace.Ask, o Options) ([]Moved, bool, error) {
	bare, any := unpatched(p.Config)
	if !any {
		return nil, false, nil
	}
	m.Sink, p.Config = nil, bare // what there is to say is said when it is resolved again
	k, err := workspace.Open(ctx, m, p)
	if err != nil {
		return nil, false, err
	}
	client, err := k.Client(ask.Fresh)
	if err != nil {
		return nil, false, err
	}
	defer client.Close()
	pl, err := k.PlanWith(ctx, client, ask)
	if err != nil || pl.Lock.Old == nil {
		return nil, false, err
	}
	cfg, err := f.Read(f.Data)
	if err != nil {
		return nil, false, err
	}
	var moves []move
	for _, e := range entries(cfg) {
		if one, err := moveOf(ctx, client, e, e.module(pl.Plan), pl.Lock.Old); err != nil {
			return nil, false, err
		} else if one != nil {
			moves = append(moves, *one)
		}
	}
	if err := settle(ctx, client, moves, o); err != nil {
		return nil, false, err
	}
	return f.carried(moves, o)
}

// unpatched is a config without patches, and whether it has any.
func unpatched(cfg *config.Config) (*config.Config, bool) {
	bare := *cfg
	bare.RoadRunner.Patches = nil
	bare.Plugins, bare.Modules = slices.Clone(cfg.Plugins), slices.Clone(cfg.Modules)
	for i := range bare.Plugins {
		bare.Plugins[i].Patches = nil
	}
	for i := range bare.Modules {
		bare.Modules[i].Patches = nil
	}
	return &bare, len(cfg.AllPatches()) > 0
}

// Without is a config without the patches of what was moved.
func Without(cfg *config.Config, moved []Moved) *config.Config {
	for _, m := range moved {
		bare, _ := unpatched(cfg)
		out := *cfg
		out.Plugins, out.Modules = slices.Clone(cfg.Plugins), slices.Clone(cfg.Modules)
		if m.Name == config.RoadRunnerName {
			out.RoadRunner = bare.RoadRunner
		}
		for i, p := range cfg.Plugins {
			if p.Name == m.Name {
				out.Plugins[i] = bare.Plugins[i]
			}
		}
		for i, mod := range cfg.Modules {
			if mod.Path == m.Name {
				out.Modules[i] = bare.Modules[i]
			}
		}
		cfg = &out
	}
	return cfg
}

// move is a module with patches that goes to another commit.
type move struct {
	entry
	mod     *plan.Module
	from    source.Found // with the patches
	carried []patch.Carried
}

// moveOf carries the patches of an entry over in memory. It is nil where the commit
// stays, and where the patches are not made for the one that the lock has: then
// they are taken for the new one's.
func moveOf(ctx context.Context, client *source.Client, e entry, mod *plan.Module, old *lock.File) (*move, error) {
	if len(e.patches) == 0 || mod == nil || mod.Local {
		return nil, nil
	}
	was := old.Lookup(mod.Path)
	if was == nil || was.Commit == mod.Commit {
		return nil, nil
	}
	from := source.Found{Commit: was.Commit, Tag: was.Ref, URL: mod.URL, From: mod.From, Patches: patch.NewSeries(e.patches)}
	carried, err := client.Carry(ctx, from, mod.Found(), refOf(mod))
	_, misfit := errors.AsType[*patch.ApplyError](err)
	_, applied := errors.AsType[*patch.AppliedError](err)
	if misfit || applied {
		return nil, nil
	}
	return &move{e, mod, from, carried}, err
}

// settle refuses what is not to be written: patches that are in conflict, for which
// it leaves a clone, and those that are not needed.
func settle(ctx context.Context, client *source.Client, moves []move, o Options) error {
	var errs []error
	for _, m := range moves {
		var upstream []string
		conflict := false
		for _, c := range m.carried {
			conflict = conflict || c.Fate == patch.Conflicted
			if c.Fate == patch.Upstream {
				upstream = append(upstream, c.File)
			}
		}
		switch {
		case o.DryRun:
		case conflict:
			errs = append(errs, m.leave(ctx, client))
		case len(upstream) > 0 && !o.DropUpstream:
			errs = append(errs, &UpstreamError{Name: m.name, Ref: refOf(m.mod), Files: slices.Compact(upstream)})
		}
	}
	return errors.Join(errs...)
}

// leave makes a clone in which a conflict can be worked out.
func (m move) leave(ctx context.Context, client *source.Client) error {
	dir := Dir(m.name)
	if disk.Exists(dir) {
		return &Error{Name: m.name, Reason: fmt.Sprintf("its patches are in conflict with %s, and %s cannot be made to work that out: it exists", refOf(m.mod), dir),
			Hint: fmt.Sprintf("go on with what is there, with vxlite patch continue %s, or move it away", m.name)}
	}
	if _, err := clone(ctx, client, m.mod, m.entry, dir, nil); err != nil {
		return err
	}
	w, err := source.OpenWork(dir)
	if err != nil {
		return err
	}
	c, err := client.CarryCommits(ctx, w, m.from, refOf(m.mod))
	if err != nil || c == nil {
		return err
	}
	return &ConflictError{Name: m.name, Ref: refOf(m.mod), Dir: dir, Subject: c.Subject, Files: c.Files}
}

// ConflictError is a patch that is in conflict with another commit.
type ConflictError struct {
	Name string
	// Ref is the commit's name, Subject the patch's.
	Ref, Subject string
	// Dir is a clone with the conflict, Files those with marks.
	Dir   string
	Files []string
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: the patch %q is in conflict with %s in %s", e.Name, e.Subject, e.Ref, brief.List(e.Files, brief.Most))
}

// Hints says how to go on.
func (e *ConflictError) Hints() []string {
	return []string{fmt.Sprintf("work it out in %s, where the files have marks, then run: vxlite patch continue %s", e.Dir, e.Name)}
}

// UpstreamError are patches that a module does without at another commit.
type UpstreamError struct {
	Name, Ref string
	Files     []string
}

// Error implements error.
func (e *UpstreamError) Error() string {
	return fmt.Sprintf("%s: %s contains %s already", e.Name, e.Ref, strings.Join(e.Files, ", "))
}

// Hints offers to remove them.
func (e *UpstreamError) Hints() []string {
	return []string{fmt.Sprintf("to remove what is no longer needed: vxlite update %s --drop-upstream", e.Name)}
}

// carried writes the patches as they are for the new commits.
func (f File) carried(moves []move, o Options) (out []Moved, changed bool, err error) {
	for _, m := range moves {
		moved := Moved{Name: m.name, Version: m.mod.Version}
		for _, c := range m.carried {
			moved.Patches = append(moved.Patches, Patch{c.File, c.Subject, c.Fate})
		}
		out = append(out, moved)
		files, err := m.files()
		if err != nil {
			return nil, false, err
		}
		if o.DryRun {
			continue
		}
		saved, err := f.write(m.entry, files, m.list(files))
		if err != nil {
			return nil, false, err
		}
		changed = changed || slices.ContainsFunc(saved.Files, func(s State) bool { return s.Was != "unchanged" })
		if saved.Config != "" {
			if f.Data, err = disk.ReadText(f.Name); err != nil {
				return nil, false, err
			}
		}
	}
	return out, changed, nil
}

// files are the patch files for the new commit, under the names that they have. One
// stays as it is if all of it applies.
func (m move) files() (out []patchFile, err error) {
	for _, p := range m.patches {
		var data []byte
		same, some := true, false
		for _, c := range m.carried {
			if c.File != p.Name {
				continue
			}
			same = same && c.Fate == patch.Kept
			if c.Fate != patch.Kept && c.Fate != patch.Merged {
				continue
			}
			one, err := patch.Format(source.MessageOf(c.Patch, m.mod.Time), c.Edits)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Name, err)
			}
			data, some = append(data, one...), true
		}
		if same {
			data = p.Data
		}
		if some {
			out = append(out, patchFile{p.Name, data})
		}
	}
	return out, nil
}

// list are the elements of the key patches of which a file is left.
func (m move) list(files []patchFile) (out []string) {
	for _, p := range m.patches {
		left := slices.ContainsFunc(files, func(f patchFile) bool { return f.name == p.Name })
		if left && !slices.Contains(out, p.Pattern) {
			out = append(out, p.Pattern)
		}
	}
	return out
}

// Continue goes on in the clone that Carry has left: with the next patch, or by
// writing all of them.
func Continue(ctx context.Context, f File, name, dir string) (*Saved, error) {
	cfg, e, w, err := f.open(name, dir)
	if err != nil {
		return nil, err
	}
	ref := w.Base()[:12]
	c, err := w.Resume(ctx, ref)
	if err != nil {
		return nil, err
	}
	if c != nil {
		return nil, &ConflictError{Name: e.name, Ref: ref, Dir: cmp.Or(dir, Dir(e.name)), Subject: c.Subject, Files: c.Files}
	}
	return f.save(ctx, cfg, e, w)
}
