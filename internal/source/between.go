package source

import (
	"context"
	"slices"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// Between is what lies between two commits of a repository.
type Between struct {
	// Commits are those that the second has in its history, itself included,
	// and the first has not, the newest first.
	Commits []Commit
	// Tags are those on these commits, sorted by name.
	Tags []string
	// Apart says that the first is not in the second's history: a branch was
	// rewritten, or the refs have nothing to do with each other.
	Apart bool
}

// Between tells what lies between a commit and another. f is the second; old
// may be one that the repository no longer has. Of a server, only what lies
// between is asked for, without files where it can leave them out.
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
	if err := get.since(ctx, dir, f.Commit, old); err != nil {
		return Between{}, err
	}
	st := gitpack.Open(dir)
	defer st.Close()
	return between(ctx, st, get.refs, old, f.Commit)
}

// since fetches the ancestors of a commit that another does not have. Where old is
// no ancestor, or is gone, these are more, or all.
func (d *download) since(ctx context.Context, dir, commit, old string) error {
	behind := func(req *packp.UploadPackRequest) {
		d.commitsOnly(req)
		req.Haves = []plumbing.Hash{plumbing.NewHash(old)}
	}
	want, direct := d.wantFor(commit)
	if direct {
		err := d.pack(ctx, dir, []string{want}, behind)
		if err == nil || !isRefusedWant(err) {
			return err
		}
	}
	return d.pack(ctx, dir, d.tips(), d.commitsOnly)
}

// between walks the second history as far as the first does not have it. Either
// may end where a server has left out what both have.
func between(ctx context.Context, st *gitpack.Storage, refs *Refs, old, now string) (Between, error) {
	before, _, err := historyOf(ctx, st, old)
	if err != nil {
		return Between{}, err
	}
	since, _, err := historyOf(ctx, st, now)
	if err != nil {
		return Between{}, err
	}
	first := plumbing.NewHash(old)
	b := Between{Apart: old != now, Commits: without(since, before)}
	for _, c := range since {
		b.Apart = b.Apart && c.Hash != first && !slices.Contains(c.ParentHashes, first)
	}
	for _, ref := range refs.Tags() {
		h, err := peel(st, plumbing.NewHash(ref.Commit))
		if err == nil && since[h] != nil && before[h] == nil {
			b.Tags = append(b.Tags, ref.Short())
		}
	}
	sort.Strings(b.Tags)
	return b, nil
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
