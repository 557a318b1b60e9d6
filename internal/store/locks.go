package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

// Recent is how long a lock counts that no run has used since, and how old
// something without a lock has to be before it is removed, unless the user says so.
const Recent = 30 * 24 * time.Hour

// UseLock records that a run uses a lock, by its absolute path, so that cleaning
// the store for one project leaves what another needs. The time is that of the
// record's file: what is in it stays the same.
func (s *Store) UseLock(name string) error {
	now := time.Now()
	if s.lockOf(Key(name)) == name {
		return os.Chtimes(filepath.Join(s.dir, "locks", Key(name)), now, now)
	}
	return s.writeJSON(name, "locks", Key(name))
}

// lockOf is the lock of a record, empty where that is damaged.
func (s *Store) lockOf(record string) (name string) {
	s.ReadJSON(&name, "locks", record)
	return name
}

// usedLocks are the locks that runs have used since a time and that are still
// there, sorted, and the records of the others.
func (s *Store) usedLocks(since time.Time) (names, records []string, err error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, "locks"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	for _, e := range entries {
		fi, err := e.Info()
		name := s.lockOf(e.Name())
		if err != nil || name == "" || fi.ModTime().Before(since) || !disk.Exists(name) {
			records = append(records, filepath.Join(s.dir, "locks", e.Name()))
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, records, nil
}

// needed are the commits of locks. Those of used are not the user's to name, so
// an error says why they are read.
func needed(named, used []string) (map[string]bool, error) {
	kept := map[string]bool{}
	for i, name := range slices.Concat(named, used) {
		l, err := lock.Read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && i >= len(named): // since it was looked for
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, &noLockError{name}
		case err != nil && i >= len(named):
			return nil, fmt.Errorf("a build used %s lately, and what it needs is unknown: %w", name, err)
		case err != nil:
			return nil, err
		}
		for _, m := range l.Modules {
			kept[m.Commit] = true
		}
	}
	return kept, nil
}
