package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// fetch asks a server for its refs, chooses, and gets the commit, all in one
// conversation where the server allows.
func (c *Client) fetch(ctx context.Context, req Request, remote giturl.Remote) (Found, error) {
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return Found{}, err
	}
	defer release()
	c.sink.Send(event.Event{Kind: event.FetchStart, Module: req.Module, Ref: req.Ref, Why: req.Why})
	sess, adv, err := c.conns.Connect(ctx, remote)
	if err != nil {
		return Found{}, err
	}
	defer sess.Close()
	refs := refsFromAdvertisement(adv)
	chosen, moved, err := c.choose(req, refs, remote, nil)
	if err != nil {
		return Found{}, err
	}
	get := &download{client: c, module: req.Module, remote: remote, sess: sess, caps: adv.Capabilities, refs: refs}
	if !store.IsHash(chosen.Commit) {
		if chosen.Commit, err = get.complete(ctx, chosen.Commit); err != nil {
			return Found{}, err
		}
		get.objects = nil // those of a history, without files
	}
	found, err := get.commit(ctx, chosen)
	if err != nil {
		return Found{}, withMoved(err, moved)
	}
	found.Moved = moved
	if strings.HasPrefix(chosen.Name, tagPrefix) {
		found.Tag = chosen.Short()
		if err := c.remember(req, found, remote); err != nil {
			return Found{}, err
		}
	}
	if req.Alias != "" {
		if err := c.store.PutSaid(req.URL, req.Alias, c.place(remote), found.Commit); err != nil {
			return Found{}, err
		}
	}
	c.fetched.Store(found.Commit, true)
	c.sink.Send(event.Event{Kind: event.FetchDone, Module: req.Module, Ref: req.Ref, Why: req.Why, Commit: found.Commit, URL: remote.String(), Bytes: get.bytes, Known: get.bytes == 0})
	return found, nil
}

// remember records the tag that answered a request, and that those of the
// request's tags that come before it are not there.
func (c *Client) remember(req Request, found Found, remote giturl.Remote) error {
	at := c.place(remote)
	for _, t := range req.Tags[:max(0, slices.Index(req.Tags, found.Tag))] {
		if err := c.store.PutSaid(req.URL, t, at, store.Absent); err != nil {
			return err
		}
	}
	return c.store.PutSaid(req.URL, found.Tag, at, found.Commit)
}

// download is one conversation's second half: getting objects.
type download struct {
	client *Client
	module string
	remote giturl.Remote
	sess   transport.UploadPackSession // nil once it has been used
	caps   *capability.List
	refs   *Refs
	bytes  int64
	// objects are those of the last pack, where they are still in memory.
	objects storer.EncodedObjectStorer
	// write takes a pack in the place of gitpack.WriteRepo; nil for that.
	write func(dir string, pack io.Reader, cut packp.ShallowUpdate) error
}

// commit puts one commit into the store, without its history where the server
// can leave that out.
func (d *download) commit(ctx context.Context, ref Ref) (Found, error) {
	store := d.client.store
	dst := store.GitDir(ref.Commit)
	if !disk.IsDir(dst) {
		err := store.Publish(dst, func(dir string) error { return d.fill(ctx, dir, ref) })
		if err != nil {
			return Found{}, err
		}
		if d.objects != nil {
			d.client.objectsOf.Store(ref.Commit, d.objects)
		}
	}
	st, done := d.objects, func() {}
	if st == nil {
		st, done = gitpack.OpenObjects(dst)
	}
	defer done()
	obj, err := object.GetCommit(st, plumbing.NewHash(ref.Commit))
	if err != nil {
		return Found{}, fmt.Errorf("%s: commit %s: %w", d.remote, ref.Commit, err)
	}
	t := obj.Committer.When.UTC()
	return Found{Commit: ref.Commit, Time: t}, store.PutCommit(ref.Commit, t)
}

// fill makes dir a bare repository that holds ref's commit.
func (d *download) fill(ctx context.Context, dir string, ref Ref) error {
	if err := d.get(ctx, dir, ref.Commit); err != nil {
		return err
	}
	st, done := d.objects, func() {}
	if st == nil {
		st, done = gitpack.OpenObjects(dir)
	}
	defer done()
	_, err := st.EncodedObject(plumbing.CommitObject, plumbing.NewHash(ref.Commit))
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return &NoCommitError{Commit: ref.Commit, URL: d.remote.String()}
	}
	return err
}

// get fetches a commit. A server may refuse one that no ref of it names; then
// the whole history is fetched.
func (d *download) get(ctx context.Context, dir, commit string) error {
	want, direct := d.wantFor(commit)
	if direct {
		err := d.pack(ctx, dir, []string{want}, d.shallow)
		if err == nil || !isRefusedWant(err) {
			return err
		}
	}
	return d.pack(ctx, dir, d.tips(), nil)
}

// wantFor returns the object to ask for to get a commit, and whether the server
// may give it: what it has named, or anything where it says so.
func (d *download) wantFor(commit string) (want string, direct bool) {
	if want, direct = d.refs.object(commit); direct {
		return want, true
	}
	return commit, d.caps.Supports(capability.AllowReachableSHA1InWant) ||
		d.caps.Supports("allow-any-sha1-in-want") || d.caps.Supports("allow-tip-sha1-in-want")
}

// isRefusedWant recognises upload-pack's refusal of a commit it did not
// advertise.
func isRefusedWant(err error) bool {
	s := err.Error()
	return strings.Contains(s, "not our ref") || strings.Contains(s, "unadvertised object") || strings.Contains(s, "exact SHA1")
}

// shallow asks for one commit only.
func (d *download) shallow(req *packp.UploadPackRequest) {
	if d.caps.Supports(capability.Shallow) {
		_ = req.Capabilities.Set(capability.Shallow)
		req.Depth = packp.DepthCommits(1)
	}
}

// commitsOnly asks for a history without files, where the server can.
func (d *download) commitsOnly(req *packp.UploadPackRequest) {
	if d.caps.Supports(capability.Filter) {
		_ = req.Capabilities.Set(capability.Filter)
		req.Filter = packp.FilterTreeDepth(0)
	}
}

// tips are all branches and tags.
func (d *download) tips() []string {
	seen := map[string]bool{}
	var out []string
	for _, ref := range append(d.refs.Branches(), d.refs.Tags()...) {
		if !seen[ref.object] {
			seen[ref.object] = true
			out = append(out, ref.object)
		}
	}
	return out
}

// pack fetches what wants reach into a bare repository at dir.
func (d *download) pack(ctx context.Context, dir string, wants []string, shape func(*packp.UploadPackRequest)) error {
	sess := d.sess
	if sess == nil { // a conversation gives one pack
		s, adv, err := d.client.conns.Connect(ctx, d.remote)
		if err != nil {
			return err
		}
		sess, d.caps = s, adv.Capabilities
	}
	d.sess = nil
	// Not later: the next one may need its place on the connection.
	defer sess.Close()
	req := packp.NewUploadPackRequest()
	for _, cap := range []capability.Capability{capability.Sideband64k, capability.OFSDelta, capability.NoProgress} {
		if d.caps.Supports(cap) {
			_ = req.Capabilities.Set(cap)
		}
	}
	for _, w := range wants {
		req.Wants = append(req.Wants, plumbing.NewHash(w))
	}
	if shape != nil {
		shape(req)
	}
	res, err := sess.UploadPack(ctx, req)
	if err != nil {
		return d.client.conns.Explain(ctx, d.remote, err)
	}
	defer res.Close()
	var r io.Reader = res
	if req.Capabilities.Supports(capability.Sideband64k) {
		r = sideband.NewDemuxer(sideband.Sideband64k, res)
	}
	r = &counter{r: r, report: d.count}
	if d.write != nil {
		err = d.write(dir, r, res.ShallowUpdate)
	} else {
		d.objects, err = gitpack.WriteRepo(dir, r, res.Shallows, d.client.limits)
	}
	if err != nil {
		return gitconn.At(d.remote, err)
	}
	return nil
}

// count tells how far a fetch has come.
func (d *download) count(n int) {
	const step = 256 << 10 // bytes between two events
	before := d.bytes
	d.bytes += int64(n)
	if before/step != d.bytes/step {
		d.client.sink.Send(event.Event{Kind: event.FetchBytes, Module: d.module, Bytes: d.bytes})
	}
}

type counter struct {
	r      io.Reader
	report func(n int)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.report(n)
	return n, err
}

// NoCommitError is a commit that a repository does not have.
type NoCommitError struct {
	Commit, URL string
	moved       *Moved // where the commit is a locked one
}

// Error implements error.
func (e *NoCommitError) Error() string { return fmt.Sprintf("%s has no commit %s", e.URL, e.Commit) }
