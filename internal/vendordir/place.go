package vendordir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/disk"
)

// PlaceError is a place that a vendor folder or file cannot be put in.
type PlaceError struct{ Place, Reason string }

// Error implements error.
func (e *PlaceError) Error() string { return "output " + e.Place + ": " + e.Reason }

// ExitStatus is that of wrong usage.
func (*PlaceError) ExitStatus() int { return 2 }

// Hints says what to do.
func (*PlaceError) Hints() []string {
	return []string{"name a new folder with -o, or a file that ends in " + archive.Extension}
}

// CheckPlace refuses to replace what no vxlite wrote, and other archives than
// there are.
func CheckPlace(place string) error {
	for _, other := range []string{".tar", ".tar.gz", ".tgz", ".tar.xz", ".zip", ".zst"} {
		if strings.HasSuffix(place, other) && !archive.Is(place) {
			return &PlaceError{place, "an archive ends in " + archive.Extension}
		}
	}
	if archive.Is(place) {
		if reason := archive.CheckFile(place); reason != "" {
			return &PlaceError{place, reason}
		}
		return nil
	}
	fi, err := os.Stat(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &PlaceError{place, disk.Reason(err)}
	case !fi.IsDir():
		return &PlaceError{place, "is a file"}
	}
	if entries, err := os.ReadDir(place); err != nil || len(entries) > 0 && !Is(place) {
		return &PlaceError{place, "exists and is not a vendor folder"}
	}
	return nil
}

// Replace puts the finished folder at made in the place of old, which is a
// vendor folder, empty, or not there. Where the system can, the two change
// places in one step; elsewhere old is moved aside for a moment.
func Replace(made, old string) error {
	if _, err := os.Lstat(old); errors.Is(err, fs.ErrNotExist) {
		return disk.Rename(made, old)
	}
	if exchange(made, old) == nil {
		return disk.RemoveAll(made)
	}
	aside := made + ".old"
	if err := disk.Rename(old, aside); err != nil {
		return err
	}
	if err := disk.Rename(made, old); err != nil {
		return errors.Join(err, disk.Rename(aside, old))
	}
	return disk.RemoveAll(aside)
}

// Size returns how many files there are below dir, and their bytes.
func Size(dir string) (files int, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			files++
			bytes += fi.Size()
		}
		return err
	})
	return files, bytes, err
}
