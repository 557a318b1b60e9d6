// Package amend adds plugins to a config, and removes them, with what Endure makes
// of the result: begin at [Add] and [Remove]. The config's other lines stay as
// they are; its lock is brought up to date. Nothing is written before all of it
// is known.
package amend

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/update"
	"github.com/vxlite/vxlite/internal/workspace"
)

// File is a config to change.
type File struct {
	Name string
	Data []byte
	// Read makes a config of what the file may become.
	Read func(data []byte) (*config.Config, error)
	// DryRun shows the difference, and writes nothing.
	DryRun bool
}

// Result is what became of a config and its lock.
type Result struct {
	Config string   `json:"config"`
	Added  []Plugin `json:"added,omitempty"`
	// Removed are names.
	Removed []string `json:"removed,omitempty"`
	// Lacking are the plugins that needed what was removed.
	Lacking []Lacking `json:"lacking,omitempty"`
	// Incomplete says that a build would fail, as Endure would disable plugins.
	Incomplete bool `json:"incomplete,omitempty"`
	// Diff is what a dry run would change.
	Diff string `json:"diff,omitempty"`
	// Lock is nil where the lock was left alone.
	Lock *update.Outcome `json:"lock,omitempty"`
}

// Plugin is one that was added.
type Plugin struct {
	Name    string `json:"name"`
	Module  string `json:"module"`
	Version string `json:"version"`
	// From is the module path, the clone URL or the directory in the config.
	From string `json:"from"`
	// NeededBy is the plugin that cannot do without; empty for one that was asked
	// for.
	NeededBy string `json:"needed_by,omitempty"`
}

// Lacking is a plugin that has lost what it needs.
type Lacking struct {
	Name string `json:"name"`
	// Needs is the plugin that is gone.
	Needs string `json:"needs"`
	// Behind are the plugins that are disabled with it, sorted.
	Behind []string `json:"behind,omitempty"`
}

// Prepare resolves what a config would be, and finds out what Endure makes of it:
// found is an [endure.Findings] or nil.
func Prepare(ctx context.Context, m workspace.Machine, cfg *config.Config) (w *workspace.Workspace, found, err error) {
	if w, err = workspace.Prepare(ctx, m, workspace.Project{Config: cfg}, workspace.Ask{}); err != nil {
		return nil, nil, err
	}
	err = w.EachTarget(ctx, func(_ config.Target, s *endure.Set) error {
		return endure.Check(endure.Decide(s), w.Allowance())
	})
	if f, ok := errors.AsType[*endure.Findings](err); ok {
		return w, f, nil
	}
	return w, nil, err
}

// write puts the new config and its lock in place, or shows the difference.
// Without a workspace, the lock is left alone.
func (f File) write(ctx context.Context, data []byte, w *workspace.Workspace, result *Result) error {
	result.Config = f.Name
	if f.DryRun {
		result.Diff = string(diff.Diff(f.Name, f.Data, f.Name+" (changed)", data))
		return nil
	}
	var now *lock.File
	if w != nil {
		sums, err := w.Checksums(ctx)
		if err != nil {
			return err
		}
		now = w.NewLock(sums, false)
	}
	if w == nil {
		_, err := f.Put(data, "", nil)
		return err
	}
	wrote, err := f.Put(data, w.Lock.Name, now)
	result.Lock = update.Made(w, now, wrote)
	return err
}

// Put puts the new config in its place, and then its lock; nil for none. Both are
// on disk before either is in place. Who is killed in between leaves a lock that the
// next build brings up to date, as after an edit by hand. It reports whether the
// lock changed.
func (f File) Put(data []byte, lockName string, now *lock.File) (wrote bool, err error) {
	if there, err := disk.ReadText(f.Name); err != nil || !bytes.Equal(there, f.Data) {
		return false, &ChangedError{File: f.Name}
	}
	unwritable := func(err error) error {
		return &output.Error{Path: f.Name, Reason: disk.Reason(err), Hint: "make it writable, or name another config with -c"}
	}
	var locked *disk.Staged
	if now != nil {
		if locked, err = now.Stage(lockName); err != nil {
			return false, err
		}
	}
	if locked != nil {
		defer locked.Discard()
	}
	disk.Sweep(f.Name)
	cfg, err := disk.Stage(f.Name, data, 0o644)
	if err != nil {
		return false, unwritable(err)
	}
	defer cfg.Discard()
	if err := cfg.Commit(); err != nil {
		return false, unwritable(err)
	}
	if locked == nil {
		return false, nil
	}
	if err := locked.Commit(); err != nil {
		return false, errors.Join(&lock.WriteError{Path: lockName, Err: err}, disk.Write(f.Name, f.Data, 0o644))
	}
	return true, nil
}

// ChangedError is a config that somebody else changed meanwhile.
type ChangedError struct{ File string }

// Error implements error.
func (e *ChangedError) Error() string {
	return e.File + " has changed in the meantime, and is left as it is"
}

// Hints says what to do.
func (*ChangedError) Hints() []string { return []string{"run the command again"} }

// UneditableError is a config that would not be valid, or that is in a form of
// TOML that is not edited.
type UneditableError struct {
	File string
	// Invalid is what would be wrong, or nil.
	Invalid *config.ErrorList
}

// Error implements error. Places in what was not written would lead nowhere.
func (e *UneditableError) Error() string {
	if e.Invalid == nil {
		return e.File + " is not changed: its plugins are written in a form that cannot be edited"
	}
	var texts []string
	for _, p := range e.Invalid.Problems {
		texts = append(texts, p.Text)
	}
	return e.File + " is not changed: " + strings.Join(texts, "\n  ")
}

// ExitStatus implements the interface that picks the exit status.
func (*UneditableError) ExitStatus() int { return 2 }

// Hints says what to do.
func (e *UneditableError) Hints() []string {
	if e.Invalid != nil {
		return e.Invalid.Hints()
	}
	return []string{"write each plugin as a table of its own, [plugins.NAME], or edit the file by hand"}
}

// reread reads what a config has become, and makes sure that it has the wanted
// plugins and is otherwise as it was.
func (f File) reread(old *config.Config, data []byte, plugins []string) (*config.Config, error) {
	now, err := f.Reread(data)
	if err != nil {
		return nil, err
	}
	same := *now
	same.Plugins = old.Plugins
	var names []string
	for _, p := range now.Plugins {
		names = append(names, p.Name)
	}
	if same.Digest() != old.Digest() || !slices.Equal(names, plugins) {
		return nil, &UneditableError{File: f.Name}
	}
	return now, nil
}

// Reread reads what a config has become. Where that would not be valid, the error
// is an [*UneditableError].
func (f File) Reread(data []byte) (*config.Config, error) {
	now, err := f.Read(data)
	if invalid, ok := errors.AsType[*config.ErrorList](err); ok {
		return nil, &UneditableError{File: f.Name, Invalid: invalid}
	}
	return now, err
}

// noteOnce is a machine that says what it has to say once: a config is resolved
// again with each plugin that others need.
func noteOnce(m workspace.Machine) workspace.Machine {
	var mu sync.Mutex // modules are worked on at once
	said, sink := map[string]bool{}, m.Sink
	m.Sink = func(e event.Event) {
		mu.Lock()
		again := e.Kind == event.Note && said[e.Text]
		said[e.Text] = said[e.Text] || e.Kind == event.Note
		mu.Unlock()
		if !again {
			sink.Send(e)
		}
	}
	return m
}

// reader reads single modules, as a config says where they are.
type reader struct {
	cfg    *config.Config
	client *source.Client
	with   resolve.Options
}

// open makes a reader. The lock's RoadRunner is the release.
func open(ctx context.Context, m workspace.Machine, cfg *config.Config) (*reader, error) {
	k, err := workspace.Open(ctx, m, workspace.Project{Config: cfg})
	if err != nil {
		return nil, err
	}
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	locked, err := lock.Read(lock.Name(cfg.File))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		client.Close()
		return nil, err
	}
	return &reader{cfg, client, resolve.Options{Client: client, Store: k.Store, Private: k.Tool.Private(), Offline: k.Offline,
		HTTP: client.HTTP(), Jobs: k.Jobs, Lock: locked}}, nil
}
