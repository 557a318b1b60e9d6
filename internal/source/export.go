package source

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/klauspost/compress/zlib"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/store"
)

// Exported is a module of a commit, and the patches that it gets; nil for none.
type Exported struct {
	Folder  string
	Patches *patch.Series
}

// Export makes dir a bare repository of f's commit that holds what taking these
// modules out of it needs, before and after their patches, and nothing else: no history, no nested
// modules, no files that a module zip leaves out. The same commit and folders
// give the same bytes, wherever the objects come from.
//
// git can read it too, as a shallow repository whose branch main is the
// commit, as far as its objects go.
func (c *Client) Export(ctx context.Context, f Found, of []Exported, dir string) error {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return err
	}
	return c.healing(ctx, f, remote, func() error { return c.export(ctx, f, remote, of, dir) })
}

func (c *Client) export(ctx context.Context, f Found, remote giturl.Remote, of []Exported, dir string) error {
	st, remote, done, err := c.objects(ctx, f, remote)
	if err != nil {
		return err
	}
	defer done()
	needed := &recorder{EncodedObjectStorer: st, seen: map[plumbing.Hash]plumbing.ObjectType{}}
	for _, e := range of {
		// To be asked for is all that they are read for.
		if err := c.module(needed, f, remote).Touch(ctx, e.Folder); err != nil {
			return err
		}
		if e.Patches == nil {
			continue
		}
		f.Patches = e.Patches
		m, err := c.patched(c.module(needed, f, remote), f)
		if err != nil {
			return err
		}
		if err := m.Touch(ctx, e.Folder); err != nil {
			return err
		}
	}
	if err := needed.write(dir, plumbing.NewHash(f.Commit), c.limits); err != nil {
		return fmt.Errorf("%s at %.12s: %w", remote, f.Commit, err)
	}
	return nil
}

// recorder notes which objects are asked for: what extracting a module reads
// is what extracting it again will need.
type recorder struct {
	storer.EncodedObjectStorer
	mu   sync.Mutex
	seen map[plumbing.Hash]plumbing.ObjectType
}

// EncodedObject implements storer.EncodedObjectStorer.
func (r *recorder) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	obj, err := r.EncodedObjectStorer.EncodedObject(t, h)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen[h] = obj.Type()
	}
	return obj, err
}

// write makes dir a bare repository of what was asked for.
func (r *recorder) write(dir string, commit plumbing.Hash, limits config.Limits) error {
	pack, end := streamed(r.pack)
	_, err := gitpack.WriteRepo(dir, pack, []plumbing.Hash{commit}, limits)
	if err = cmp.Or(end(), err); err != nil {
		return err
	}
	// A branch, since empty directories are not carried and git wants refs.
	return os.WriteFile(filepath.Join(dir, "refs", "heads", "main"), []byte(commit.String()+"\n"), 0o644)
}

// sorted orders the objects: commits, trees, blobs, and by hash within.
func (r *recorder) sorted() []plumbing.Hash {
	all := make([]plumbing.Hash, 0, len(r.seen))
	for h := range r.seen {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b plumbing.Hash) int {
		return cmp.Or(cmp.Compare(r.seen[a], r.seen[b]), bytes.Compare(a[:], b[:]))
	})
	return all
}

// pack writes the objects as a pack without deltas. Which deltas there are is
// otherwise left to whoever packs; without any, the order and the compression
// decide over the bytes, and these are fixed here. See gitformat-pack(5).
func (r *recorder) pack(w io.Writer) error {
	sum := sha1.New()
	out := io.MultiWriter(w, sum)
	head := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(r.seen)))
	if _, err := out.Write(head); err != nil {
		return err
	}
	z := zlib.NewWriter(nil)
	for _, h := range r.sorted() {
		obj, err := r.EncodedObjectStorer.EncodedObject(r.seen[h], h)
		if err != nil {
			return err
		}
		if err := gitpack.WriteEntry(out, z, obj); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// findExported answers a request from what Export wrote, which has commits and
// no refs: whoever asks knows the commit from a lock.
func (c *Client) findExported(req Request) (Found, error) {
	commit := cmp.Or(req.Locked, req.Commit)
	dir := filepath.Join(c.exported, commit)
	if !store.IsHash(commit) || !disk.IsDir(dir) {
		return Found{}, &NotExportedError{Ref: req.Ref, Commit: commit}
	}
	st, done := gitpack.OpenObjects(dir)
	defer done()
	obj, err := object.GetCommit(st, plumbing.NewHash(commit))
	if err != nil {
		return Found{}, fmt.Errorf("%s: commit %s: %w", dir, commit, err)
	}
	return Found{Commit: commit, Time: obj.Committer.When.UTC(), URL: req.URL, From: req.URL, module: req.Module}, nil
}

// NotExportedError is a commit that is not among the exported ones.
type NotExportedError struct{ Ref, Commit string }

// Error implements error.
func (e *NotExportedError) Error() string {
	at := e.Ref
	if e.Commit != "" {
		at += fmt.Sprintf(" (%.12s)", e.Commit)
	}
	return at + " is not among the vendored commits"
}
