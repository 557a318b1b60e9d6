package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
)

// Part is one folder of the store.
type Part struct {
	// Name is the folder's; its files count below it.
	Name  string `json:"name"`
	Files int    `json:"files"`
	Size  int64  `json:"size"` // bytes
}

// Parts returns what is in the store, by name.
func (s *Store) Parts() ([]Part, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var out []Part
	for _, e := range entries { // sorted
		p := Part{Name: e.Name()}
		if p.Files, p.Size, err = usage(filepath.Join(s.dir, e.Name())); err != nil {
			return nil, err
		}
		if p.Files > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// usage counts the files below a path, and their bytes.
func usage(p string) (files int, size int64, err error) {
	err = filepath.WalkDir(p, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			files++
			size += fi.Size()
		}
		return err
	})
	return files, size, err
}

// Clean removes what belongs to commits that keep does not report, as far as it
// was fetched before a time, and all workspaces, which are made again of what
// is left. It must not run beside a build. It returns how many bytes were
// removed, and the paths, relative to the store and sorted.
func (s *Store) Clean(keep func(commit string) bool, before time.Time) (removed []string, size int64, err error) {
	c := &cleaner{store: s, keep: keep, before: before, gone: map[string]bool{}}
	for _, step := range []struct {
		when cleaning
		do   func(dir string) error
	}{{former, c.former}, {byCommit, c.commits}, {byName, c.names}, {made, c.made}} { // names after the commits that they name
		for _, d := range directories {
			if d.clean != step.when {
				continue
			}
			if err := step.do(d.name); err != nil {
				return nil, 0, err
			}
		}
	}
	slices.Sort(c.removed)
	return c.removed, c.size, nil
}

// cleaner remembers what it removed.
type cleaner struct {
	store   *Store
	keep    func(commit string) bool
	before  time.Time
	gone    map[string]bool // commits
	removed []string
	size    int64
}

// former removes a directory that nothing reads any more.
func (c *cleaner) former(sub string) error {
	dir := filepath.Join(c.store.dir, sub)
	if !disk.IsDir(dir) {
		return nil
	}
	return c.remove(dir)
}

// commits removes entries that begin with a commit that is not kept.
func (c *cleaner) commits(sub string) error {
	return c.each(sub, func(e fs.DirEntry) (bool, error) {
		commit := e.Name()[:min(40, len(e.Name()))]
		fi, err := e.Info()
		if err != nil || !IsHash(commit) || c.keep(commit) || !c.gone[commit] && !fi.ModTime().Before(c.before) {
			return false, err
		}
		c.gone[commit] = true
		return true, nil
	})
}

// names removes what names a commit that was removed.
func (c *cleaner) names(sub string) error {
	root := filepath.Join(c.store.dir, sub)
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := disk.ReadText(p)
		commit, _, _ := strings.Cut(string(data), "\n") // a checksum follows
		if err != nil || !c.gone[commit] {
			return err
		}
		return c.remove(p)
	})
}

// made removes what a build makes again where it needs it. The time of a folder
// tells nothing: a binary may be replaced further below.
func (c *cleaner) made(sub string) error {
	return c.each(sub, func(e fs.DirEntry) (bool, error) {
		last, err := newest(filepath.Join(c.store.dir, sub, e.Name()))
		return err == nil && last.Before(c.before), err
	})
}

// newest is when a path, or something below it, was last changed.
func newest(p string) (last time.Time, err error) {
	err = filepath.WalkDir(p, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.ModTime().After(last) {
			last = fi.ModTime()
		}
		return err
	})
	return last, err
}

func (c *cleaner) each(sub string, remove func(fs.DirEntry) (bool, error)) error {
	dir := filepath.Join(c.store.dir, sub)
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		yes, err := remove(e)
		if err != nil {
			return err
		}
		if yes {
			if err := c.remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove moves an entry out of the way in one step before it removes it, so
// that an interrupted run leaves no half of it under its name.
func (c *cleaner) remove(p string) error {
	_, size, err := usage(p)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(c.store.dir, p)
	if err != nil {
		return err
	}
	tmp, remove, err := c.store.TempDir()
	if err != nil {
		return err
	}
	if err := disk.Rename(p, filepath.Join(tmp, "removed")); err != nil {
		return errors.Join(err, remove())
	}
	c.removed = append(c.removed, filepath.ToSlash(rel))
	c.size += size
	return remove()
}
