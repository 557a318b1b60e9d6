package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
)

// upstream is a repository that another becomes a mirror of.
type upstream struct {
	url  string // for messages
	refs *Refs
	// local is nil for one at a server.
	local *gitpack.Storage
	// fetch adds to the bare repository at dir what wants lead to and haves do not,
	// and returns how many bytes came.
	fetch func(ctx context.Context, dir string, wants, haves []plumbing.Hash, shape shape) (int64, error)
	close func()
}

// mirrorSource begins a conversation with a server, or opens a local repository.
func (c *Client) mirrorSource(ctx context.Context, req MirrorRequest, remote giturl.Remote) (*upstream, error) {
	if remote.Local() {
		return c.localUpstream(remote)
	}
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return nil, err
	}
	get := &download{client: c, module: req.Module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refsFromAdvertisement(adv)}
	get.write = func(dir string, pack io.Reader, cut packp.ShallowUpdate) error {
		if _, _, err := gitpack.AddPack(dir, pack, c.limits); err != nil {
			return err
		}
		ends, err := endsHere(dir, adv.Shallows)
		if err != nil {
			return err
		}
		return gitpack.UpdateShallow(dir, append(ends, cut.Shallows...), cut.Unshallows, c.limits)
	}
	return &upstream{
		url:  remote.String(),
		refs: get.refs,
		fetch: func(ctx context.Context, dir string, wants, haves []plumbing.Hash, shape shape) (int64, error) {
			var names []string
			for _, w := range wants {
				names = append(names, w.String())
			}
			before := get.bytes
			cut, err := gitpack.ReadShallow(dir, c.limits)
			if err != nil {
				return 0, err
			}
			err = get.pack(ctx, dir, names, func(r *packp.UploadPackRequest) {
				r.Haves, r.Shallows = haves, cut
				if len(cut) > 0 {
					_ = r.Capabilities.Set(capability.Shallow)
				}
				shape(r, get.caps)
			})
			return get.bytes - before, err
		},
		close: func() { _ = sess.Close() },
	}, nil
}

// endsHere are those of the commits at which a server's history ends that are here
// without what they are made on.
func endsHere(dir string, shallows []plumbing.Hash) (ends []plumbing.Hash, err error) {
	st := gitpack.Open(dir)
	defer st.Close()
	for _, h := range shallows {
		next, _, err := links(st, h)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(next, func(h plumbing.Hash) bool { return !has(st, h) }) {
			ends = append(ends, h)
		}
	}
	return ends, nil
}

func has(st *gitpack.Storage, h plumbing.Hash) bool {
	_, err := st.EncodedObject(plumbing.AnyObject, h)
	return err == nil
}

// localUpstream is a repository on this machine. It is mirrored with all of its
// history.
func (c *Client) localUpstream(remote giturl.Remote) (*upstream, error) {
	repo, err := c.openLocal(remote)
	if err != nil {
		return nil, err
	}
	repo.mu.Lock()
	refs, err := peeledRefs(repo.st)
	if err != nil {
		repo.mu.Unlock()
		return nil, gitconn.At(remote, err)
	}
	return &upstream{url: remote.String(), refs: refs, local: repo.st, close: repo.mu.Unlock,
		fetch: func(ctx context.Context, dir string, wants, haves []plumbing.Hash, _ shape) (int64, error) {
			for _, w := range wants {
				if !has(repo.st, w) {
					return 0, &NoCommitError{Commit: w.String(), URL: remote.String()}
				}
			}
			n, err := c.copyObjects(ctx, repo.st, dir, wants, haves)
			return n, gitconn.At(remote, err)
		}}, nil
}

// copyObjects adds to the bare repository at dir what wants lead to in another and
// haves do not, as one pack.
func (c *Client) copyObjects(ctx context.Context, st *gitpack.Storage, dir string, wants, haves []plumbing.Hash) (int64, error) {
	edge, err := st.Shallow()
	if err != nil {
		return 0, err
	}
	cut := setOf(edge)
	objects, err := lacking(ctx, st, wants, haves, cut)
	if err != nil {
		return 0, err
	}
	pack, end := streamed(func(w io.Writer) error { return st.WritePack(w, objects, true) })
	_, n, err := gitpack.AddPack(dir, pack, c.limits)
	if err = cmp.Or(end(), err); err != nil {
		return n, err
	}
	ends, err := endsHere(dir, edge)
	if err != nil {
		return n, err
	}
	return n, gitpack.UpdateShallow(dir, ends, nil, c.limits)
}

// peeledRefs are a local repository's, with what annotated tags lead to.
func peeledRefs(st *gitpack.Storage) (*Refs, error) {
	byName := map[string]Ref{}
	for _, ref := range allLocalRefs(st) {
		to, err := peelAny(st, plumbing.NewHash(ref.object))
		if err != nil {
			continue // a broken ref is as good as none
		}
		ref.Commit = to.String()
		byName[ref.Name] = ref
	}
	return NewRefs(byName, refsFromStorage(st).Head()), nil
}

// peelAny follows annotated tags to what is none.
func peelAny(st *gitpack.Storage, h plumbing.Hash) (plumbing.Hash, error) {
	const longest = 100 // tags of tags
	for range longest {
		obj, err := st.EncodedObject(plumbing.AnyObject, h)
		if err != nil || obj.Type() != plumbing.TagObject {
			return h, err
		}
		tag, err := object.DecodeTag(st, obj)
		if err != nil {
			return h, err
		}
		h = tag.Target
	}
	return h, fmt.Errorf("tag %s: it leads to more than %d others", h, longest)
}
