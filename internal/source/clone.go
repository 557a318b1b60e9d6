package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/index"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/patch"
)

// CloneRequest asks for a repository to work in.
type CloneRequest struct {
	// Module is what the repository is wanted for, for messages.
	Module string
	// URL is the clone URL before mirrors.
	URL string
	// Ref is the tag, branch or commit as the config has it, Commit what it
	// led to: that is what is checked out.
	Ref, Commit string
	// Dir is where to; it must not be there yet.
	Dir string
	// Without are files to leave out of the checkout, if there are any.
	Without []string
	// Patches become commits on top of Commit; nil for none.
	Patches *patch.Series
	// Work makes it one whose commits are to become patches: see [OpenWork].
	Work bool
}

// Cloned is a repository to work in.
type Cloned struct {
	Branch  string
	LeftOut []string // of CloneRequest.Without
	Commits int      // that the patches have become
}

// Clone makes a repository with its whole history, a branch at the commit and
// a remote to push to, all without git. The remote "origin" is where it was
// cloned from; where a mirror was, "upstream" is the URL that the config has.
func (c *Client) Clone(ctx context.Context, req CloneRequest) (Cloned, error) {
	var cloned Cloned
	_, err := c.fromAny(ctx, req.URL, func(remote giturl.Remote) (err error) {
		cloned, err = c.cloneFrom(ctx, req, remote)
		return err
	})
	return cloned, err
}

// cloneFrom clones from one of the places of a repository.
func (c *Client) cloneFrom(ctx context.Context, req CloneRequest, remote giturl.Remote) (Cloned, error) {
	parent := filepath.Dir(req.Dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return Cloned{}, err
	}
	disk.Sweep(req.Dir)
	tmp, remove, err := disk.MkdirTemp(req.Dir)
	if err != nil {
		return Cloned{}, err
	}
	defer remove() // in vain once it is renamed
	if err := os.Chmod(tmp, 0o755); err != nil {
		return Cloned{}, err
	}
	refs, err := c.cloneObjects(ctx, req, remote, filepath.Join(tmp, ".git"))
	if err != nil {
		return Cloned{}, err
	}
	cloned, err := c.checkOut(ctx, tmp, req, remote, refs)
	if err != nil {
		return Cloned{}, fmt.Errorf("%s: %w", remote, err)
	}
	return cloned, os.Rename(tmp, req.Dir)
}

// cloneObjects fills gitDir with all that the branches and tags reach.
func (c *Client) cloneObjects(ctx context.Context, req CloneRequest, remote giturl.Remote, gitDir string) (*Refs, error) {
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if err != nil {
			return nil, err
		}
		repo.mu.Lock()
		defer repo.mu.Unlock()
		refs := refsFromStorage(repo.st)
		return refs, gitconn.At(remote, gitpack.Copy(gitpack.CommonDir(repo.st.Filesystem().Root()), gitDir, c.limits.Pack))
	}
	if c.offline {
		return nil, &OfflineError{Module: req.Module, Ref: "the history of " + req.Ref, URL: req.URL}
	}
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	c.sink.Send(event.Event{Kind: event.FetchStart, Module: req.Module, Ref: req.Ref})
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return nil, err
	}
	defer sess.Close()
	refs := refsFromAdvertisement(adv)
	get := &download{client: c, module: req.Module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refs}
	if err := get.pack(ctx, gitDir, get.tips(), nil); err != nil {
		return nil, err
	}
	c.sink.Send(event.Event{Kind: event.FetchDone, Module: req.Module, Ref: req.Ref, Commit: req.Commit, URL: remote.String(), Bytes: get.bytes})
	return refs, nil
}

// checkOut gives the repository in dir/.git its refs, remote and branch, and
// writes the files.
func (c *Client) checkOut(ctx context.Context, dir string, req CloneRequest, remote giturl.Remote, refs *Refs) (Cloned, error) {
	gitDir := filepath.Join(dir, ".git")
	branch := workBranch(req, refs)
	cfg := config.NewConfig()
	cfg.Core.IsBare = false
	cfg.Remotes["origin"] = &config.RemoteConfig{Name: "origin", URLs: []string{remote.String()}}
	if upstream, err := giturl.Parse(req.URL); err == nil && upstream.String() != remote.String() {
		cfg.Remotes["upstream"] = &config.RemoteConfig{Name: "upstream", URLs: []string{upstream.String()}}
	}
	for _, r := range cfg.Remotes {
		r.Fetch = []config.RefSpec{config.RefSpec("+refs/heads/*:refs/remotes/" + r.Name + "/*")}
	}
	if _, ok := refs.Branch(branch); ok {
		cfg.Branches[branch] = &config.Branch{Name: branch, Remote: "origin", Merge: plumbing.NewBranchReferenceName(branch)}
	} else { // a plain `git push` is to work for the new branch too
		cfg.Raw.SetOption("push", "", "autoSetupRemote", "true")
	}
	text, err := cfg.Marshal()
	if err != nil {
		return Cloned{}, err
	}
	if err := os.WriteFile(filepath.Join(gitDir, "config"), text, 0o644); err != nil {
		return Cloned{}, err
	}
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return Cloned{}, err
	}
	for _, ref := range append(refs.Branches(), refs.Tags()...) {
		name := plumbing.ReferenceName(ref.Name)
		if name.IsBranch() {
			name = plumbing.NewRemoteReferenceName("origin", ref.Short())
		}
		if err := repo.Storer.SetReference(plumbing.NewHashReference(name, plumbing.NewHash(ref.object))); err != nil {
			return Cloned{}, err
		}
	}
	tree, err := repo.Worktree()
	if err != nil {
		return Cloned{}, err
	}
	if err := ctx.Err(); err != nil {
		return Cloned{}, context.Cause(ctx)
	}
	head, commits, err := c.commitPatches(repo, req.URL, req.Commit, req.Patches)
	if err != nil {
		return Cloned{}, err
	}
	if req.Work {
		if err := repo.Storer.SetReference(plumbing.NewHashReference(refBase, plumbing.NewHash(req.Commit))); err != nil {
			return Cloned{}, err
		}
	}
	if err := tree.Checkout(&git.CheckoutOptions{Hash: head, Branch: plumbing.NewBranchReferenceName(branch), Create: true}); err != nil {
		return Cloned{}, err
	}
	left, err := leaveOut(repo, tree, req.Without)
	return Cloned{branch, left, commits}, err
}

// leaveOut removes files of a checkout so that git does not miss them: its index
// marks them as git update-index --skip-worktree does. It returns those that there
// were.
func leaveOut(repo *git.Repository, tree *git.Worktree, files []string) (left []string, err error) {
	idx, err := repo.Storer.Index()
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		entry, err := idx.Entry(name)
		if errors.Is(err, index.ErrEntryNotFound) {
			continue
		}
		if err == nil {
			err = tree.Filesystem.Remove(name)
		}
		if err != nil {
			return nil, err
		}
		const withMarks = 3 // the oldest version of the file that has them
		entry.SkipWorktree, idx.Version = true, withMarks
		left = append(left, name)
	}
	return left, repo.Storer.SetIndex(idx)
}

// workBranch is the branch that the config names, else one that is called
// after the tag or commit that it begins at.
func workBranch(req CloneRequest, refs *Refs) string {
	if ref, ok := refs.Branch(req.Ref); ok && ref.Commit == req.Commit {
		return req.Ref
	}
	if strings.HasPrefix(req.Commit, req.Ref) {
		return "from-" + req.Commit[:12]
	}
	return "from-" + strings.ReplaceAll(req.Ref, "/", "-")
}
