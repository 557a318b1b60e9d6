package source

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/store"
)

// localRepo is a repository at a path of this machine. It is opened and read
// in place: git's file:// would run the git-upload-pack program, which need
// not be there.
type localRepo struct {
	mu sync.Mutex // go-git's storage is not safe for concurrent reads
	st *gitpack.Storage
}

// openLocal opens PATH or, as git does, PATH.git.
func (c *Client) openLocal(remote giturl.Remote) (*localRepo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.local[remote.Path]; r != nil {
		return r, nil
	}
	for _, p := range []string{remote.Path, remote.Path + ".git"} {
		st, err := gitpack.OpenFolder(p, c.limits)
		if err != nil {
			return nil, gitconn.At(giturl.Remote{Scheme: "file", Path: p}, err)
		}
		if st != nil {
			r := &localRepo{st: st}
			c.local[remote.Path] = r
			return r, nil
		}
	}
	e := &gitconn.NoRepositoryError{URL: remote.String()}
	if gone := disk.Missing(filepath.Dir(filepath.Dir(remote.Path))); len(gone) > 0 {
		e.Missing = gone[len(gone)-1] // the first on the way to a folder of mirrors
	}
	return nil, e
}

// findLocal chooses from a local repository's refs as they are now: they cost
// nothing to read, and a developer moves them.
func (c *Client) findLocal(req Request, remote giturl.Remote) (found Found, err error) {
	defer func() {
		if e, ok := errors.AsType[*gitpack.UnreadableError](err); ok {
			err = &modfiles.DamagedError{Where: remote.String(), Err: fmt.Errorf("object %s: %w", e.Hash, e)}
		}
	}()
	repo, err := c.openLocal(remote)
	if err != nil {
		return Found{}, err
	}
	repo.mu.Lock()
	defer repo.mu.Unlock()
	ref, moved, err := c.choose(req, refsFromStorage(repo.st), remote, repo)
	if err != nil {
		return Found{}, err
	}
	if ref, err = repo.settle(c.store, ref, remote); err != nil {
		return Found{}, err
	}
	found = Found{Commit: ref.Commit, Moved: moved}
	if tag, ok := strings.CutPrefix(ref.Name, tagPrefix); ok {
		found.Tag = tag
	}
	if at := c.place(remote); found.Tag != "" && req.Locked == "" && at.URL != req.URL && c.store.Said(req.URL, found.Tag, at) != ref.Commit {
		// It is asked anew each time; this is for those who ask another place.
		if err := c.store.PutSaid(req.URL, found.Tag, at, ref.Commit); err != nil {
			return Found{}, err
		}
	}
	if t, ok := c.store.CommitTime(ref.Commit); ok && (moved == nil || c.store.HasTree(ref.Commit)) {
		found.Time = t
		return found, nil
	}
	obj, err := object.GetCommit(repo.st, plumbing.NewHash(ref.Commit))
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return Found{}, &NoCommitError{Commit: ref.Commit, URL: remote.String(), moved: moved}
	}
	if err != nil {
		return Found{}, fmt.Errorf("%s: commit %s: %w", remote, ref.Commit, err)
	}
	found.Time = obj.Committer.When.UTC()
	c.fetched.Store(found.Commit, true)
	c.sink.Send(event.Event{Kind: event.FetchDone, Module: req.Module, Ref: req.Ref, Why: req.Why, Commit: found.Commit, URL: remote.String()})
	return found, c.store.PutCommit(found.Commit, found.Time)
}

// settle makes ref name a whole commit: it completes an abbreviated hash and
// follows an annotated tag.
func (r *localRepo) settle(known *store.Store, ref Ref, remote giturl.Remote) (Ref, error) {
	if !store.IsHash(ref.Commit) {
		full, err := completeIn(r.st, ref.Commit, remote)
		ref.Commit = full
		return ref, err
	}
	if ref.Name == "" {
		return ref, nil
	}
	if _, ok := known.CommitTime(ref.Commit); ok {
		return ref, nil
	}
	if commit, ok := known.Peeled(ref.Commit); ok {
		ref.Commit = commit
		return ref, nil
	}
	commit, err := peel(r.st, plumbing.NewHash(ref.Commit))
	if err != nil {
		return ref, fmt.Errorf("%s: %s: %w", remote, ref.Short(), err)
	}
	if commit.String() != ref.Commit {
		if err := known.PutPeeled(ref.Commit, commit.String()); err != nil {
			return ref, err
		}
		ref.Commit = commit.String()
	}
	return ref, nil
}
