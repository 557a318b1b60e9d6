package source

import (
	"context"
	"errors"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// Between is what lies between two commits of a repository.
type Between struct {
	// Commits is how many the second has in its history, itself included, that
	// the first has not.
	Commits int
	// Tags are those on these commits, sorted by name.
	Tags []string
	// Apart says that the first is not in the second's history: a branch was
	// rewritten, or the refs have nothing to do with each other.
	Apart bool
}

// Between tells what lies between a commit and another. f is the second; old
// may be one that the repository no longer has.
func (c *Client) Between(ctx context.Context, f Found, old string) (Between, error) {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return Between{}, err
	}
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if err != nil {
			return Between{}, err
		}
		repo.mu.Lock()
		defer repo.mu.Unlock()
		return between(ctx, repo.st, refsFromStorage(repo.st), old, f.Commit)
	}
	if c.offline {
		return Between{}, &OfflineError{Module: f.module, Ref: f.Commit, URL: f.URL}
	}
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return Between{}, err
	}
	defer release()
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return Between{}, err
	}
	defer sess.Close()
	get := &download{client: c, module: f.module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refsFromAdvertisement(adv)}
	dir, remove, err := c.store.TempDir()
	if err != nil {
		return Between{}, err
	}
	defer remove()
	if err := get.pack(ctx, dir, get.tips(), get.commitsOnly); err != nil {
		return Between{}, err
	}
	st := gitpack.Open(dir)
	defer st.Close()
	return between(ctx, st, get.refs, old, f.Commit)
}

// between walks both histories.
func between(ctx context.Context, st *gitpack.Storage, refs *Refs, old, now string) (Between, error) {
	before, err := ancestors(ctx, st, plumbing.NewHash(old))
	if err != nil {
		return Between{}, err
	}
	since, err := ancestors(ctx, st, plumbing.NewHash(now))
	if err != nil {
		return Between{}, err
	}
	b := Between{Apart: !since[plumbing.NewHash(old)]}
	for h := range before {
		delete(since, h)
	}
	b.Commits = len(since)
	for _, ref := range refs.Tags() {
		h, err := peel(st, plumbing.NewHash(ref.Commit))
		if err == nil && since[h] {
			b.Tags = append(b.Tags, ref.Short())
		}
	}
	sort.Strings(b.Tags)
	return b, nil
}

// ancestors returns a commit and all before it that the repository has.
func ancestors(ctx context.Context, st storer.EncodedObjectStorer, from plumbing.Hash) (map[plumbing.Hash]bool, error) {
	seen := map[plumbing.Hash]bool{}
	todo := []plumbing.Hash{from}
	for len(todo) > 0 {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[h] {
			continue
		}
		obj, err := object.GetCommit(st, h)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			continue // the edge of a shallow repository
		}
		if err != nil {
			return nil, err
		}
		seen[h] = true
		todo = append(todo, obj.ParentHashes...)
	}
	return seen, nil
}

// Has reports whether the module in folder of a commit can be had without
// asking a server.
func (c *Client) Has(repoURL, commit, folder string) bool {
	for _, candidate := range c.conns.Candidates(repoURL) {
		remote, err := giturl.Parse(candidate)
		if err != nil {
			continue
		}
		if !remote.Local() {
			_, known := c.store.CommitTime(commit)
			if known && (disk.IsDir(c.store.TreeDir(store.Tree{Commit: commit, Folder: folder})) || disk.IsDir(c.store.GitDir(commit))) {
				return true
			}
			continue
		}
		if repo, err := c.openLocal(remote); err == nil {
			repo.mu.Lock()
			_, err := object.GetCommit(repo.st, plumbing.NewHash(commit))
			repo.mu.Unlock()
			if err == nil {
				return true
			}
		}
	}
	return false
}
