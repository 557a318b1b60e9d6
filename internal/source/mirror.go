package source

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
)

// MirrorRequest asks for a repository to be mirrored.
type MirrorRequest struct {
	// Module is what the repository is wanted for, for messages.
	Module string
	// URL is the clone URL before mirrors.
	URL string
	// Dir is the bare repository on disk. It is made where there is none, from one
	// that is made in Stage, a directory of the same file system.
	Dir, Stage string
	// Wants reports whether a branch or a tag, by its whole name, is to be mirrored.
	Wants func(ref string) bool
	// Since leaves out tags and branches of commits before that time, and the history
	// before it; zero for none.
	Since time.Time
	// Shallow leaves out all history.
	Shallow bool
	// MoveTags lets a tag go elsewhere that has moved.
	MoveTags bool
	// Keep are commits, of 40 hex digits, that are to be there in any case.
	Keep []string
}

// Mirrored is what has changed in a mirror of a repository.
type Mirrored struct {
	// From is where it came from, after mirrors, without a password.
	From string
	// New says that there was no mirror of it.
	New bool
	// Tags and Branches are new or, with Branches, elsewhere now; sorted. So are
	// Rewritten: branches of Branches that did not go forward. What they were is
	// kept.
	Tags, Branches, Rewritten []string
	// Moved are tags that are elsewhere at From. Unless the request has MoveTags,
	// they are here as they were.
	Moved []Moved
	// Bytes are those of the packs that came.
	Bytes int64
}

// DamagedMirrorError is a mirror of a repository that cannot be read.
type DamagedMirrorError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *DamagedMirrorError) Error() string { return e.Dir + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *DamagedMirrorError) Unwrap() error { return e.Err }

// Hints says what to do.
func (e *DamagedMirrorError) Hints() []string {
	return []string{"remove " + e.Dir + " and run the same command again: it is fetched anew"}
}

// keptPrefix begins the names of refs for commits that no branch or tag leads to:
// git's gc leaves them alone then.
const keptPrefix = "refs/kept/"

// Mirror makes a repository on disk one that has what a server has, or fetches what
// is new. Refs are changed in one step at the end, when all that they lead to is
// there.
func (c *Client) Mirror(ctx context.Context, req MirrorRequest) (Mirrored, error) {
	var out Mirrored
	err := c.conns.Retry(ctx, req.Module, "", func() error {
		_, err := c.fromAny(ctx, req.URL, func(remote giturl.Remote) (err error) {
			out, err = c.mirrorFrom(ctx, req, remote)
			return err
		})
		return err
	})
	return out, err
}

// mirrorFrom mirrors from one of the places of a repository.
func (c *Client) mirrorFrom(ctx context.Context, req MirrorRequest, remote giturl.Remote) (Mirrored, error) {
	ctx, release, err := c.acquire(ctx)
	if err != nil {
		return Mirrored{}, err
	}
	defer release()
	c.sink.Send(event.Event{Kind: event.FetchStart, Module: req.Module})
	there, err := c.mirrorSource(ctx, req, remote)
	if err != nil {
		return Mirrored{}, err
	}
	defer there.close()
	m := &mirroring{MirrorRequest: req, client: c, dir: req.Dir, from: there, old: map[plumbing.Hash]bool{}}
	if !disk.IsDir(req.Dir) {
		m.dir = filepath.Join(req.Stage, filepath.Base(req.Dir))
		if err := gitpack.InitBare(m.dir); err != nil {
			return Mirrored{}, err
		}
	} else if err := gitpack.SweepPacks(req.Dir); err != nil {
		return Mirrored{}, err
	}
	out, err := m.update(ctx)
	if err != nil {
		return Mirrored{}, m.incomplete(ctx, remote.String(), err)
	}
	out.From, out.New = remote.String(), m.dir != req.Dir
	if m.dir != req.Dir {
		if err := os.MkdirAll(filepath.Dir(req.Dir), 0o755); err != nil {
			return Mirrored{}, err
		}
		if err := disk.Rename(m.dir, req.Dir); err != nil {
			return Mirrored{}, err
		}
	}
	c.sink.Send(event.Event{Kind: event.FetchDone, Module: req.Module, URL: out.From, Bytes: out.Bytes, Known: out.Bytes == 0})
	return out, nil
}

// mirroring is one repository being updated.
type mirroring struct {
	MirrorRequest
	client *Client
	dir    string // which need not be in its place yet
	from   *upstream
	have   map[string]gitpack.PackedRef
	// old are the objects of refs whose commits are from before Since.
	old map[plumbing.Hash]bool
}

// update fetches what is new, and writes the refs.
func (m *mirroring) update(ctx context.Context) (out Mirrored, err error) {
	old, err := gitpack.ReadPackedRefs(m.dir, m.client.limits)
	if err != nil {
		return out, &DamagedMirrorError{Dir: m.dir, Err: err}
	}
	m.have = map[string]gitpack.PackedRef{}
	for _, r := range old {
		m.have[r.Name] = r
	}
	next := maps.Clone(m.have)
	wanted, err := m.wanted(ctx)
	if err != nil {
		return out, err
	}
	out = planMirror(wanted, m.have, next, m.MoveTags)
	if out.Bytes, err = m.fetchRefs(ctx, next); err != nil {
		return out, err
	}
	if out.Rewritten, err = m.rewritten(ctx, out.Branches, next); err != nil {
		return out, err
	}
	n, err := m.fetchKept(ctx, next)
	if out.Bytes += n; err != nil {
		return out, err
	}
	if !maps.Equal(m.have, next) {
		if err := gitpack.WritePackedRefs(m.dir, slices.Collect(maps.Values(next))); err != nil {
			return out, err
		}
	}
	if head := m.from.refs.Head().Name; head != "" {
		err = gitpack.WriteHead(m.dir, head)
	}
	return out, err
}

// wanted are the refs that are to be mirrored, sorted by name.
func (m *mirroring) wanted(ctx context.Context) (out []Ref, err error) {
	kept := func(r Ref) bool { return slices.Contains(m.Keep, r.Commit) && strings.HasPrefix(r.Name, tagPrefix) }
	for _, r := range slices.Concat(m.from.refs.Branches(), m.from.refs.Tags()) {
		if m.Wants(r.Name) || kept(r) {
			out = append(out, r)
		}
	}
	if m.Since.IsZero() {
		return out, nil
	}
	times, err := m.times(ctx, out)
	return slices.DeleteFunc(out, func(r Ref) bool {
		if !times[r.Commit].Before(m.Since) {
			return false
		}
		m.old[plumbing.NewHash(r.object)] = true
		return !kept(r)
	}), err
}

// times are those of the commits of refs that are not here yet, which are fetched
// without files for it.
func (m *mirroring) times(ctx context.Context, refs []Ref) (map[string]time.Time, error) {
	if m.from.local != nil {
		return timesIn(m.from.local, refs), nil
	}
	var wants []plumbing.Hash
	for _, r := range refs {
		if h := plumbing.NewHash(r.object); m.have[r.Name].Hash != h && !slices.Contains(wants, h) {
			wants = append(wants, h)
		}
	}
	if len(wants) == 0 {
		return nil, nil
	}
	dir := filepath.Join(m.Stage, "times")
	defer disk.RemoveAll(dir)
	if err := gitpack.InitBare(dir); err != nil {
		return nil, err
	}
	if _, err := m.from.fetch(ctx, dir, wants, nil, commitsOnly); err != nil {
		return nil, err
	}
	st := gitpack.Open(dir)
	defer st.Close()
	return timesIn(st, refs), nil
}

func timesIn(st *gitpack.Storage, refs []Ref) map[string]time.Time {
	out := map[string]time.Time{}
	for _, r := range refs {
		if obj, err := object.GetCommit(st, plumbing.NewHash(r.Commit)); err == nil {
			out[r.Commit] = obj.Committer.When
		}
	}
	return out
}

// commitsOnly asks for commits without files, as many as a tip needs. A server
// that cannot leave out files sends them.
func commitsOnly(req *packp.UploadPackRequest, caps *capability.List) {
	if caps.Supports(capability.Filter) {
		_ = req.Capabilities.Set(capability.Filter)
		req.Filter = packp.FilterTreeDepth(0)
	}
	depth(req, caps, packp.DepthCommits(1))
}

// fetchRefs fetches what refs lead to that are new or elsewhere.
func (m *mirroring) fetchRefs(ctx context.Context, next map[string]gitpack.PackedRef) (int64, error) {
	var wants, old []plumbing.Hash
	for name, r := range next {
		switch {
		case m.have[name] == r || strings.HasPrefix(name, keptPrefix):
		case m.old[r.Hash]:
			old = append(old, r.Hash)
		default:
			wants = append(wants, r.Hash)
		}
	}
	haves := tipsOf(m.have)
	n, err := m.fetch(ctx, wants, haves, m.shape)
	if err != nil {
		return n, err
	}
	more, err := m.fetch(ctx, old, haves, m.shapeOld)
	return n + more, err
}

// tipsOf are the objects of refs, each once, sorted.
func tipsOf(refs map[string]gitpack.PackedRef) []plumbing.Hash {
	var tips []plumbing.Hash
	for _, r := range refs {
		tips = append(tips, r.Hash)
	}
	return distinct(tips)
}

// distinct sorts hashes and leaves out those that are there twice.
func distinct(hashes []plumbing.Hash) []plumbing.Hash {
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(hashes)
}

// fetch fetches objects with all that they lead to, as far as they are not here. All
// that haves lead to is.
func (m *mirroring) fetch(ctx context.Context, wants, haves []plumbing.Hash, shape shape) (int64, error) {
	wants, err := m.missing(ctx, distinct(wants), haves)
	if err != nil || len(wants) == 0 {
		return 0, err
	}
	return m.from.fetch(ctx, m.dir, wants, haves, shape)
}

// missing are those of wants that haves do not lead to. An object that is here for
// another reason may be one whose run was killed: what it leads to need not be.
func (m *mirroring) missing(ctx context.Context, wants, haves []plumbing.Hash) ([]plumbing.Hash, error) {
	st := gitpack.Open(m.dir)
	defer st.Close()
	if !slices.ContainsFunc(wants, func(h plumbing.Hash) bool { return has(st, h) }) {
		return wants, nil
	}
	cut, err := gitpack.ReadShallow(m.dir, m.client.limits)
	if err != nil {
		return nil, err
	}
	there, err := behind(ctx, st, haves, setOf(cut))
	return slices.DeleteFunc(wants, func(h plumbing.Hash) bool { return there[h] }), err
}

// shape leaves out of a request what is not wanted, as far as a server can.
type shape func(*packp.UploadPackRequest, *capability.List)

// shape leaves out history that is not wanted.
func (m *mirroring) shape(req *packp.UploadPackRequest, caps *capability.List) {
	switch {
	case m.Shallow:
		depth(req, caps, packp.DepthCommits(1))
	case !m.Since.IsZero() && caps.Supports(capability.DeepenSince):
		_ = req.Capabilities.Set(capability.DeepenSince)
		depth(req, caps, packp.DepthSince(m.Since))
	}
}

// shapeOld is shape for commits from before the history that is wanted.
func (m *mirroring) shapeOld(req *packp.UploadPackRequest, caps *capability.List) {
	if m.Shallow || !m.Since.IsZero() {
		depth(req, caps, packp.DepthCommits(1))
	}
}

func depth(req *packp.UploadPackRequest, caps *capability.List, d packp.Depth) {
	if caps.Supports(capability.Shallow) {
		_ = req.Capabilities.Set(capability.Shallow)
		req.Depth = d
	}
}

// rewritten are the branches that did not go forward. What they were is kept. In a
// history that ends somewhere it may only be out of sight that a branch did.
func (m *mirroring) rewritten(ctx context.Context, branches []string, next map[string]gitpack.PackedRef) (rewritten []string, err error) {
	st := gitpack.Open(m.dir)
	defer st.Close()
	cut, err := gitpack.ReadShallow(m.dir, m.client.limits)
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		was, there := m.have[branchPrefix+b]
		if !there {
			continue
		}
		forward, err := leads(ctx, st, was.Hash, next[branchPrefix+b].Hash, setOf(cut))
		if err != nil {
			return nil, err
		}
		if forward {
			continue
		}
		keep(next, was.Hash)
		if len(cut) == 0 {
			rewritten = append(rewritten, b)
		}
	}
	return rewritten, nil
}

func keep(refs map[string]gitpack.PackedRef, commit plumbing.Hash) {
	if commit.IsZero() {
		return
	}
	name := keptPrefix + commit.String()
	refs[name] = gitpack.PackedRef{Name: name, Hash: commit}
}

// fetchKept fetches the commits that are to be there and that no ref led to.
func (m *mirroring) fetchKept(ctx context.Context, next map[string]gitpack.PackedRef) (n int64, err error) {
	for _, commit := range m.Keep {
		h := plumbing.NewHash(commit)
		missing, err := m.missing(ctx, []plumbing.Hash{h}, tipsOf(next))
		if err != nil {
			return n, err
		}
		if len(missing) == 0 {
			continue
		}
		more, err := m.fetchCommit(ctx, h, tipsOf(next))
		if n += more; err != nil {
			return n, err
		}
		keep(next, h)
	}
	return n, nil
}

// fetchCommit fetches a commit that no ref leads to that is mirrored. A server that
// refuses it may have refs that do.
func (m *mirroring) fetchCommit(ctx context.Context, commit plumbing.Hash, haves []plumbing.Hash) (int64, error) {
	n, err := m.from.fetch(ctx, m.dir, []plumbing.Hash{commit}, haves, m.shapeOld)
	if err == nil || !isRefusedWant(err) {
		return n, err
	}
	var tips []plumbing.Hash
	for _, r := range slices.Concat(m.from.refs.Branches(), m.from.refs.Tags()) {
		tips = append(tips, plumbing.NewHash(r.object))
	}
	cut, err := gitpack.ReadShallow(m.dir, m.client.limits)
	if err != nil {
		return n, err
	}
	var more int64
	if tips = slices.DeleteFunc(distinct(tips), func(h plumbing.Hash) bool { return len(cut) == 0 && slices.Contains(haves, h) }); len(tips) > 0 {
		more, err = m.from.fetch(ctx, m.dir, tips, haves, whole(len(cut) > 0))
	}
	if err == nil && !HasCommit(m.dir, commit.String()) {
		err = &NoCommitError{Commit: commit.String(), URL: m.from.url}
	}
	return n + more, err
}

// whole asks for a history that was cut to be completed.
func whole(cut bool) shape {
	return func(req *packp.UploadPackRequest, caps *capability.List) {
		const infinite = 1<<31 - 1 // git's
		if cut {
			depth(req, caps, packp.DepthCommits(infinite))
		}
	}
}

// HasCommit reports whether a bare repository on disk has a commit.
func HasCommit(dir, commit string) bool {
	st := gitpack.Open(dir)
	defer st.Close()
	_, err := st.EncodedObject(plumbing.CommitObject, plumbing.NewHash(commit))
	return err == nil
}

// Candidates are the places that a repository can be cloned from, in order.
func (c *Client) Candidates(url string) []string { return c.conns.Candidates(url) }
