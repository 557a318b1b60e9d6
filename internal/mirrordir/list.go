package mirrordir

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
)

// List is what SHA256SUMS says: hex hashes by slash-separated path.
type List = archive.List

// ReadList reads the mirror's list. One that is not there is empty.
func (m *Mirror) ReadList() (List, error) {
	data, err := disk.ReadRegular(filepath.Join(m.Dir, ListFile), mostState)
	if errors.Is(err, fs.ErrNotExist) {
		return List{}, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := form.ParseList(data)
	if err != nil {
		return nil, &StateError{File: filepath.Join(m.Dir, ListFile), Reason: err.Error()}
	}
	return l, nil
}

// writeList writes the list of all files. Those that never change under one name
// are hashed once: all others are small.
func (m *Mirror) writeList(ctx context.Context) error {
	old, err := m.ReadList()
	if err != nil {
		return err
	}
	now, err := m.hash(ctx, func(name string) string {
		if isFixed(name) {
			return old[name]
		}
		return ""
	})
	if err != nil {
		return err
	}
	if maps.Equal(old, now) {
		return nil
	}
	return disk.Write(filepath.Join(m.Dir, ListFile), now.Format(), 0o644)
}

// isFixed reports whether a file of that name is never replaced by another.
func isFixed(name string) bool {
	return slices.Contains([]string{".pack", ".idx", ".zip", ".mod", ".info"}, path.Ext(name))
}

// Hash hashes all files.
func (m *Mirror) Hash(ctx context.Context) (List, error) {
	return m.hash(ctx, func(string) string { return "" })
}

// hash hashes all files but those whose hash is known.
func (m *Mirror) hash(ctx context.Context, known func(name string) string) (List, error) {
	files, err := m.Files()
	if err != nil {
		return nil, err
	}
	out := make(List, len(files))
	var rest []string
	for _, name := range files {
		if out[name] = known(name); out[name] == "" {
			rest = append(rest, name)
		}
	}
	got, err := archive.HashAll(ctx, m.Dir, rest)
	maps.Copy(out, got)
	return out, err
}

// Path is where a file of the mirror lies.
func (m *Mirror) Path(name string) string { return filepath.Join(m.Dir, filepath.FromSlash(name)) }

// Files lists what the list names: all files but the list itself and those that
// begin with a dot, sorted.
func (m *Mirror) Files() ([]string, error) {
	var files []string
	err := filepath.WalkDir(m.Dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(m.Dir, p)
		switch name := filepath.ToSlash(rel); {
		case err != nil || name == ".":
			return err
		case strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "tmp_"):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir() || name == ListFile:
		case !d.Type().IsRegular():
			return &fs.PathError{Op: "open", Path: p, Err: errors.New("is not a regular file")}
		default:
			files = append(files, name)
		}
		return nil
	})
	if errors.Is(err, os.ErrNotExist) && len(files) == 0 {
		return nil, nil
	}
	slices.Sort(files)
	return files, err
}
