package gitconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/run"
)

// conversation is one with a git program over one channel of a shared SSH
// connection. go-git's own SSH transport makes a connection for each conversation,
// and a handshake costs a tenth of a second.
type conversation struct {
	sess   *ssh.Session
	in     io.WriteCloser
	out    *io.PipeReader
	stderr brief.Writer
	adv    *packp.AdvRefs
	free   func()
	once   sync.Once
	ctx    context.Context // the conversation's; go-git's interface has a place for it in some calls only
	stop   func() bool     // undoes the watch on it

	bounds  bounds
	silence silence // how long the server may stay silent
	stalled func()  // called when it was
	cancel  context.CancelCauseFunc
}

// start runs a git program for path and reads what the server advertises.
func (u *conversation) start(ctx context.Context, program, path string) error {
	var err error
	ctx, u.cancel = context.WithCancelCause(ctx)
	if u.in, err = u.sess.StdinPipe(); err != nil {
		return err
	}
	out, err := u.sess.StdoutPipe()
	if err != nil {
		return err
	}
	u.stderr.Most = 4 << 10 // a banner can be long, an error is not
	u.stderr.Full = make(chan struct{})
	u.sess.Stderr = &u.stderr
	heard := u.silence.watch(u.tooLong)
	defer heard()
	if err := u.await(ctx, func() error { return u.sess.Start(program + " " + run.ShellQuote(path)) }); err != nil {
		return err
	}
	heard()
	u.pump(ctx, &patientReader{out, &u.silence, u.tooLong})
	_, err = u.AdvertisedReferencesContext(ctx)
	return err
}

// tooLong ends a conversation in which the server says nothing.
func (u *conversation) tooLong() {
	u.cancel(&StallError{u.silence.longest})
	u.stalled()
}

// over is why the conversation has ended, as far as that was this side's doing.
func (u *conversation) over(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if u.ctx != nil && u.ctx.Err() != nil {
		return context.Cause(u.ctx)
	}
	return nil
}

// pump hands on what the server sends for as long as ctx lasts. A channel's
// own reader waits until the server has answered, which a dead one never does.
func (u *conversation) pump(ctx context.Context, out io.Reader) {
	r, w := io.Pipe()
	u.ctx, u.out = ctx, r
	u.stop = context.AfterFunc(ctx, func() {
		_ = w.CloseWithError(context.Cause(ctx))
		_ = u.sess.Close()
	})
	go func() {
		const size = 64 << 10 // bytes, twice what a packet of SSH holds
		_, err := io.CopyBuffer(w, out, make([]byte, size))
		_ = w.CloseWithError(err)
	}()
}

// await is await for calls that give nothing but an error.
func (u *conversation) await(ctx context.Context, f func() error) error {
	_, err := await(ctx, func() (struct{}, error) { return struct{}{}, f() }, func(struct{}) {})
	return err
}

// AdvertisedReferences implements transport.Session.
func (u *conversation) AdvertisedReferences() (*packp.AdvRefs, error) {
	return nil, errors.ErrUnsupported // it could not be interrupted
}

// AdvertisedReferencesContext implements transport.Session.
func (u *conversation) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if u.adv != nil {
		return u.adv, nil
	}
	adv := packp.NewAdvRefs()
	if err := adv.Decode(u.bounds.refs(u.out)); err != nil {
		if over := u.over(ctx); over != nil {
			return nil, over
		}
		if isBound(err) { // whatever the server may have to say of it
			return nil, err
		}
		return nil, u.explain(err)
	}
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	u.adv = adv
	return adv, nil
}

// lastWords is how long a server has to finish what it says about an error.
const lastWords = 2 * time.Second

// explain prefers what the server said over what the protocol made of it.
func (u *conversation) explain(err error) error {
	if _, ok := errors.AsType[*gitpack.ObjectFormatError](err); ok {
		return err // the server is content
	}
	ended := make(chan struct{})
	go func() {
		_ = u.sess.Wait() // so that all of standard error is there
		close(ended)
	}()
	select {
	case <-ended:
	case <-u.stderr.Full: // or as much of it as is kept
	case <-time.After(lastWords):
	case <-u.ctx.Done():
		return context.Cause(u.ctx)
	}
	if said := u.stderr.String(); said != "" {
		return &serverError{said: said, err: err}
	}
	if errors.Is(err, packp.ErrEmptyInput) {
		return &serverError{said: "", err: io.ErrUnexpectedEOF}
	}
	return err
}

// serverError is a refusal in the server's words.
type serverError struct {
	said string
	err  error
}

func (e *serverError) Error() string {
	if e.said == "" {
		return "the server ended the conversation without a word"
	}
	return brief.Line(e.said)
}

func (e *serverError) Unwrap() error { return e.err }

// uploadPack is a conversation with git-upload-pack.
type uploadPack struct{ *conversation }

var _ transport.UploadPackSession = uploadPack{}

// UploadPack implements transport.UploadPackSession.
func (u uploadPack) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	err := u.await(ctx, func() error {
		if err := req.UploadRequest.Encode(u.in); err != nil {
			return err
		}
		if err := req.UploadHaves.Encode(u.in, false); err != nil {
			return err
		}
		return pktline.NewEncoder(u.in).EncodeString("done\n")
	})
	if over := u.over(ctx); over != nil {
		return nil, over
	}
	if err != nil {
		return nil, u.explain(err)
	}
	res := packp.NewUploadPackResponse(req)
	out, err := u.bounds.answer(u.out)
	if err == nil {
		err = res.Decode(io.NopCloser(out))
	}
	if err != nil {
		if over := u.over(ctx); over != nil {
			return nil, over
		}
		if said := u.stderr.String(); said != "" {
			return nil, fmt.Errorf("%w: %s", err, brief.Line(said))
		}
		return nil, err
	}
	return res, nil
}

// sayGoodbye sends a flush packet. A server may not take it: over SSH it says how
// much it takes.
func (u *conversation) sayGoodbye() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		_ = pktline.NewEncoder(u.in).Flush()
		_ = u.in.Close()
	}()
	select {
	case <-said:
	case <-time.After(lastWords):
	}
}

// Close implements io.Closer. A flush packet ends a conversation in which
// nothing was asked for.
func (u *conversation) Close() error {
	u.once.Do(func() {
		if u.stop != nil {
			u.stop()
		}
		if u.out != nil {
			_ = u.out.Close() // for the pump
		}
		if u.in != nil && (u.ctx == nil || u.ctx.Err() == nil) {
			u.sayGoodbye()
		}
		_ = u.sess.Close()
		if u.cancel != nil {
			u.cancel(nil)
		}
		u.free()
	})
	return nil
}
