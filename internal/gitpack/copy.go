package gitpack

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// Copy makes gitDir a bare repository with the objects of another on
// this machine. Those that the other borrows from a third it goes on to
// borrow. All together may be as large as a pack.
func Copy(from, gitDir string, most int64) error {
	for _, sub := range []string{"objects", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(gitDir, filepath.FromSlash(sub)), 0o755); err != nil {
			return err
		}
	}
	objects, left := filepath.Join(from, "objects"), most
	err := filepath.WalkDir(objects, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(objects, p)
		if err != nil {
			return err
		}
		dst := filepath.Join(gitDir, "objects", rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(dst, 0o755)
		case filepath.ToSlash(rel) == "info/alternates":
			return copyAlternates(p, objects, dst)
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "tmp_"):
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if left -= fi.Size(); left < 0 {
			return limit.Bytes("the objects' files have more than", "pack", most)
		}
		return disk.Copy(p, dst, 0o444)
	})
	if err != nil {
		return err
	}
	shallow, err := disk.ReadRegular(filepath.Join(from, "shallow"), most)
	if err == nil {
		err = os.WriteFile(filepath.Join(gitDir, "shallow"), shallow, 0o644)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(filepath.Join(gitDir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o644)
}

// copyAlternates makes the paths absolute, which may be relative to the
// objects they stand beside.
func copyAlternates(name, objects, dst string) error {
	data, err := disk.ReadRegular(name, mostSmall)
	if err != nil {
		return err
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		p := strings.TrimRight(line, "\r\n")
		if p != "" && !filepath.IsAbs(p) {
			p = filepath.Join(objects, p)
		}
		b.WriteString(p + "\n")
	}
	return os.WriteFile(dst, []byte(b.String()), 0o644)
}
