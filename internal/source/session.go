package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh"
)

// uploadPack is a conversation with git-upload-pack over one channel of a
// shared SSH connection. go-git's own SSH transport makes a connection for
// each conversation, and a handshake costs a tenth of a second.
type uploadPack struct {
	sess   *ssh.Session
	in     io.WriteCloser
	out    io.Reader
	stderr lines
	adv    *packp.AdvRefs
	free   func()
	once   sync.Once
	stop   func() bool // undoes the watch on the context
}

var _ transport.UploadPackSession = (*uploadPack)(nil)

// start runs git-upload-pack for path and reads what the server advertises.
func (u *uploadPack) start(ctx context.Context, path string) error {
	var err error
	if u.in, err = u.sess.StdinPipe(); err != nil {
		return err
	}
	if u.out, err = u.sess.StdoutPipe(); err != nil {
		return err
	}
	u.sess.Stderr = &u.stderr
	u.stop = context.AfterFunc(ctx, func() { _ = u.sess.Close() })
	if err := u.sess.Start("git-upload-pack " + shellQuote(path)); err != nil {
		return err
	}
	_, err = u.AdvertisedReferencesContext(ctx)
	return err
}

// shellQuote quotes for the POSIX shell that a server hands commands to.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// AdvertisedReferences implements transport.Session.
func (u *uploadPack) AdvertisedReferences() (*packp.AdvRefs, error) {
	return u.AdvertisedReferencesContext(context.Background())
}

// AdvertisedReferencesContext implements transport.Session.
func (u *uploadPack) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if u.adv != nil {
		return u.adv, nil
	}
	adv := packp.NewAdvRefs()
	if err := adv.Decode(u.out); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, u.explain(err)
	}
	transport.FilterUnsupportedCapabilities(adv.Capabilities)
	u.adv = adv
	return adv, nil
}

// explain prefers what the server said over what the protocol made of it.
func (u *uploadPack) explain(err error) error {
	_ = u.sess.Wait() // so that all of standard error is there
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
	return e.said
}

func (e *serverError) Unwrap() error { return e.err }

// UploadPack implements transport.UploadPackSession.
func (u *uploadPack) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	if err := req.UploadRequest.Encode(u.in); err != nil {
		return nil, u.explain(err)
	}
	if err := pktline.NewEncoder(u.in).EncodeString("done\n"); err != nil {
		return nil, u.explain(err)
	}
	res := packp.NewUploadPackResponse(req)
	if err := res.Decode(io.NopCloser(u.out)); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if said := u.stderr.String(); said != "" {
			return nil, fmt.Errorf("%w: %s", err, said)
		}
		return nil, err
	}
	return res, nil
}

// Close implements io.Closer. A flush packet ends a conversation in which
// nothing was asked for.
func (u *uploadPack) Close() error {
	u.once.Do(func() {
		if u.stop != nil {
			u.stop()
		}
		if u.in != nil {
			_ = pktline.NewEncoder(u.in).Flush()
			_ = u.in.Close()
		}
		_ = u.sess.Close()
		u.free()
	})
	return nil
}

// lines keeps the beginning of what a server writes to standard error.
type lines struct {
	mu  sync.Mutex
	buf []byte
}

func (l *lines) Write(p []byte) (int, error) {
	const most = 4 << 10 // bytes; a banner can be long, an error is not
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := most - len(l.buf); n > 0 {
		l.buf = append(l.buf, p[:min(n, len(p))]...)
	}
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.buf))
}
