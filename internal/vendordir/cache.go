package vendordir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/disk"
)

// LinkCache makes dst a build cache of the compiled packages in src, which is
// not written to. It does nothing where there is no src.
func LinkCache(src, dst string) error {
	if _, err := os.Stat(src); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case strings.HasSuffix(rel, "-d") && os.Symlink(p, to) == nil: // large
			return nil
		}
		return disk.Copy(p, to, 0o644)
	})
	if err != nil {
		return err
	}
	return FreshCache(dst)
}

// FreshCache tells the go command that a build cache was trimmed just now. It
// would otherwise go by the files' times and take all of them for unused.
func FreshCache(dir string) error {
	return os.WriteFile(filepath.Join(dir, "trim.txt"), fmt.Appendf(nil, "%d", time.Now().Unix()), 0o644)
}
