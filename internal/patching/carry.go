package patching

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	// DropUpstream removes those that the new commit contains. NoDrop says that it is
	// no flag of the command.
	DropUpstream, NoDrop bool
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

// Carried is what becomes of a config's patches when its modules move.
type Carried struct {
	Moved []Moved
	// Config has the patches as they are to be. In a dry run, a module whose patches
	// are in conflict has none.
	Config *config.Config
	file   File
	moves  []move
}

// Carry carries the patches of modules that move to another commit over to it: ask
// says which plan they move by. It writes no patch: see [Carried.Write]. One that is
// in conflict is an error, for which it leaves a clone, and one that is not needed
// any more is an error unless it is to be dropped.
func Carry(ctx context.Context, m workspace.Machine, p workspace.Project, f File, ask workspace.Ask, o Options) (*Carried, error) {
	out := &Carried{Config: p.Config, file: f}
	bare, some := unpatched(p.Config)
	if !some {
		return out, nil
	}
	m.Sink, p.Config = nil, bare // what there is to say is said when it is resolved again
	k, err := workspace.Open(ctx, m, p)
	if err != nil {
		return nil, err
	}
	client, err := k.Client(ask.Fresh)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	pl, err := k.PlanWith(ctx, client, ask)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil || pl.Lock.Old == nil {
		return out, nil // what a patch may mend, or what is said when it is resolved with patches
	}
	for _, e := range entries(out.Config) {
		one, err := moveOf(ctx, client, e, e.module(pl.Plan), pl.Lock.Old)
		if err != nil {
			return nil, err
		}
		if one != nil && !slices.ContainsFunc(out.moves, func(m move) bool { return slices.Contains(m.also, e.name) }) {
			out.moves = append(out.moves, *one)
		}
	}
	if err := settle(ctx, client, out.moves, o); err != nil {
		return nil, err
	}
	return out, out.decide()
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

// withPatches is a config in which an entry has other patches.
func withPatches(cfg *config.Config, e entry, patches []config.Patch) *config.Config {
	out := *cfg
	out.Plugins, out.Modules = slices.Clone(cfg.Plugins), slices.Clone(cfg.Modules)
	if e.name == config.RoadRunnerName {
		out.RoadRunner.Patches = patches
	}
	for i := range out.Plugins {
		if name := out.Plugins[i].Name; name == e.name || slices.Contains(e.also, name) {
			out.Plugins[i].Patches = patches
		}
	}
	for i := range out.Modules {
		if out.Modules[i].Path == e.name {
			out.Modules[i].Patches = patches
		}
	}
	return &out
}

// move is a module with patches that goes to another commit.
type move struct {
	entry
	mod     *plan.Module
	from    source.Found // with the patches
	carried []patch.Carried
	files   []patchFile // what is left, and how it is to be
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
	return &move{entry: e, mod: mod, from: from, carried: carried}, err
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
			errs = append(errs, &UpstreamError{Name: m.name, Ref: refOf(m.mod), Files: slices.Compact(upstream), NoDrop: o.NoDrop})
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
	if err := remember(w, false, m.sums()); err != nil {
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
	NoDrop    bool // see Options
}

// Error implements error.
func (e *UpstreamError) Error() string {
	return fmt.Sprintf("%s: %s contains %s already", e.Name, e.Ref, strings.Join(e.Files, ", "))
}

// Hints offers to remove them.
func (e *UpstreamError) Hints() []string {
	if e.NoDrop {
		return []string{"remove what is no longer needed, and do it again"}
	}
	return []string{fmt.Sprintf("to remove what is no longer needed: vxlite update %s --drop-upstream", e.Name)}
}

// decide works out the patch files, and the config that has them.
func (c *Carried) decide() error {
	for i := range c.moves {
		m := &c.moves[i]
		moved := Moved{Name: m.name, Version: m.mod.Version}
		conflict := false
		for _, p := range m.carried {
			moved.Patches = append(moved.Patches, Patch{p.File, p.Subject, p.Fate})
			conflict = conflict || p.Fate == patch.Conflicted
		}
		c.Moved = append(c.Moved, moved)
		if conflict {
			c.Config = withPatches(c.Config, m.entry, nil)
			continue
		}
		var err error
		if m.files, err = m.made(); err != nil {
			return err
		}
		var patches []config.Patch
		for _, p := range m.patches {
			for _, f := range m.files {
				if f.name == p.Name {
					sum := sha256.Sum256(f.data)
					p.Data, p.SHA256 = f.data, hex.EncodeToString(sum[:])
					patches = append(patches, p)
				}
			}
		}
		c.Config = withPatches(c.Config, m.entry, patches)
	}
	return nil
}

// Write writes the patches as they are for the new commits.
func (c *Carried) Write() error {
	for _, m := range c.moves {
		saved, err := c.file.write(m.entry, m.files, m.list(m.files))
		if err != nil {
			return err
		}
		if saved.Config != "" {
			if c.file.Data, err = disk.ReadText(c.file.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// made are the patch files for the new commit, under the names that they have. One
// stays as it is if all of it applies.
func (m move) made() (out []patchFile, err error) {
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
	if err := f.upToDate(w, e, cmp.Or(dir, Dir(e.name))); err != nil {
		if stale, ok := errors.AsType[*StaleError](err); ok {
			return nil, stale.inConflict()
		}
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
