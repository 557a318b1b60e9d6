// Package mirrordir is the form of a mirror: a directory with all that builds of
// certain configs take from git servers and module proxies.
//
//	git/HOST/OWNER/NAME.git   bare repositories
//	proxy/                    a GOPROXY file tree: see go.dev/ref/mod#goproxy-protocol
//	releases/REF/             a velox.toml with all plugins of a RoadRunner release, and its lock
//	mirror.json               what is in it, and for which configs: a [State]
//	SHA256SUMS                every other file's hash; sha256sum -c reads it
//	.lock                     locked by who writes
//	.unfinished               stands while somebody writes
//	.apply/                   what a bundle is about to change: whoever opens the mirror
//	                          next does that
//
// Files are added, or replaced in one step, so that who is killed leaves a mirror
// that serves all that it served before: first packs and modules, then the refs of
// each repository, then the list and the state. Nothing in the directory tells when
// or where it was made, and no password is in it.
//
// Begin with [Open].
package mirrordir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
)

// The names in a mirror.
const (
	GitDir   = "git"
	ProxyDir = "proxy"
	// ReleasesDir has a velox.toml with all plugins of each RoadRunner release that was
	// asked for, and its lock.
	ReleasesDir = "releases"
	StateFile   = "mirror.json"
	ListFile    = archive.ListFile

	lockFile       = ".lock"
	unfinishedFile = ".unfinished"
	stageName      = "stage" // of disk.MkdirTemp
)

// Mirror is a mirror that this process alone may write to.
type Mirror struct {
	// Dir is absolute.
	Dir string
	// State is what the last run left. Finish writes another.
	State State
	// Unfinished says that a run was interrupted since.
	Unfinished bool
	lock       *flock.Flock
	made       []string // directories that Open has made, the innermost first
}

// Mode says what is wanted of a mirror.
type Mode int

const (
	// Make makes a new one where there is none.
	Make Mode = iota
	// Existing wants one that there is.
	Existing
)

// Open opens the mirror at dir, and waits for others that write to it. What a run
// was killed over is completed or taken back. Close lets others write.
func Open(ctx context.Context, dir string, mode Mode, sink event.Sink) (*Mirror, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := checkPlace(dir, mode); err != nil {
		return nil, err
	}
	m, err := locked(ctx, dir, sink)
	if err != nil {
		return nil, err
	}
	if err := m.read(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := m.complete(ctx, sink); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// locked makes the directory and takes its lock. Another may have removed both
// meanwhile: see Close.
func locked(ctx context.Context, dir string, sink event.Sink) (*Mirror, error) {
	for {
		m := &Mirror{Dir: dir, lock: flock.New(filepath.Join(dir, lockFile)), made: disk.Missing(dir)}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, &PlaceError{dir, disk.Reason(err)}
		}
		if err := m.hold(ctx, sink); err != nil {
			return nil, err
		}
		if disk.Exists(m.lock.Path()) {
			return m, nil
		}
		_ = m.lock.Unlock() // it was nobody's any more
	}
}

// hold takes the lock.
func (m *Mirror) hold(ctx context.Context, sink event.Sink) error {
	locked, err := m.lock.TryLock()
	if err == nil && !locked {
		sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf("another vxlite is working on %s: waiting for it", m.Dir)})
		const poll = 50 * time.Millisecond
		_, err = m.lock.TryLockContext(ctx, poll)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &PlaceError{m.Dir, disk.Reason(err)}
	}
	return nil
}

// read reads the state, and removes what killed runs have left.
func (m *Mirror) read() error {
	disk.Sweep(filepath.Join(m.Dir, stageName))
	m.Unfinished = disk.Exists(filepath.Join(m.Dir, unfinishedFile))
	state, err := readState(filepath.Join(m.Dir, StateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	m.State = state
	return err
}

// Close lets others write. Directories that Open has made, and nothing was put into,
// are removed, while none of those who wait can have the lock.
func (m *Mirror) Close() error {
	entries, err := os.ReadDir(m.Dir)
	if err == nil && len(entries) == 1 && entries[0].Name() == lockFile && len(m.made) > 0 {
		_ = os.Remove(m.lock.Path())
		for _, dir := range m.made {
			_ = os.Remove(dir) // unless something is in it by now
		}
	}
	return m.lock.Unlock()
}

// Begin says that files are about to change. [Mirror.Finish] takes it back.
func (m *Mirror) Begin() error {
	return os.WriteFile(filepath.Join(m.Dir, unfinishedFile), nil, 0o644)
}

// WriteState writes the state alone.
func (m *Mirror) WriteState(s State) error {
	data, err := s.format()
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(m.Dir, StateFile), data, 0o644)
}

// Finish writes the state and the list of all files.
func (m *Mirror) Finish(ctx context.Context, s State) error {
	if err := m.WriteState(s); err != nil {
		return err
	}
	if err := m.writeList(ctx); err != nil {
		return err
	}
	m.State, m.Unfinished = s, false
	return os.Remove(filepath.Join(m.Dir, unfinishedFile))
}

// Stage makes a directory to make something in that is then renamed to its place.
func (m *Mirror) Stage() (dir string, remove func() error, err error) {
	return disk.MkdirTemp(filepath.Join(m.Dir, stageName))
}

// checkPlace refuses a directory that is no mirror.
func checkPlace(dir string, mode Mode) error {
	entries, err := os.ReadDir(dir)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return &PlaceError{dir, disk.Reason(err)}
	case mode == Existing && !disk.Exists(filepath.Join(dir, StateFile)) && !disk.Exists(filepath.Join(dir, readyDir)):
		return &NoneError{dir}
	case slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !isOwn(e.Name()) }):
		return &PlaceError{dir, "exists and is not a mirror"}
	}
	return nil
}

// isOwn reports whether a mirror may have something of that name at its top.
func isOwn(name string) bool {
	return slices.Contains([]string{GitDir, ProxyDir, ReleasesDir, StateFile, ListFile}, name) || strings.HasPrefix(name, ".")
}

// PlaceError is a directory that no mirror can be in.
type PlaceError struct{ Dir, Reason string }

// Error implements error.
func (e *PlaceError) Error() string { return "mirror " + e.Dir + ": " + e.Reason }

// ExitStatus is that of wrong usage.
func (*PlaceError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*PlaceError) Hints() []string {
	return []string{"name a new directory, or one that vxlite mirror made"}
}

// NoneError is a directory that is no mirror yet.
type NoneError struct{ Dir string }

// Error implements error.
func (e *NoneError) Error() string { return e.Dir + " is not a mirror: it has no " + StateFile }

// ExitStatus is that of wrong usage.
func (*NoneError) ExitStatus() int { return 2 }

// Hints says how one is made.
func (e *NoneError) Hints() []string {
	return []string{"fill it: vxlite mirror DIR -c velox.toml", "or apply a whole bundle to it: vxlite mirror DIR --apply FILE.tar.zst"}
}

// State is what mirror.json says.
type State struct {
	Version int `json:"version"`
	// Layout is where repositories lie below git/: see [Layout].
	Layout Layout `json:"layout"`
	// Repositories are sorted by URL.
	Repositories []Repository `json:"repositories"`
	// Needs are sorted by their configs' names.
	Needs []Needs `json:"needs"`
	// Bundles are those that were applied here: the last whole one, and what
	// followed it, in order.
	Bundles []Bundle `json:"bundles,omitempty"`
}

// Repository is one of a mirror's.
type Repository struct {
	// URL is what it is a mirror of, before all mirrors.
	URL string `json:"url"`
	// Path is below the mirror's directory, with slashes.
	Path string `json:"path"`
}

// Needs are what the builds of a config need.
type Needs struct {
	// Config is a file's name, or RoadRunner's release.
	Config string `json:"config"`
	// Digest changes with the config, its lock and its targets.
	Digest  string   `json:"digest"`
	Modules []Module `json:"modules"`
	// Proxied are third-party modules, as go.sum names them: PATH@VERSION, and
	// PATH@VERSION/go.mod where the go.mod alone is needed.
	Proxied []string `json:"proxied"`
	// Incomplete says that the last run for the config failed: it may need more, and
	// not all of this may be there.
	Incomplete bool `json:"incomplete,omitempty"`
}

// tellIncomplete notes the configs whose builds may lack something.
func (s State) tellIncomplete(sink event.Sink) {
	for _, n := range s.Needs {
		if n.Incomplete {
			sink.Send(event.Event{Kind: event.Note, Text: n.Config + ": the last run to fill the mirror for it failed, so its builds may lack something"})
		}
	}
}

// Module is a module at a commit.
type Module struct {
	Path   string `json:"path"`
	URL    string `json:"url"`
	Commit string `json:"commit"`
}

// Bundle names a state of a mirror that was carried somewhere.
type Bundle struct {
	// Number counts those after the last whole one, which has 1.
	Number int `json:"number"`
	// ID is 64 hex digits, by which the state and all before it are known.
	ID string `json:"id"`
	// Name is the file's.
	Name string `json:"name"`
}

const stateVersion = 1

// mostState is how large a state may be, in bytes.
const mostState = 64 << 20

func (s State) format() ([]byte, error) {
	s.Version = stateVersion
	s.Repositories = slices.SortedFunc(slices.Values(s.Repositories), func(a, b Repository) int { return strings.Compare(a.URL, b.URL) })
	s.Needs = slices.SortedFunc(slices.Values(s.Needs), func(a, b Needs) int { return strings.Compare(a.Config, b.Config) })
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// readState reads a mirror.json, which may be anybody's.
func readState(name string) (State, error) {
	data, err := disk.ReadRegular(name, mostState)
	if err != nil {
		return State{}, err
	}
	s, err := ParseState(data)
	if newer, ok := errors.AsType[*NewerError](err); ok {
		return s, newer.in(name)
	}
	if err != nil {
		return s, &StateError{File: name, Reason: err.Error()}
	}
	return s, nil
}

// ParseState reads what mirror.json holds. A newer version's is a [*NewerError].
func ParseState(data []byte) (s State, err error) {
	if err := checkNewer(data, stateVersion); err != nil {
		return State{}, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, err
	}
	if s.Version != stateVersion {
		return State{}, fmt.Errorf("it has version %d, and this vxlite knows %d", s.Version, stateVersion)
	}
	if err := s.Layout.Check(); err != nil {
		return State{}, err
	}
	for _, r := range s.Repositories {
		if !isName(r.Path) || !strings.HasPrefix(r.Path, GitDir+"/") {
			return State{}, fmt.Errorf("%.100q is not a valid path of a repository", r.Path)
		}
	}
	return s, nil
}

// StateError is a mirror.json that cannot be read.
type StateError struct{ File, Reason string }

// Error implements error.
func (e *StateError) Error() string { return e.File + ": " + e.Reason }

// ExitStatus is that of a check that found a problem.
func (*StateError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*StateError) Hints() []string {
	return []string{"remove it and fill the mirror again: repositories and modules that are there are kept"}
}

// Find returns the repository that mirrors a URL.
func (s State) Find(url string) (Repository, bool) {
	i := slices.IndexFunc(s.Repositories, func(r Repository) bool { return r.URL == url })
	if i < 0 {
		return Repository{}, false
	}
	return s.Repositories[i], true
}
