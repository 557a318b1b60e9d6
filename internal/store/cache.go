package store

import (
	"os"
	"path/filepath"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
)

// Cache says where the store is and what is in it. A store that is not there
// is empty.
func Cache(dir string) (*event.Cache, error) {
	out := &event.Cache{Path: dir}
	if !disk.IsDir(dir) {
		return out, nil
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	parts, err := s.Parts()
	for _, p := range parts {
		out.Parts = append(out.Parts, event.CachePart(p))
	}
	return out, err
}

// CleanCache removes from the store what none of the locks needs and what was
// fetched longer ago than age.
func CleanCache(dir string, locks []string, age time.Duration) (*event.Removed, error) {
	kept := map[string]bool{}
	for _, name := range locks {
		l, err := lock.Read(name)
		if err != nil {
			return nil, err
		}
		for _, m := range l.Modules {
			kept[m.Commit] = true
		}
	}
	if !disk.IsDir(dir) {
		return &event.Removed{}, nil
	}
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	removed, size, err := s.Clean(func(commit string) bool { return kept[commit] }, time.Now().Add(-age))
	return &event.Removed{Paths: removed, Size: size}, err
}

// RemoveCache removes the whole store, and nothing that lies beside it.
func RemoveCache(dir string) (*event.Removed, error) {
	before, err := Cache(dir)
	if err != nil {
		return nil, err
	}
	out := &event.Removed{}
	if !disk.IsDir(dir) {
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
