package image

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/disk"
)

// checkLayout compares each blob of an OCI layout with the hash that is its
// name, which package layout does not do: no manifest or layer is another than
// the one that was named, and no index can list itself.
func checkLayout(dir string) error {
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil {
		return err
	}
	for _, file := range append(blobs, filepath.Join(dir, ociLayout), filepath.Join(dir, "index.json")) {
		fi, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue // whoever reads it says so
		}
		if err != nil {
			return err
		}
		if !fi.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", filepath.Base(file))
		}
	}
	for _, file := range blobs {
		hash, err := hashOf(file)
		if err != nil {
			return err
		}
		if hash != filepath.Base(file) {
			return fmt.Errorf("checksum mismatch: blob %s is %s", filepath.Base(file), hash)
		}
	}
	return nil
}

func hashOf(file string) (string, error) {
	f, err := disk.Open(file)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}
