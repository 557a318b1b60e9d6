package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/vxlite/vxlite/internal/event"
)

// localRepo is a repository at a path of this machine. It is opened and read
// in place: git's file:// would run the git-upload-pack program, which need
// not be there.
type localRepo struct {
	mu sync.Mutex // go-git's storage is not safe for concurrent reads
	st *packStorage
}

// NoRepositoryError is a URL with no repository behind it.
type NoRepositoryError struct {
	URL string
	// Server is what the server said, if it was a server.
	Server string
}

// Error implements error.
func (e *NoRepositoryError) Error() string {
	if e.Server != "" {
		return fmt.Sprintf("no repository at %s: the server says: %s", e.URL, e.Server)
	}
	return fmt.Sprintf("no repository at %s", e.URL)
}

// Hints says what to look at.
func (e *NoRepositoryError) Hints() []string {
	if filepath.IsAbs(e.URL) {
		return []string{"neither the path nor the path with .git is a git repository"}
	}
	return []string{"check the URL; a server may also hide what the credentials may not see"}
}

// openLocal opens PATH or, as git does, PATH.git.
func (c *Client) openLocal(remote Remote) (*localRepo, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.local[remote.Path]; r != nil {
		return r, nil
	}
	for _, p := range []string{remote.Path, remote.Path + ".git"} {
		st, err := openPath(p, c.limits.Object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		if st != nil {
			r := &localRepo{st: st}
			c.local[remote.Path] = r
			return r, nil
		}
	}
	return nil, &NoRepositoryError{URL: remote.String()}
}

// openPath opens a bare repository or a work tree's, of which an object may have
// most bytes. It returns nil where there is neither.
func openPath(dir string, most int64) (*packStorage, error) {
	switch {
	case fileExists(filepath.Join(dir, ".git")):
		repo, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
		if err != nil {
			return nil, err
		}
		st, ok := repo.Storer.(*filesystem.Storage)
		if !ok {
			return nil, errors.New("not a repository in the file system")
		}
		return openGitDir(st.Filesystem(), most), nil
	case fileExists(filepath.Join(dir, "HEAD")) && isDir(filepath.Join(dir, "objects")):
		return openGitDir(osfs.New(dir), most), nil
	}
	return nil, nil
}

func openGitDir(dir billy.Filesystem, most int64) *packStorage {
	st := filesystem.NewStorageWithOptions(dir, cache.NewObjectLRUDefault(), filesystem.Options{ExclusiveAccess: true})
	return openObjectDirs(commonDir(dir.Root()), most, st)
}

// commonDir is where the objects are of a work tree that shares another's
// repository: see gitrepository-layout(5).
func commonDir(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, "commondir"))
	if err != nil {
		return dir
	}
	common := strings.TrimSpace(string(b))
	if filepath.IsAbs(common) {
		return common
	}
	return filepath.Join(dir, common)
}

// findLocal chooses from a local repository's refs as they are now: they cost
// nothing to read, and a developer moves them.
func (c *Client) findLocal(req Request, remote Remote) (Found, error) {
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
	found := Found{Commit: ref.Commit, Moved: moved}
	if tag, ok := strings.CutPrefix(ref.Name, tagPrefix); ok {
		found.Tag = tag
	}
	if t, ok := c.store.commitTime(ref.Commit); ok && (moved == nil || c.store.hasTree(ref.Commit)) {
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
	c.came.Store(found.Commit, true)
	c.sink.Send(event.Event{Kind: event.FetchDone, Module: req.Module, Ref: req.Ref, Commit: found.Commit, URL: remote.String()})
	return found, c.store.putCommit(found.Commit, found.Time)
}

// settle makes ref name a whole commit: it completes an abbreviated hash and
// follows an annotated tag.
func (r *localRepo) settle(store *Store, ref Ref, remote Remote) (Ref, error) {
	if !isFullHash(ref.Commit) {
		full, err := completeIn(r.st, ref.Commit, remote)
		ref.Commit = full
		return ref, err
	}
	if ref.Name == "" {
		return ref, nil
	}
	if _, ok := store.commitTime(ref.Commit); ok {
		return ref, nil
	}
	if commit, ok := store.peeled(ref.Commit); ok {
		ref.Commit = commit
		return ref, nil
	}
	commit, err := peel(r.st, plumbing.NewHash(ref.Commit))
	if err != nil {
		return ref, fmt.Errorf("%s: %s: %w", remote, ref.Short(), err)
	}
	if commit.String() != ref.Commit {
		if err := store.putPeeled(ref.Commit, commit.String()); err != nil {
			return ref, err
		}
		ref.Commit = commit.String()
	}
	return ref, nil
}
