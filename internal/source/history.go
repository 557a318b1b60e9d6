package source

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
)

// complete finds the one commit whose hash begins with prefix: among what the
// server names, else in the history of all its branches and tags.
func (d *download) complete(ctx context.Context, prefix string) (string, error) {
	if full := d.refs.complete(prefix); len(full) > 0 {
		return onlyOne(prefix, full, d.remote)
	}
	dir, remove, err := d.client.store.TempDir()
	if err != nil {
		return "", err
	}
	defer remove()
	if err := d.pack(ctx, dir, d.tips(), d.commitsOnly); err != nil {
		return "", err
	}
	st := gitpack.Open(dir)
	defer st.Close()
	return completeIn(st, prefix, d.remote)
}

// complete returns the advertised commits that begin with prefix, sorted.
func (r *Refs) complete(prefix string) []string {
	seen := map[string]bool{}
	for _, ref := range r.list() {
		if strings.HasPrefix(ref.Commit, prefix) {
			seen[ref.Commit] = true
		}
	}
	if head := r.Head().Commit; strings.HasPrefix(head, prefix) && head != "" {
		seen[head] = true
	}
	out := make([]string, 0, len(seen))
	for h := range seen {
		out = append(out, h)
	}
	sort.Strings(out)
	return out
}

// completeIn looks in a repository's objects.
func completeIn(st *gitpack.Storage, prefix string, remote giturl.Remote) (string, error) {
	raw, err := hex.DecodeString(prefix[:len(prefix)&^1])
	if err != nil {
		return "", err
	}
	if len(raw) == 0 { // a default branch without a commit
		return onlyOne(prefix, nil, remote)
	}
	hashes, err := st.HashesWithPrefix(raw)
	if err != nil {
		return "", err
	}
	var full []string
	for _, h := range hashes {
		if !strings.HasPrefix(h.String(), prefix) {
			continue
		}
		if _, err := st.EncodedObject(plumbing.CommitObject, h); err == nil {
			full = append(full, h.String())
		}
	}
	sort.Strings(full)
	return onlyOne(prefix, full, remote)
}

func onlyOne(prefix string, full []string, remote giturl.Remote) (string, error) {
	switch len(full) {
	case 0:
		return "", &NoCommitError{Commit: prefix, URL: remote.String()}
	case 1:
		return full[0], nil
	}
	return "", fmt.Errorf("%s has %d commits that begin with %s: %s", remote, len(full), prefix, brief.List(full, 10))
}

// Tagged is a tag on a commit or on one of its ancestors.
type Tagged struct {
	Tag  string
	Here bool // on the commit itself
}

// Reachable returns those of the repository's tags that f's commit has among
// its ancestors or is itself, sorted. Only tags that interesting reports are
// looked for; where the repository has none of them, no history is fetched.
// cut says that not all ancestors could be had, so that there may be more tags:
// the repository is shallow, or no branch leads to the commit any more and the
// server does not give it.
func (c *Client) Reachable(ctx context.Context, f Found, interesting func(tag string) bool) (tags []Tagged, cut bool, err error) {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return nil, false, err
	}
	if remote.Local() {
		repo, err := c.openLocal(remote)
		if err != nil {
			return nil, false, err
		}
		repo.mu.Lock()
		defer repo.mu.Unlock()
		wanted := refsFromStorage(repo.st).wanted(interesting)
		if len(wanted) == 0 {
			edge, err := repo.st.Shallow() // a shallow clone has few tags, or none
			return nil, len(edge) > 0, err
		}
		return reachable(ctx, repo.st, f.Commit, wanted)
	}
	return c.reachableRemote(ctx, f, remote, interesting)
}

// reachableRemote fetches the commits behind f, without their files where the
// server can leave them out.
func (c *Client) reachableRemote(ctx context.Context, f Found, remote giturl.Remote, interesting func(string) bool) (tags []Tagged, cut bool, err error) {
	if c.offline {
		return nil, false, &OfflineError{Module: f.module, Ref: f.Commit, URL: f.URL}
	}
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return nil, false, err
	}
	defer release()
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return nil, false, err
	}
	defer sess.Close()
	refs := refsFromAdvertisement(adv)
	wanted := refs.wanted(interesting)
	if len(wanted) == 0 {
		return nil, false, nil
	}
	get := &download{client: c, module: f.module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refs}
	dir, remove, err := c.store.TempDir()
	if err != nil {
		return nil, false, err
	}
	defer remove()
	if err := get.history(ctx, dir, f.Commit); err != nil {
		return nil, false, err
	}
	st := gitpack.Open(dir)
	defer st.Close()
	return reachable(ctx, st, f.Commit, wanted)
}

// history fetches the ancestors of a commit: by its own name where the server
// takes that, as the go command does, since there need not be a branch that
// leads to it; else those of all branches and tags.
func (d *download) history(ctx context.Context, dir, commit string) error {
	want, direct := d.wantFor(commit)
	if direct {
		err := d.pack(ctx, dir, []string{want}, d.commitsOnly)
		if err == nil || !isRefusedWant(err) {
			return err
		}
	}
	return d.pack(ctx, dir, d.tips(), d.commitsOnly)
}

// wanted returns the interesting tags by the object they name.
func (r *Refs) wanted(interesting func(string) bool) map[string][]string {
	out := map[string][]string{}
	for _, ref := range r.Tags() {
		if interesting(ref.Short()) {
			out[ref.Commit] = append(out[ref.Commit], ref.Short())
		}
	}
	return out
}

// reachable walks the history of commit as far as it is there. Tags of a local
// repository may still name a tag object; those are peeled first.
func reachable(ctx context.Context, st *gitpack.Storage, commit string, wanted map[string][]string) (out []Tagged, cut bool, err error) {
	byCommit := map[plumbing.Hash][]string{}
	for h, tags := range wanted {
		peeled, err := peel(st, plumbing.NewHash(h))
		if err != nil {
			continue // a tag of something that is not fetched cannot be an ancestor
		}
		byCommit[peeled] = append(byCommit[peeled], tags...)
	}
	seen := map[plumbing.Hash]bool{}
	todo := []plumbing.Hash{plumbing.NewHash(commit)}
	for len(todo) > 0 {
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[h] {
			continue
		}
		seen[h] = true
		for _, tag := range byCommit[h] {
			out = append(out, Tagged{Tag: tag, Here: h.String() == commit})
		}
		obj, err := object.GetCommit(st, h)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			cut = true // the edge of a shallow repository
			continue
		}
		if err != nil {
			return nil, false, err
		}
		todo = append(todo, obj.ParentHashes...)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Tag < out[j].Tag })
	return out, cut, nil
}

// peel follows annotated tags to the commit.
func peel(st *gitpack.Storage, h plumbing.Hash) (plumbing.Hash, error) {
	const deepest = 8 // a tag of a tag is rare, a loop of them hostile
	for range deepest {
		obj, err := st.EncodedObject(plumbing.AnyObject, h)
		if err != nil {
			return h, err
		}
		switch obj.Type() {
		case plumbing.CommitObject:
			return h, nil
		case plumbing.TagObject:
			tag, err := object.DecodeTag(st, obj)
			if err != nil {
				return h, err
			}
			h = tag.Target
		default:
			return h, fmt.Errorf("%s is a %s, not a commit", h, obj.Type())
		}
	}
	return h, fmt.Errorf("tag %s is nested too deep", h)
}
