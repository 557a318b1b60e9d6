package gitconn

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/vxlite/vxlite/internal/limit"
)

// Push is what is sent to git-receive-pack.
type Push struct {
	// Request has the refs, the capabilities, and the pack, which may be nil.
	// What the server says beside its report goes to its Progress.
	Request *packp.ReferenceUpdateRequest
	// Shallows are the commits whose parents the pack's repository lacks.
	Shallows []plumbing.Hash
}

// PushSession is a conversation with git-receive-pack.
type PushSession interface {
	transport.Session
	// Push sends refs and a pack, and returns what became of each ref.
	Push(context.Context, Push) (*packp.ReportStatus, error)
}

// begin is what comes before the refs: see "Reference Update Request" in
// gitprotocol-pack(5). go-git can say one commit only.
func (p Push) begin(w io.Writer) error {
	e := pktline.NewEncoder(w)
	for _, h := range p.Shallows {
		if err := e.Encodef("shallow %s", h); err != nil {
			return err
		}
	}
	return nil
}

// report bounds what the server says in reply: a line for each ref, and what it
// says beside these.
// go-git keeps the text alone of some errors, so what comes of reading is kept.
func (b bounds) report(r io.Reader, refs int) *failing {
	const perRef = 2 << 10 // bytes; a ref's name has half of that at most
	most := b.limits.Answer + perRef*int64(refs)
	over := limit.Bytes("what the server says of a push is more than", "answer", b.limits.Answer)
	return &failing{Reader: &unended{r: &limit.Reader{R: r, Left: most, Over: over}}}
}

// receivePack is a conversation with git-receive-pack over SSH.
type receivePack struct{ *conversation }

// Push implements PushSession. The server is listened to meanwhile: it may have
// something to say before it has read all, and would wait for somebody to hear it.
func (r receivePack) Push(ctx context.Context, p Push) (*packp.ReportStatus, error) {
	in := r.in
	r.in = nil  // nothing follows the pack, and Close must not write at the same time
	go func() { // until all is sent, or the conversation is closed
		pack := &failing{Reader: p.Request.Packfile}
		_ = r.send(in, p, pack) // the server's end of the conversation tells of it
		if pack.err != nil {
			r.cancel(pack.err)
		}
	}()
	report, err := r.hear(p.Request)
	if err != nil {
		if over := r.over(ctx); over != nil {
			return nil, over
		}
		if isBound(err) {
			return nil, err
		}
		return nil, r.explain(err)
	}
	return report, nil
}

// send sends a request with this pack.
func (r receivePack) send(in io.Writer, p Push, pack *failing) error {
	w := movedWriter{in, &r.silence}
	if err := p.begin(w); err != nil {
		return err
	}
	req := *p.Request
	if req.Packfile != nil {
		req.Packfile = io.NopCloser(pack)
	}
	return req.Encode(w)
}

// hear reads what became of the refs.
func (r receivePack) hear(req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	out := r.bounds.report(r.out, len(req.Commands))
	var in io.Reader = out
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, out)
		d.Progress = req.Progress
		in = d
	}
	report := packp.NewReportStatus()
	err := report.Decode(in)
	if err != nil && out.err != nil {
		err = out.err
	}
	return report, err
}

// movedWriter notes that something was sent.
type movedWriter struct {
	io.Writer
	silence *silence
}

// Write implements io.Writer. A long text goes in pieces, each of which may take
// as long as the server may stay silent.
func (m movedWriter) Write(b []byte) (n int, err error) {
	const atOnce = 32 << 10 // bytes, what a packet of SSH holds
	for err == nil && n < len(b) {
		var sent int
		sent, err = m.Writer.Write(b[n:min(len(b), n+atOnce)])
		n += sent
		m.silence.moved()
	}
	return n, err
}

// failing keeps why reading failed.
type failing struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (f *failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

// httpPush is a conversation with git-receive-pack over HTTP.
type httpPush struct{ transport.ReceivePackSession }

func openPush(t transport.Transport, ep *transport.Endpoint, auth transport.AuthMethod) (PushSession, error) {
	s, err := t.NewReceivePackSession(ep, auth)
	return httpPush{s}, err
}

// Push implements PushSession. go-git gets no pack, and gitOnly puts it behind
// what go-git sends.
func (h httpPush) Push(ctx context.Context, p Push) (*packp.ReportStatus, error) {
	req := *p.Request
	pack := &failing{Reader: req.Packfile}
	more := &pushBody{refs: len(req.Commands)}
	if req.Packfile != nil {
		more.pack = pack
	}
	if err := p.begin(&more.before); err != nil {
		return nil, err
	}
	req.Packfile = nil
	report, err := h.ReceivePack(context.WithValue(ctx, pushKey{}, more), &req)
	switch {
	case pack.err != nil:
		return nil, pack.err
	case report != nil:
		return report, nil // whose error err is
	case more.answer != nil && more.answer.err != nil:
		err = more.answer.err
	case err == nil:
		err = &serverError{err: io.ErrUnexpectedEOF}
	}
	return nil, err
}

// pushBody is what go-git does not send of a push.
type pushBody struct {
	before bytes.Buffer
	pack   io.Reader // or nil
	refs   int
	answer *failing // nil until there is one
}

type pushKey struct{}

// pushOf returns the rest of a request of a push, or nil where it is none.
func pushOf(req *http.Request) *pushBody {
	more, _ := req.Context().Value(pushKey{}).(*pushBody)
	return more
}

// complete puts the rest of a push into its request. Like git, it says how long a
// small one is: there are servers that want to know, and take no large ones.
func (b *pushBody) complete(req *http.Request) (*http.Request, error) {
	const small = 1 << 20 // bytes; git's http.postBuffer
	body := io.MultiReader(&b.before, req.Body)
	if b.pack != nil {
		body = io.MultiReader(body, b.pack)
	}
	begin, err := io.ReadAll(io.LimitReader(body, small+1))
	if err != nil {
		return nil, err
	}
	out := req.Clone(req.Context())
	out.GetBody = nil
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(begin)), int64(len(begin))
	if len(begin) > small {
		out.Body, out.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader(begin), body)), -1
		out.Header.Del("Content-Length")
	}
	return out, nil
}
