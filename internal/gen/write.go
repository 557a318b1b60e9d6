package gen

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/disk"
)

// Write makes the workspace in dir, which must be empty. Modules are linked to
// unless plain is set; then they are copied too, and dir depends on nothing.
func (w *Workspace) Write(dir string, plain bool) error {
	generated := map[string]bool{}
	for _, f := range w.Files {
		generated[f.Path] = true
	}
	for _, m := range w.Modules {
		if err := m.write(dir, plain, generated); err != nil {
			return err
		}
	}
	for _, f := range w.Files {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Data); err != nil {
			return err
		}
	}
	return nil
}

// Intact reports whether dir is as Write made it, but for files that the go
// command may have added.
func (w *Workspace) Intact(dir string) bool {
	generated := map[string]bool{}
	for _, f := range w.Files {
		generated[f.Path] = true
		if data, err := disk.ReadRegular(filepath.Join(dir, filepath.FromSlash(f.Path)), int64(len(f.Data))); err != nil || !bytes.Equal(data, f.Data) {
			return false
		}
	}
	for _, m := range w.Modules {
		if !m.intact(dir, generated) {
			return false
		}
	}
	return true
}

// intact compares one module with what it is a copy of, or a link to.
func (m Place) intact(dir string, generated map[string]bool) bool {
	dst := filepath.Join(dir, filepath.FromSlash(m.Path))
	if to, err := os.Readlink(dst); err == nil {
		return !m.Copy && to == m.Dir
	}
	err := filepath.WalkDir(m.Dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(m.Dir, p)
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() || generated[m.Path+"/"+filepath.ToSlash(rel)] {
			return nil
		}
		return sameFile(p, filepath.Join(dst, rel))
	})
	return err == nil
}

var errOther = errors.New("not the same")

func sameFile(a, b string) error {
	x, err := disk.ReadLarge(a)
	if err != nil {
		return err
	}
	y, err := disk.ReadRegular(b, int64(len(x)))
	if err == nil && !bytes.Equal(x, y) {
		return errOther
	}
	return err
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// write links or copies one module. A system that has no links gets a copy.
func (m Place) write(dir string, plain bool, generated map[string]bool) error {
	dst := filepath.Join(dir, filepath.FromSlash(m.Path))
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	if !m.Copy && !plain {
		if os.Symlink(m.Dir, dst) == nil {
			return nil
		}
	}
	return filepath.WalkDir(m.Dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(m.Dir, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".git" {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(dst, rel), 0o755)
		}
		if !d.Type().IsRegular() || generated[m.Path+"/"+filepath.ToSlash(rel)] {
			return nil
		}
		return disk.Copy(p, filepath.Join(dst, rel), 0o644)
	})
}
