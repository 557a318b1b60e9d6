package gitpack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// IndexPack writes the index of a pack beside it. The pack has to be the one that
// its name says: pack-SHA1.pack.
func IndexPack(ctx context.Context, name string, limits config.Limits) error {
	f, err := disk.OpenRegular(name, math.MaxInt64-1)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if fi.Size() > limits.Pack {
		return limit.Bytes("the pack has more than", "pack", limits.Pack)
	}
	x := &indexer{file: untilDone{ctx, f}, size: fi.Size(), limits: limits}
	if err := x.open(); err != nil {
		return err
	}
	sum, err := x.index()
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	base := strings.TrimSuffix(name, ".pack")
	if filepath.Base(base) != "pack-"+sum.String() {
		return &Error{errors.New("it is not the one that its name says")}
	}
	return x.write(base+".idx", sum)
}

// untilDone reads a file until the context is done.
type untilDone struct {
	ctx  context.Context
	file io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (u untilDone) ReadAt(p []byte, at int64) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.file.ReadAt(p, at)
}

// MissingObjects returns those refs whose objects, or what these lead to, no pack in
// the directories has by its index. One index is held at a time.
func MissingObjects(refs []PackedRef, dirs ...string) ([]PackedRef, error) {
	wanted := map[plumbing.Hash]bool{}
	for _, r := range refs {
		wanted[r.Hash] = true
		if !r.Peeled.IsZero() {
			wanted[r.Peeled] = true
		}
	}
	for _, dir := range dirs {
		names, err := disk.List(dir, "pack-", ".idx")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := disk.ReadRegular(name, mostIndex)
			if err != nil {
				return nil, err
			}
			x, err := parseIndex(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			maps.DeleteFunc(wanted, func(h plumbing.Hash, _ bool) bool {
				_, ok := x.find(h)
				return ok
			})
		}
	}
	return slices.DeleteFunc(slices.Clone(refs), func(r PackedRef) bool { return !wanted[r.Hash] && !wanted[r.Peeled] }), nil
}
