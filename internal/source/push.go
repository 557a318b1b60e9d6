package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
)

// PushRequest asks for a server's repository to get what one on disk has.
type PushRequest struct {
	// Name is what the repository is called in messages.
	Name string
	// Dir is a bare repository.
	Dir string
	// URL is the server's repository. Neither mirrors nor insteadOf change it.
	URL string
}

// Pushed is what a push has done.
type Pushed struct {
	// URL is without a password.
	URL string
	// Refs are those that the server did not have as they are here, sorted by name.
	Refs []PushedRef
	// Bytes are those of the pack.
	Bytes int64
	// Said is what the server said beside its report.
	Said string
}

// PushedRef is what has become of a ref.
type PushedRef struct {
	Name  string    `json:"name"`
	State PushState `json:"state"`
	// Was is what the server has, or had, under the name, New what it was to get:
	// objects of 40 hex digits. Was is empty for a new ref.
	Was string `json:"was,omitempty"`
	New string `json:"new"`
	// Why is the server's reason for Refused.
	Why string `json:"why,omitempty"`
}

// PushState says what has become of a ref.
type PushState string

// The states of refs. Only those of the first two were changed.
const (
	Made      PushState = "made"
	Forwarded PushState = "forwarded"
	// Elsewhere is a tag that the server has on something else.
	Elsewhere PushState = "elsewhere"
	// Diverged is a branch with commits at the server that are not here.
	Diverged PushState = "diverged"
	Refused  PushState = "refused"
)

// Push sends a repository's refs to a server, with all that they lead to. No ref is
// moved but a branch forwards, and none is removed. A ref that is not taken is no
// error.
func (c *Client) Push(ctx context.Context, req PushRequest) (Pushed, error) {
	remote, err := giturl.Parse(req.URL)
	if err != nil {
		return Pushed{}, err
	}
	if remote.Local() {
		return Pushed{}, &LocalPushError{remote.Path}
	}
	c.conns.Learn(remote)
	c.sink.Send(event.Event{Kind: event.PushStart, Module: req.Name})
	var done Pushed
	err = c.conns.Retry(ctx, req.Name, "", func() (err error) {
		done, err = c.pushOnce(ctx, req, remote)
		return err
	})
	done.URL = remote.String()
	if err == nil {
		c.sink.Send(event.Event{Kind: event.PushDone, Module: req.Name, URL: done.URL, Bytes: done.Bytes, Known: done.Bytes == 0})
	}
	return done, err
}

// LocalPushError is a push to a directory.
type LocalPushError struct{ Path string }

// Error implements error.
func (e *LocalPushError) Error() string {
	return e.Path + " is a local path, and vxlite pushes to servers only"
}

// Hints says what is as good.
func (e *LocalPushError) Hints() []string {
	return []string{"copy the mirror's directory: its repositories can be cloned from as they are"}
}

// ExitStatus is that of wrong usage.
func (*LocalPushError) ExitStatus() int { return 2 }

// push is one conversation with git-receive-pack.
type push struct {
	st  *gitpack.Storage
	adv *packp.AdvRefs
	// shallows are the commits whose parents are not here, cut those and the ones
	// whose parents are not there.
	shallows []plumbing.Hash
	cut      hashes
}

func newPush(st *gitpack.Storage, adv *packp.AdvRefs) (*push, error) {
	p := &push{st: st, adv: adv, cut: hashes{}}
	var err error
	p.shallows, err = st.Shallow()
	for _, h := range append(slices.Clone(p.shallows), adv.Shallows...) {
		p.cut[h] = true
	}
	return p, err
}

func (c *Client) pushOnce(ctx context.Context, req PushRequest, remote giturl.Remote) (Pushed, error) {
	ctx, release, err := c.acquireFor(ctx, "push")
	if err != nil {
		return Pushed{}, err
	}
	defer release()
	here := giturl.Remote{Scheme: "file", Path: req.Dir}
	st, err := gitpack.OpenFolder(req.Dir, c.limits)
	switch {
	case err != nil:
		return Pushed{}, gitconn.At(here, err)
	case st == nil:
		return Pushed{}, &gitconn.NoRepositoryError{URL: req.Dir}
	}
	defer st.Close()
	sess, adv, err := c.conns.ConnectPush(ctx, remote)
	if none, ok := errors.AsType[*gitconn.NoRepositoryError](err); ok {
		return Pushed{}, &NoTargetError{none}
	}
	if err != nil {
		return Pushed{}, err
	}
	defer sess.Close()
	p, err := newPush(st, adv)
	if err != nil {
		return Pushed{}, gitconn.At(here, err)
	}
	var done Pushed
	if done.Refs, err = p.plan(ctx); err != nil {
		return Pushed{}, gitconn.At(here, err)
	}
	commands := commandsFor(done.Refs)
	if len(commands) == 0 {
		return done, nil
	}
	wanted, err := p.objects(ctx, commands)
	if err != nil {
		return Pushed{}, gitconn.At(here, err)
	}
	var sent atomic.Int64
	pack, end := p.pack(wanted)
	report, said, err := p.send(ctx, sess, commands, readCloser{&counter{r: pack, report: c.sentBytes(req, &sent)}, pack})
	if broken := end(); broken != nil {
		return Pushed{}, gitconn.At(here, broken)
	}
	if err == nil {
		done.Bytes, done.Said = sent.Load(), said
		err = judge(report, &done)
	}
	if err != nil {
		return Pushed{}, c.conns.Explain(ctx, remote, err)
	}
	return done, nil
}

// sentBytes counts what is sent, and tells how far a push has come.
func (c *Client) sentBytes(req PushRequest, sent *atomic.Int64) func(n int) {
	return func(n int) {
		const step = 256 << 10 // bytes between two events
		now := sent.Add(int64(n))
		if now/step != (now-int64(n))/step {
			c.sink.Send(event.Event{Kind: event.PushBytes, Module: req.Name, Bytes: now})
		}
	}
}

// NoTargetError is a repository to push to that is not there.
type NoTargetError struct{ *gitconn.NoRepositoryError }

// Hints says who makes it.
func (e *NoTargetError) Hints() []string {
	return []string{"create it at the server first, empty; GitLab and gitolite can make repositories when they are pushed to",
		"check the URL; a server may also hide what the credentials may not see"}
}

// plan decides what is to become of each ref.
func (p *push) plan(ctx context.Context) ([]PushedRef, error) {
	return planPush(allLocalRefs(p.st), p.adv.References, func(was, now plumbing.Hash) (bool, error) { return leads(ctx, p.st, was, now, p.cut) })
}

// planPush decides what is to become of each of our refs at a server that has
// theirs. leads reports whether a commit leads to another by going forward.
func planPush(ours []Ref, theirs map[string]plumbing.Hash, leads func(was, now plumbing.Hash) (bool, error)) ([]PushedRef, error) {
	var out []PushedRef
	for _, ref := range ours {
		now := plumbing.NewHash(ref.object)
		was, there := theirs[ref.Name]
		r := PushedRef{Name: ref.Name, New: now.String(), State: Made}
		switch {
		case was == now:
			continue
		case !there:
		default:
			r.Was = was.String()
			r.State = Elsewhere
			if strings.HasPrefix(ref.Name, branchPrefix) {
				forward, err := leads(was, now)
				if err != nil {
					return nil, err
				}
				if r.State = Diverged; forward {
					r.State = Forwarded
				}
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// send sends what is new, and returns what the server reports and says.
func (p *push) send(ctx context.Context, sess gitconn.PushSession, commands []*packp.Command, pack io.ReadCloser) (*packp.ReportStatus, string, error) {
	req := packp.NewReferenceUpdateRequest()
	req.Commands, req.Packfile = commands, pack
	if !p.adv.Capabilities.Supports(capability.ReportStatus) {
		return nil, "", errors.New("the server cannot tell what becomes of a push")
	}
	for _, cap := range []capability.Capability{capability.ReportStatus, capability.Sideband64k, capability.Quiet} {
		if p.adv.Capabilities.Supports(cap) {
			_ = req.Capabilities.Set(cap)
		}
	}
	heard := &said{brief.Writer{Most: 2 << 10}} // bytes: a hook's sentences
	req.Progress = heard
	report, err := sess.Push(ctx, gitconn.Push{Request: req, Shallows: p.shallows})
	return report, heard.String(), err
}

// pack is the pack to send: see streamed.
func (p *push) pack(wanted hashes) (pack *io.PipeReader, end func() error) {
	return streamed(func(w io.Writer) error {
		return p.st.WritePack(w, wanted, p.adv.Capabilities.Supports(capability.OFSDelta))
	})
}

// commandsFor has the refs that are to be made or to go forward.
func commandsFor(refs []PushedRef) (out []*packp.Command) {
	for _, r := range refs {
		if r.State == Made || r.State == Forwarded {
			out = append(out, &packp.Command{Name: plumbing.ReferenceName(r.Name), Old: plumbing.NewHash(r.Was), New: plumbing.NewHash(r.New)})
		}
	}
	return out
}

// objects are those that the server lacks, nil for all that there are.
func (p *push) objects(ctx context.Context, commands []*packp.Command) (hashes, error) {
	var wants, haves []plumbing.Hash
	for _, c := range commands {
		wants = append(wants, c.New)
	}
	for _, h := range p.adv.References {
		if has(p.st, h) {
			haves = append(haves, h)
		}
	}
	if packed, err := p.st.Packed(); err != nil || packed && len(haves) == 0 {
		return nil, err
	}
	return lacking(ctx, p.st, wants, haves, p.cut)
}

// judge notes what a server has refused.
func judge(report *packp.ReportStatus, done *Pushed) error {
	if report.UnpackStatus != "ok" {
		return &UnpackError{Why: brief.Line(report.UnpackStatus), Said: brief.Line(done.Said)}
	}
	said := map[string]string{}
	for _, s := range report.CommandStatuses {
		said[s.ReferenceName.String()] = s.Status
	}
	for i, r := range done.Refs {
		if why := cmp.Or(said[r.Name], "no report of it"); (r.State == Made || r.State == Forwarded) && why != "ok" {
			done.Refs[i].State, done.Refs[i].Why = Refused, brief.Line(why)
		}
	}
	return nil
}

// UnpackError is a pack that a server has not taken.
type UnpackError struct{ Why, Said string }

// Error implements error.
func (e *UnpackError) Error() string {
	text := "the server did not take the pack: " + e.Why
	if e.Said != "" {
		text += fmt.Sprintf(" (it says: %s)", e.Said)
	}
	return text
}

// said keeps the beginning of what a server says.
type said struct{ brief.Writer }

// Write implements io.Writer. The rest is passed over: gitconn bounds it.
func (s *said) Write(p []byte) (int, error) {
	_, _ = s.Writer.Write(p)
	return len(p), nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
