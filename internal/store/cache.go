package store

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
)

// Cache says where the store is and what is in it. A store that is not there
// is empty.
func Cache(dir string) (*Contents, error) {
	out := &Contents{Path: dir}
	if !disk.Exists(dir) {
		return out, nil
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if out.Locks, _, err = s.usedLocks(time.Now().Add(-Recent)); err != nil {
		return nil, err
	}
	out.Parts, err = s.Parts()
	return out, err
}

// CleanCache removes from the store what was fetched longer ago than age and what
// is needed neither by the named locks nor by those that runs have used since
// [Recent]. Without a name, the lock beside counts if it is there. It forgets the
// locks that are gone.
func CleanCache(dir string, named []string, beside string, age time.Duration) (*Removed, error) {
	if len(named) == 0 && disk.Exists(beside) {
		named = []string{beside}
	}
	if !disk.Exists(dir) {
		_, err := needed(named, nil)
		return &Removed{}, err
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	used, forget, err := s.usedLocks(time.Now().Add(-Recent))
	if err != nil {
		return nil, err
	}
	if len(named)+len(used) == 0 {
		return nil, &noLockError{beside}
	}
	kept, err := needed(named, used)
	if err != nil {
		return nil, err
	}
	removed, size, err := s.Clean(func(commit string) bool { return kept[commit] }, time.Now().Add(-age))
	for _, record := range forget {
		err = errors.Join(err, os.Remove(record))
	}
	return &Removed{Paths: removed, Size: size}, err
}

// RemoveCache removes the whole store, and nothing that lies beside it.
func RemoveCache(dir string) (*Removed, error) {
	before, err := Cache(dir)
	if err != nil {
		return nil, err
	}
	out := &Removed{}
	if !disk.Exists(dir) {
		return out, nil
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range before.Parts {
		out.Paths = append(out.Paths, p.Name)
		out.Size += p.Size
	}
	if err := disk.RemoveAll(s.Dir()); err != nil {
		return nil, err
	}
	_ = os.Remove(filepath.Clean(dir)) // only where it is empty
	return out, nil
}

// Contents is the store and what is in it.
type Contents struct {
	Path  string `json:"path"`
	Parts []Part `json:"parts"`
	// Locks are those that cleaning heeds: runs have used them since [Recent].
	Locks []string `json:"locks"`
}

// Removed is what was no longer needed.
type Removed struct {
	// Paths are relative to the folder they were in, sorted.
	Paths []string `json:"paths"`
	// Size is in bytes.
	Size int64 `json:"size"`
}

// noLockError is a lock that is not there, so that nobody knows what to keep.
type noLockError struct{ name string }

// Error implements error.
func (e *noLockError) Error() string { return "there is no " + e.name + ", which says what to keep" }

// Hints says what to name.
func (*noLockError) Hints() []string {
	return []string{"name the locks of what you build, or remove everything: vxlite cache clean --all"}
}
