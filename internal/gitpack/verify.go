package gitpack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// Verify reads all packs of a bare repository, as if they had just come: each object
// is unpacked, and its name worked out. The indexes have to be what that gives.
func Verify(ctx context.Context, dir string, limits config.Limits) error {
	packs := filepath.Join(dir, "objects", "pack")
	names, err := disk.List(packs, "pack-", ".pack")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := verifyPack(ctx, name, limits); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	return nil
}

func verifyPack(ctx context.Context, name string, limits config.Limits) error {
	x := &indexer{limits: limits}
	sum, err := x.indexFile(ctx, name)
	if err != nil {
		return err
	}
	want, err := x.encode(sum)
	if err != nil {
		return err
	}
	got, err := disk.ReadRegular(strings.TrimSuffix(name, ".pack")+".idx", mostIndex)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("its index is not the one of this pack")
	}
	return nil
}

// Has reports whether there is an object, without reading it.
func (s *Storage) Has(hash plumbing.Hash) bool {
	dirs, err := s.dirs()
	if err != nil {
		return false
	}
	name := hash.String()
	for _, d := range dirs {
		for _, p := range d.packs {
			if _, ok := p.index.find(hash); ok {
				return true
			}
		}
		if disk.Exists(filepath.Join(d.path, name[:2], name[2:])) {
			return true
		}
	}
	return false
}
