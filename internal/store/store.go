// Package store keeps what was fetched or worked out, for all configs and all runs
// of one user. It knows its own directories, which dirs.go lists, and that commits
// are named by hashes; nothing of git, Go or RoadRunner.
//
// Everything in a [Store] is named by what it holds (a commit, a commit's folder), or
// records a fact that does not change. So nothing in it is ever rewritten, but for what
// a [Place] said of a tag (it is not asked twice, unless a lock is made, and only those
// believe it who would ask the same place) and when a lock was last used. A locked commit is found by itself, whatever
// the store knows of the tag.
//
// A directory is filled in tmp and renamed into its place: a run that is killed
// leaves at most a directory there, with a lock that the next run finds free, and
// removes it. A small file ends in a
// checksum. One that is damaged is as good as none, and is made anew.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/vxlite/vxlite/internal/disk"
)

// Store is a directory that several runs may use at once.
type Store struct {
	dir string
	// shared is another store, or empty: see Share.
	shared string
}

// version changes when an older vxlite would misread the layout.
const version = "v1"

// Open returns the store below dir, which it creates.
func Open(dir string) (*Store, error) {
	s := &Store{dir: filepath.Join(dir, version)}
	for _, sub := range []string{"git", "tree", "commit", "said", "peel", "pseudo", "lock", "tmp"} { // the others as they are needed
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o755); err != nil {
			return nil, &PlaceError{dir, err}
		}
	}
	disk.SweepTemp(s.tmp(), "*")
	return s, nil
}

// PlaceError is a directory that no store can be in.
type PlaceError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *PlaceError) Error() string { return fmt.Sprintf("store %s: %s", e.Dir, disk.Reason(e.Err)) }

// Unwrap returns the file system's error.
func (e *PlaceError) Unwrap() error { return e.Err }

// Hints says where else it can be.
func (e *PlaceError) Hints() []string { return []string{"name another place with VXLITE_CACHE=DIR"} }

// Share lets a store find what it lacks in another below dir, which is only
// read: one that a fleet of machines has in common, say. What that one lacks
// too is fetched into the store itself. Repositories and modules are taken from
// it, which their names and the hashes in a lock prove, and what was said of
// refs; what can be worked out of these, such as a module's hash, is worked out
// here and not taken on another's word.
// The error is a dir that is none.
func (s *Store) Share(dir string) error {
	switch {
	case dir == "":
	case !disk.IsDir(dir):
		return fmt.Errorf("VXLITE_CACHE_SHARED: %s is not a directory, so nothing is taken from it", dir)
	default:
		s.shared = filepath.Join(dir, version)
	}
	return nil
}

// in is where to read something: the store, unless only the shared one has it.
func (s *Store) in(elem ...string) string {
	own := filepath.Join(append([]string{s.dir}, elem...)...)
	if s.shared == "" {
		return own
	}
	if _, err := os.Lstat(own); err == nil {
		return own
	}
	other := filepath.Join(append([]string{s.shared}, elem...)...)
	if _, err := os.Lstat(other); err == nil {
		return other
	}
	return own
}

// Dir returns the store's directory.
func (s *Store) Dir() string { return s.dir }

// own is the store without the shared one.
func (s *Store) own() *Store { return &Store{dir: s.dir} }

// tmp is where something is made.
func (s *Store) tmp() string { return filepath.Join(s.dir, "tmp") }

// TempDir makes a directory that a later run removes if this one does not call
// remove.
func (s *Store) TempDir() (dir string, remove func() error, err error) {
	return disk.MkdirHeld(s.tmp(), "*")
}

// Publish fills a new directory and moves it to dst, which lies in one of the
// store's directories, unless another run was first, which is as good: what is
// published under one name is the same.
func (s *Store) Publish(dst string, fill func(dir string) error) error {
	tmp, remove, err := s.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := fill(tmp); err != nil {
		return err
	}
	if err := s.place(tmp, dst); err != nil && !disk.IsDir(dst) {
		return err
	}
	return nil
}

// HoldRepo keeps other runs from fetching from the same place meanwhile.
func (s *Store) HoldRepo(ctx context.Context, p Place) (unlock func(), err error) {
	l := flock.New(filepath.Join(s.dir, "lock", p.ID))
	const poll = 20 * time.Millisecond
	if _, err := l.TryLockContext(ctx, poll); err != nil {
		return nil, fmt.Errorf("store: lock: %w", err)
	}
	return func() { _ = l.Unlock() }, nil
}

// Discard takes a directory out of its place. Its files are removed only then:
// nobody finds it half there.
func (s *Store) Discard(dir string) error {
	if s.IsShared(dir) {
		return nil // it is only read; what is made anew comes before it
	}
	tmp, remove, err := s.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	if err := disk.Rename(dir, filepath.Join(tmp, "damaged")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
