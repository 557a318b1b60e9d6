package gitpack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// IndexPack writes the index of a pack beside it. The pack has to be the one that
// its name says: pack-SHA1.pack. It returns where the pack leads to beyond itself.
func IndexPack(ctx context.Context, name string, limits config.Limits) ([]Link, error) {
	x := &indexer{limits: limits, follow: true}
	sum, err := x.indexFile(ctx, name)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(name, ".pack")
	if filepath.Base(base) != "pack-"+sum.String() {
		return nil, &Error{errors.New("it is not the one that its name says")}
	}
	if err := x.write(base+".idx", sum); err != nil { // which sorts the entries
		return nil, err
	}
	return slices.DeleteFunc(x.links, func(l Link) bool { return x.has(l.To) }), nil
}

// indexFile is index for a pack that is on disk.
func (x *indexer) indexFile(ctx context.Context, name string) (sum plumbing.Hash, err error) {
	f, err := disk.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return sum, err
	}
	if fi.Size() > x.limits.Pack {
		return sum, limit.Bytes("the pack has more than", "pack", x.limits.Pack)
	}
	x.file, x.size = untilDone{ctx, f}, fi.Size()
	if err := x.open(); err != nil {
		return sum, err
	}
	if sum, err = x.index(); err != nil {
		err = cmp.Or(context.Cause(ctx), err)
	}
	return sum, err
}

// has reports whether the pack has an object, once its entries are sorted.
func (x *indexer) has(h plumbing.Hash) bool {
	_, ok := slices.BinarySearchFunc(x.entries, h, func(e indexed, h plumbing.Hash) int { return bytes.Compare(e.hash[:], h[:]) })
	return ok
}

// Link leads from a commit to its tree or a parent, or from a tag to its object.
type Link struct {
	From, To plumbing.Hash
	parent   bool
}

// note keeps what an object leads to, if it is a commit or a tag: see
// git-cat-file(1) for how they begin.
func (x *indexer) note(e *indexed, data []byte) {
	if !x.follow || e.kind != plumbing.CommitObject && e.kind != plumbing.TagObject {
		return
	}
	for line := range bytes.Lines(data) {
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		isLink := slices.Contains([]string{"tree", "parent", "object"}, string(name))
		if !isLink || !plumbing.IsHash(string(value)) {
			return // they come first
		}
		x.links = append(x.links, Link{From: e.hash, To: plumbing.NewHash(string(value)), parent: string(name) == "parent"})
	}
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

// MissingLinks returns those links whose ends no pack in the directories has, but for
// the parents of commits at which the history is cut.
func MissingLinks(links []Link, cut []plumbing.Hash, dirs ...string) ([]Link, error) {
	links = slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return l.parent && slices.Contains(cut, l.From) })
	wanted := map[plumbing.Hash]bool{}
	for _, l := range links {
		wanted[l.To] = true
	}
	err := removePacked(wanted, dirs)
	return slices.DeleteFunc(links, func(l Link) bool { return !wanted[l.To] }), err
}

// MissingObjects returns those refs whose objects, or what these lead to, no pack in
// the directories has.
func MissingObjects(refs []PackedRef, dirs ...string) ([]PackedRef, error) {
	wanted := map[plumbing.Hash]bool{}
	for _, r := range refs {
		wanted[r.Hash] = true
		if !r.Peeled.IsZero() {
			wanted[r.Peeled] = true
		}
	}
	err := removePacked(wanted, dirs)
	return slices.DeleteFunc(slices.Clone(refs), func(r PackedRef) bool { return !wanted[r.Hash] && !wanted[r.Peeled] }), err
}

// removePacked removes the objects that packs in the directories have by their
// indexes. One index is held at a time.
func removePacked(wanted map[plumbing.Hash]bool, dirs []string) error {
	for _, dir := range dirs {
		names, err := disk.List(dir, "pack-", ".idx")
		if err != nil {
			return err
		}
		for _, name := range names {
			if len(wanted) == 0 {
				return nil
			}
			data, err := disk.ReadRegular(name, mostIndex)
			if err != nil {
				return err
			}
			x, err := parseIndex(data)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			maps.DeleteFunc(wanted, func(h plumbing.Hash, _ bool) bool {
				_, ok := x.find(h)
				return ok
			})
		}
	}
	return nil
}
