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

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
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
}

// Clone makes a repository with its whole history, a branch at the commit and
// a remote to push to, all without git. It returns the branch's name. The
// remote "origin" is where it was cloned from; where a mirror was, "upstream"
// is the URL that the config has.
func (c *Client) Clone(ctx context.Context, req CloneRequest) (string, error) {
	var failed []error
	for _, candidate := range c.conns.Candidates(req.URL) {
		remote, err := gitconn.ParseRemote(candidate)
		if err == nil {
			var branch string
			if branch, err = c.cloneFrom(ctx, req, remote); err == nil {
				return branch, nil
			}
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		failed = append(failed, err)
	}
	return "", errors.Join(failed...)
}

// cloneFrom clones from one of the places of a repository.
func (c *Client) cloneFrom(ctx context.Context, req CloneRequest, remote gitconn.Remote) (string, error) {
	parent := filepath.Dir(req.Dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	disk.Sweep(req.Dir)
	tmp, remove, err := disk.MkdirTemp(req.Dir)
	if err != nil {
		return "", err
	}
	defer remove() // in vain once it is renamed
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	refs, err := c.cloneObjects(ctx, req, remote, filepath.Join(tmp, ".git"))
	if err != nil {
		return "", err
	}
	branch, err := checkOut(ctx, tmp, req, remote, refs)
	if err != nil {
		return "", fmt.Errorf("%s: %w", remote, err)
	}
	return branch, os.Rename(tmp, req.Dir)
}

// cloneObjects fills gitDir with all that the branches and tags reach.
func (c *Client) cloneObjects(ctx context.Context, req CloneRequest, remote gitconn.Remote, gitDir string) (*Refs, error) {
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
func checkOut(ctx context.Context, dir string, req CloneRequest, remote gitconn.Remote, refs *Refs) (string, error) {
	gitDir := filepath.Join(dir, ".git")
	branch := workBranch(req, refs)
	cfg := config.NewConfig()
	cfg.Core.IsBare = false
	cfg.Remotes["origin"] = &config.RemoteConfig{Name: "origin", URLs: []string{remote.String()}}
	if upstream, err := gitconn.ParseRemote(req.URL); err == nil && upstream.String() != remote.String() {
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
		return "", err
	}
	if err := os.WriteFile(filepath.Join(gitDir, "config"), text, 0o644); err != nil {
		return "", err
	}
	repo, err := git.PlainOpen(dir)
	if err != nil {
		return "", err
	}
	for _, ref := range append(refs.Branches(), refs.Tags()...) {
		name := plumbing.ReferenceName(ref.Name)
		if name.IsBranch() {
			name = plumbing.NewRemoteReferenceName("origin", ref.Short())
		}
		if err := repo.Storer.SetReference(plumbing.NewHashReference(name, plumbing.NewHash(ref.object))); err != nil {
			return "", err
		}
	}
	tree, err := repo.Worktree()
	if err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", context.Cause(ctx)
	}
	return branch, tree.Checkout(&git.CheckoutOptions{Hash: plumbing.NewHash(req.Commit), Branch: plumbing.NewBranchReferenceName(branch), Create: true})
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
