package workspace

import (
	"context"
	"fmt"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// Machine is where a command works, and who is told.
type Machine struct {
	// StoreDir is the directory of the store.
	StoreDir string
	// SharedDir is the directory of another store that is only read, or empty.
	SharedDir string
	// Offline forbids asking any server.
	Offline bool
	// Jobs bounds the conversations with servers that go on at once.
	Jobs int
	Env  func(name string) (value string, ok bool)
	Sink event.Sink
}

// TempDir makes a directory in the store, which remove removes.
func (m Machine) TempDir() (dir string, remove func() error, err error) {
	s, err := store.Open(m.StoreDir)
	if err != nil {
		return "", nil, err
	}
	return s.TempDir()
}

// Project is what is built.
type Project struct {
	Config *config.Config
	// LockFile is the lock where it is not the one beside the config.
	LockFile string
	// Locked wants the lock to fit the config, and writes none.
	Locked bool
	// Vendored is the vendor folder to build from, and nothing else; nil for
	// none. Env and StoreDir of the Machine are then its own.
	Vendored Vendored
}

// Vendored is a vendor folder that has been checked.
type Vendored interface {
	// Repositories is a directory with a repository for each commit.
	Repositories() string
	// Lock is the lock file, and LockName what it is called in messages.
	Lock() string
	LockName() string
	// VulnDB is a database of known vulnerabilities, or empty.
	VulnDB() string
	// Modules returns a module cache for builds of a kind (see
	// [gotool.Tool.Kind]), of modules that have these checksums; empty where the
	// folder has none. DropModules says that it lacks something, and is not to
	// be returned again.
	Modules(ctx context.Context, kind string, sums []lock.Sum) (string, error)
	DropModules()
}

// Kit is what the steps of a command work with. It is not changed by any.
type Kit struct {
	Machine
	Project
	Store *store.Store
	Tool  *gotool.Tool
}

// Open opens the store and finds the go command.
func Open(ctx context.Context, m Machine, p Project) (*Kit, error) {
	if _, err := m.Epoch(); err != nil { // before anything is fetched
		return nil, err
	}
	store, err := store.Open(m.StoreDir)
	if err != nil {
		return nil, err
	}
	if err := store.Share(m.SharedDir); err != nil {
		m.Sink.Send(event.Event{Kind: event.Note, Text: err.Error()})
	}
	tool, err := gotool.Find(ctx, m.Env, store, m.Sink)
	if err != nil {
		return nil, err
	}
	return &Kit{Machine: m, Project: p, Store: store, Tool: tool}, nil
}

// Client reaches the repositories: those of the vendor folder, or all others.
// With fresh, servers are asked what the store thinks it knows.
func (k *Kit) Client(fresh bool) (*source.Client, error) {
	o := source.Options{Store: k.Store, Env: k.Env, Limits: k.Config.Limits, Jobs: k.Jobs, Offline: k.Offline, Fresh: fresh, Sink: k.Sink}
	if k.Vendored != nil {
		o.Exported = k.Vendored.Repositories()
	} else {
		o.Mirrors, o.Git = k.Config.Mirrors, k.Config.Git
	}
	return source.NewClient(o)
}

// Note tells the user something.
func (k *Kit) Note(format string, args ...any) {
	k.Sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf(format, args...)})
}

// OnceEach sends each note once: several targets give the same.
func OnceEach(sink event.Sink) func(notes []string) {
	sent := map[string]bool{}
	return func(notes []string) {
		for _, text := range notes {
			if !sent[text] {
				sent[text] = true
				sink.Send(event.Event{Kind: event.Note, Text: text})
			}
		}
	}
}
