package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
)

// Object is a commit or a tag as git hashes it, which is what signatures are
// of.
type Object struct {
	// Tag is the tag's name; empty for a commit.
	Tag  string
	Hash string // 40 hex digits
	Data []byte
	// From is where it was read, after mirrors.
	From string
}

// ErrLightweight is a tag that is only a name for a commit. It has nothing
// that could be signed.
var ErrLightweight = errors.New("it is a lightweight tag, which cannot be signed")

// NoTagError is a commit to which none of the tags leads that were looked for.
type NoTagError struct{ Ref, Commit, URL string }

// Error implements error.
func (e *NoTagError) Error() string {
	return fmt.Sprintf("%s has no tag of the name %s on commit %.12s", e.URL, e.Ref, e.Commit)
}

// CommitObject returns a commit that Find found.
func (c *Client) CommitObject(repoURL, commit string) (Object, error) {
	o := Object{Hash: commit}
	hash := plumbing.NewHash(commit)
	if dir := c.store.GitDir(commit); disk.IsDir(dir) {
		st, done := gitpack.OpenObjects(dir)
		defer done()
		o.From = repoURL
		return o, o.read(st, plumbing.CommitObject, hash)
	}
	err := c.eachLocal(repoURL, func(remote giturl.Remote, repo *localRepo) error {
		o.From = remote.String()
		return o.read(repo.st, plumbing.CommitObject, hash)
	})
	return o, err
}

// eachLocal tries the local repositories that a URL leads to, until one does.
func (c *Client) eachLocal(repoURL string, try func(giturl.Remote, *localRepo) error) error {
	err := error(&gitconn.NoRepositoryError{URL: repoURL})
	for _, candidate := range c.conns.Candidates(repoURL) {
		remote, parseErr := giturl.Parse(candidate)
		if parseErr != nil || !remote.Local() {
			continue
		}
		var repo *localRepo
		if repo, err = c.openLocal(remote); err != nil {
			continue
		}
		repo.mu.Lock()
		err = try(remote, repo)
		repo.mu.Unlock()
		if err == nil {
			return nil
		}
	}
	return err
}

// read fills in what an object consists of.
func (o *Object) read(st storer.EncodedObjectStorer, kind plumbing.ObjectType, hash plumbing.Hash) error {
	obj, err := st.EncodedObject(kind, hash)
	if err != nil {
		return err
	}
	r, err := obj.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	const largest = 1 << 20 // bytes; a message, some headers, a signature
	o.Data, err = io.ReadAll(io.LimitReader(r, largest))
	if err != nil {
		return err
	}
	if got := plumbing.ComputeHash(kind, o.Data); got != hash {
		return fmt.Errorf("%s %s does not have the contents of that name", kind, hash)
	}
	return nil
}

// TagObject returns the annotated tag that leads to a commit: the first of the
// names that the repository has for it. What a server gave is kept.
func (c *Client) TagObject(ctx context.Context, repoURL, module, ref string, names []string, commit string) (Object, error) {
	var failed []error
	for _, candidate := range c.conns.Candidates(repoURL) {
		remote, err := giturl.Parse(candidate)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		var o Object
		if remote.Local() {
			o, err = c.localTag(remote, ref, names, commit)
		} else {
			o, err = c.remoteTag(ctx, remote, repoURL, module, ref, names, commit)
		}
		if err == nil {
			o.From = remote.String()
			return o, nil
		}
		if ctx.Err() != nil {
			return Object{}, context.Cause(ctx)
		}
		if errors.Is(err, ErrLightweight) {
			return Object{}, err // another mirror has no better one
		}
		failed = append(failed, err)
	}
	if len(failed) == 1 {
		return Object{}, failed[0]
	}
	return Object{}, errors.Join(failed...)
}

// localTag reads a tag in place.
func (c *Client) localTag(remote giturl.Remote, ref string, names []string, commit string) (Object, error) {
	repo, err := c.openLocal(remote)
	if err != nil {
		return Object{}, err
	}
	repo.mu.Lock()
	defer repo.mu.Unlock()
	refs := refsFromStorage(repo.st)
	for _, name := range names {
		r, ok := refs.Tag(name)
		if !ok {
			continue
		}
		if r.object == commit {
			return Object{}, ErrLightweight
		}
		if peeled, err := peel(repo.st, plumbing.NewHash(r.object)); err != nil || peeled.String() != commit {
			continue
		}
		o := Object{Tag: name, Hash: r.object}
		return o, o.read(repo.st, plumbing.TagObject, plumbing.NewHash(r.object))
	}
	return Object{}, &NoTagError{Ref: ref, Commit: commit, URL: remote.String()}
}

// remoteTag gets a tag from the store or from a server.
func (c *Client) remoteTag(ctx context.Context, remote giturl.Remote, repoURL, module, ref string, names []string, commit string) (Object, error) {
	for _, name := range names {
		hash, data, ok := c.store.TagObject(c.place(remote), name, commit)
		if ok && plumbing.ComputeHash(plumbing.TagObject, data).String() == hash {
			return Object{Tag: name, Hash: hash, Data: data}, nil
		}
	}
	if c.offline {
		return Object{}, &OfflineError{Module: module, Ref: "tag " + ref, URL: repoURL}
	}
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return Object{}, err
	}
	defer release()
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return Object{}, err
	}
	defer sess.Close()
	refs := refsFromAdvertisement(adv)
	for _, name := range names {
		r, ok := refs.Tag(name)
		if !ok || r.Commit != commit {
			continue
		}
		if r.object == commit {
			return Object{}, ErrLightweight
		}
		get := &download{client: c, module: module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refs}
		o, err := get.tag(ctx, Object{Tag: name, Hash: r.object})
		if err != nil {
			return Object{}, err
		}
		return o, c.store.PutTagObject(c.place(remote), o.Tag, commit, o.Hash, o.Data)
	}
	return Object{}, &NoTagError{Ref: ref, Commit: commit, URL: remote.String()}
}

// tag fetches a tag's object.
func (d *download) tag(ctx context.Context, o Object) (Object, error) {
	dir, remove, err := d.client.store.TempDir()
	if err != nil {
		return o, err
	}
	defer remove()
	if err := d.pack(ctx, dir, []string{o.Hash}, d.shallow); err != nil {
		return o, err
	}
	st, done := d.objects, func() {}
	if st == nil {
		st, done = gitpack.OpenObjects(dir)
	}
	defer done()
	return o, o.read(st, plumbing.TagObject, plumbing.NewHash(o.Hash))
}
