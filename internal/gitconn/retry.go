package gitconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/openssh"
)

// StallError is a server that has sent nothing for too long.
type StallError struct{ After time.Duration }

// Error implements error.
func (e *StallError) Error() string {
	return fmt.Sprintf("the server has sent nothing for %v", e.After)
}

// Hints shows the key.
func (e *StallError) Hints() []string {
	return []string{moreTime("timeout", e.After)}
}

// ConnectError is a connection that was not there in time.
type ConnectError struct{ After time.Duration }

// Error implements error.
func (e *ConnectError) Error() string { return fmt.Sprintf("no answer within %v", e.After) }

// Hints shows the key.
func (e *ConnectError) Hints() []string {
	return []string{moreTime("connect_timeout", e.After)}
}

const (
	// firstWait is before the first new attempt; each one after it is twice as long.
	firstWait = time.Second
	// longestWait bounds that, and what a server may ask for by Retry-After.
	longestWait = time.Minute
)

// unreachable is a failure that is a host's and not a repository's.
type unreachable struct {
	addr string
	err  error
}

func (e *unreachable) Error() string { return e.err.Error() }

func (e *unreachable) Unwrap() error { return e.err }

func (e *unreachable) cause() string { return e.addr }

// FarError is a public host that no connection can be made to.
type FarError struct {
	Host string
	Err  error
}

// Error implements error.
func (e *FarError) Error() string { return e.Err.Error() }

// Unwrap returns the failure to connect.
func (e *FarError) Unwrap() error { return e.Err }

// Hints tells those who cannot reach the host what is for them.
func (e *FarError) Hints() []string {
	return []string{fmt.Sprintf("where %[1]s is out of reach, name what stands in for it: --mirror https://%[1]s/=URL-or-FOLDER/, or [mirrors] in the config", e.Host)}
}

// outOfReach makes a FarError of a failure to connect to one of the hosts that
// everybody's configs name.
func outOfReach(host string, err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "dial" {
		return err
	}
	switch host {
	case "github.com", "gitlab.com", "bitbucket.org":
		return &FarError{host, err}
	}
	return err
}

// pause waits for d or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passes decides whether a failure may pass, and how long to wait before the
// next attempt. What was refused with a reason is refused again: credentials,
// host keys, certificates, repositories, refs and limits. Of the failures of
// several remotes, one that may pass is enough.
func passes(err error, attempt int) (wait time.Duration, ok bool) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			if w, may := passes(err, attempt); may {
				wait = max(wait, w)
			}
		}
		return wait, wait > 0
	}
	if !isPassing(err) {
		return 0, false
	}
	wait = min(firstWait<<min(attempt, 10), longestWait)
	if a, ok := errors.AsType[*AnswerError](err); ok {
		wait = min(max(wait, a.RetryAfter), longestWait)
	}
	return wait, true
}

func isPassing(err error) bool {
	var stall *StallError
	var slow *SlowError
	var connect *ConnectError
	var damaged *gitpack.Error
	var answer *AnswerError
	var dns *net.DNSError
	var said *serverError
	var exit *ssh.ExitMissingError
	var timeout net.Error
	var proxy *openssh.ProxyCommandError
	switch {
	case errors.As(err, &proxy):
		return proxy.Passing()
	case errors.As(err, &answer):
		return isPassingStatus(answer.code)
	case errors.As(err, &said) && said.said != "":
		return false
	case errors.As(err, &dns):
		return dns.IsTimeout || dns.IsTemporary
	case errors.As(err, &stall), errors.As(err, &connect), errors.As(err, &slow), errors.As(err, &damaged), errors.As(err, &exit),
		errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, gitpack.ErrEmpty), errors.Is(err, net.ErrClosed),
		slices.ContainsFunc(brokenConnection, func(broken syscall.Errno) bool { return errors.Is(err, broken) }):
		return true
	case errors.As(err, &timeout) && timeout.Timeout():
		return true
	}
	// net/http has no name for a connection that ends before the request is sent.
	return strings.Contains(err.Error(), "http: server closed idle connection")
}

// isPassingStatus are the answers that ask for patience.
func isPassingStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter reads the header of that name: seconds, or a time. See RFC 9110,
// section 10.2.3.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(header); err == nil && n >= 0 {
		return time.Duration(min(n, int(longestWait/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// silence is how long nothing may come from a server. While something is sent to
// it, it need not say anything.
type silence struct {
	longest time.Duration
	sent    atomic.Int64 // when something last was, in nanoseconds since 1970
}

// watch calls stalled when there was silence for too long, unless end is called
// before.
func (s *silence) watch(stalled func()) (end func()) {
	var mu sync.Mutex
	var t *time.Timer
	ended := false
	mu.Lock()
	defer mu.Unlock()
	t = time.AfterFunc(s.longest, func() {
		mu.Lock()
		defer mu.Unlock()
		left := s.longest - time.Since(time.Unix(0, s.sent.Load()))
		switch {
		case ended:
		case left > 0:
			t.Reset(left)
		default:
			stalled()
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
		t.Stop()
	}
}

// moved says that something was sent.
func (s *silence) moved() { s.sent.Store(time.Now().UnixNano()) }

// patientReader reports a server that lets a reader wait for too long: stalled
// is called, which has to make the Read return.
type patientReader struct {
	r       io.Reader
	silence *silence
	stalled func()
}

// Read implements io.Reader.
func (p *patientReader) Read(b []byte) (int, error) {
	defer p.silence.watch(p.stalled)()
	return p.r.Read(b)
}

// sentReader notes what is read of it as sent.
type sentReader struct {
	io.ReadCloser
	silence *silence
}

// Read implements io.Reader.
func (s sentReader) Read(b []byte) (int, error) {
	s.silence.moved()
	return s.ReadCloser.Read(b)
}

// patient bounds how long a request's answer may stay silent, before its
// header and within its body.
type patient struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	s := &silence{longest: p.timeout}
	stalled := func() { cancel(&StallError{p.timeout}) }
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = sentReader{req.Body, s}
	}
	heard := s.watch(stalled)
	res, err := p.next.RoundTrip(req)
	heard()
	if err != nil {
		err = cause(ctx, err)
		cancel(nil)
		return nil, err
	}
	res.Body = &patientBody{ctx: ctx, body: res.Body, end: cancel, r: patientReader{res.Body, s, stalled}}
	return res, nil
}

// Unwrap returns what makes the requests.
func (p patient) Unwrap() http.RoundTripper { return p.next }

// CloseIdleConnections is what [http.Client] looks for.
func (p patient) CloseIdleConnections() {
	if c, ok := p.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type patientBody struct {
	ctx  context.Context // the request's
	body io.ReadCloser
	end  context.CancelCauseFunc
	r    patientReader
}

// Read implements io.Reader.
func (b *patientBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = cause(b.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *patientBody) Close() error {
	err := b.body.Close()
	b.end(nil)
	return err
}
