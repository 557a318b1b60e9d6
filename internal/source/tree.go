package source

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/modfiles"
)

// Tree returns a directory that holds the module in folder of f's commit: the
// files that golang.org/x/mod/zip would put into its module zip, so without
// nested modules, vendored packages and symbolic links, and with the
// repository's LICENSE where the folder has none of its own, as the go
// command adds it. The directory is shared and must not be written to. With
// f.NoGoMod, the root need have no go.mod. f.Patches are applied to the whole
// repository, and the module's files chosen from what comes of it.
func (c *Client) Tree(ctx context.Context, f Found, folder string) (string, error) {
	dst := c.store.TreeDir(f.tree(folder))
	if c.store.GoodGoMod(f.tree(folder), f.NoGoMod) {
		return dst, nil
	}
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return "", err
	}
	if err := c.healing(ctx, f, remote, func() error { return c.writeTree(ctx, f, remote, folder) }); err != nil {
		return "", err
	}
	return c.store.OwnTree(f.tree(folder)), nil
}

// healing does something with f's objects. Where the store's are damaged, they
// are fetched again and it is done again.
func (c *Client) healing(ctx context.Context, f Found, remote giturl.Remote, do func() error) error {
	err := do()
	damaged, ok := errors.AsType[*modfiles.DamagedError](err)
	if !ok || remote.Local() || c.exported != "" {
		return err
	}
	if c.offline {
		damaged.Where, damaged.Offline = c.store.GitDir(f.Commit), true
		return err
	}
	if err := c.store.Discard(c.store.GitDir(f.Commit)); err != nil {
		return err
	}
	return do()
}

// writeTree puts a tree into the store, in the place of one that is damaged.
func (c *Client) writeTree(ctx context.Context, f Found, remote giturl.Remote, folder string) error {
	st, remote, done, err := c.objects(ctx, f, remote)
	if err != nil {
		return err
	}
	defer done()
	_, known := st.(*memory.Storage) // of which the hashes were just worked out
	m := c.module(st, f, remote)
	m.Trusted, m.Partial = m.Trusted || known, c.exported != ""
	if m, err = c.patched(m, f); err != nil {
		return err
	}
	dst := c.store.OwnTree(f.tree(folder)) // never into a shared store
	return c.store.Publish(dst, func(dir string) error {
		sums, err := m.Write(ctx, dir, folder)
		if err != nil {
			return err
		}
		// Before the tree is in its place: who finds it finds them.
		if err := c.store.PutSums(sums, f.tree(folder)); err != nil {
			return err
		}
		c.wrote.Store(dst, sums)
		if disk.IsDir(dst) && !c.store.GoodGoMod(f.tree(folder), f.NoGoMod) { // and nobody was first
			return c.store.Discard(dst)
		}
		return nil
	})
}

// module reads f's modules out of a repository's objects.
func (c *Client) module(st storer.EncodedObjectStorer, f Found, remote giturl.Remote) *modfiles.Module {
	return &modfiles.Module{Objects: st, URL: remote.String(), Commit: f.Commit, Limits: c.limits, Trusted: c.proven(f, remote), NoGoMod: f.NoGoMod}
}

// objects opens a repository that has f's commit: remote's, or else that of another
// of its places, which it returns. Who found f in the store may have asked none.
func (c *Client) objects(ctx context.Context, f Found, remote giturl.Remote) (st storer.EncodedObjectStorer, at giturl.Remote, done func(), err error) {
	if c.exported != "" {
		st, done := gitpack.OpenObjects(filepath.Join(c.exported, f.Commit))
		return st, remote, done, nil
	}
	missing := func(at giturl.Remote) (err error) {
		st, done, err = c.objectsAt(ctx, f, at)
		if err == nil {
			if _, err = st.EncodedObject(plumbing.CommitObject, plumbing.NewHash(f.Commit)); err != nil {
				done()
			}
		}
		return err
	}
	first := missing(remote)
	if first == nil || ctx.Err() != nil {
		return st, remote, done, first
	}
	if _, err := c.fromAny(ctx, f.URL, func(other giturl.Remote) error {
		if at = other; other == remote {
			return first
		}
		return missing(other)
	}); err == nil {
		return st, at, done, nil
	}
	st, done, err = c.objectsAt(ctx, f, remote) // whoever reads it says what it lacks
	return st, remote, done, err
}

// objectsAt opens the repository at one place, and fetches the commit again where
// the store has lost it. One from the store is as it was written.
func (c *Client) objectsAt(ctx context.Context, f Found, remote giturl.Remote) (storer.EncodedObjectStorer, func(), error) {
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if err != nil {
			return nil, nil, err
		}
		repo.mu.Lock()
		return repo.st, func() { repo.st.DropBases(); repo.mu.Unlock() }, nil
	}
	if st, ok := c.objectsOf.LoadAndDelete(f.Commit); ok {
		return st.(storer.EncodedObjectStorer), func() {}, nil
	}
	dir := c.store.GitDir(f.Commit)
	if !disk.IsDir(dir) {
		if err := c.refetch(ctx, f, remote); err != nil {
			return nil, nil, err
		}
	}
	if err := gitpack.Check(dir); err != nil {
		return nil, nil, &modfiles.DamagedError{Where: dir, Err: err}
	}
	st, done := gitpack.OpenObjects(dir)
	return st, done, nil
}

// refetch gets a commit that the store knows of but no longer has.
func (c *Client) refetch(ctx context.Context, f Found, remote giturl.Remote) error {
	if c.offline {
		return &OfflineError{Module: f.module, Ref: f.Commit, URL: f.URL}
	}
	unlock, err := c.hold(ctx, c.place(remote))
	if err != nil {
		return err
	}
	defer unlock()
	if disk.IsDir(c.store.GitDir(f.Commit)) {
		return nil
	}
	_, err = c.fetch(ctx, Request{Module: f.module, URL: f.URL, Ref: f.Commit, Choose: func(refs *Refs) (Ref, error) {
		if ref, ok := refs.Tag(f.Tag); ok && ref.Commit == f.Commit {
			return ref, nil
		}
		return Ref{Commit: f.Commit}, nil
	}}, remote)
	return err
}

// proven reports whether f's objects were compared with their names already, which
// is done when this store takes them.
func (c *Client) proven(f Found, remote giturl.Remote) bool {
	return !remote.Local() && c.exported == "" && !c.store.IsShared(c.store.GitDir(f.Commit))
}

// Refers looks for a submodule or a symbolic link on the way to a path of f's
// repository, and returns where it is.
func (c *Client) Refers(ctx context.Context, f Found, p string) (at string, kind modfiles.Reference, err error) {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return "", "", err
	}
	st, remote, done, err := c.objects(ctx, f, remote)
	if err != nil {
		return "", "", err
	}
	defer done()
	return c.module(st, f, remote).Refers(p)
}
