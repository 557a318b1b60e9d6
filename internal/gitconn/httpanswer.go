package gitconn

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
)

// gitOnly lets through the answers that go-git can read, or has words for, and
// refuses the rest: a page of HTML is no broken packet, and an error need not
// bring a page along.
type gitOnly struct {
	next   http.RoundTripper
	bounds bounds
}

// RoundTrip implements http.RoundTripper.
func (g gitOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	push := pushOf(req)
	if push != nil {
		var err error
		if req, err = push.complete(req); err != nil {
			return nil, err
		}
	}
	res, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400: // followed by the client
		return res, nil
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden, res.StatusCode == http.StatusNotFound:
		res.Body = limited(res.Body)
		return res, nil
	case res.StatusCode >= 300:
	case req.Method == http.MethodGet && (kind == "application/x-git-upload-pack-advertisement" || kind == "application/x-git-receive-pack-advertisement"):
		res.Body = readCloser{g.bounds.refs(res.Body), res.Body}
		return res, nil
	case push != nil && kind == "application/x-git-receive-pack-result":
		push.answer = g.bounds.report(res.Body, push.refs)
		res.Body = readCloser{push.answer, res.Body}
		return res, nil
	case kind == "application/x-git-upload-pack-result":
		body, err := g.bounds.answer(res.Body)
		if err != nil {
			res.Body.Close()
			return nil, err
		}
		res.Body = readCloser{body, res.Body}
		return res, nil
	}
	defer res.Body.Close()
	return nil, newAnswerError(res, kind)
}

// mostOfPage bounds what is read of an answer that is not git's, mostOfHeader the
// header of any answer, in bytes.
const (
	mostOfPage   = 64 << 10
	mostOfHeader = 256 << 10
)

func limited(body io.ReadCloser) io.ReadCloser {
	return readCloser{io.LimitReader(body, mostOfPage), body}
}

type readCloser struct {
	io.Reader
	io.Closer
}

// AnswerError is an answer that is not git's.
type AnswerError struct {
	URL string // of the repository
	// Status is the code and its name, Kind the media type, or empty.
	Status, Kind string
	// At is where redirects led to, without a query; empty where they did not.
	At string
	// Said is the first line of a plain text.
	Said string
	// RetryAfter is how long the server asks to be left alone.
	RetryAfter time.Duration
	host       string
	code       int
	ok         bool
}

// cause is the host for what passes with it: the rest is a repository's own.
func (e *AnswerError) cause() string {
	if !isPassingStatus(e.code) {
		return ""
	}
	return giturl.HostOf(e.URL) + ": " + e.Status
}

func newAnswerError(res *http.Response, kind string) *AnswerError {
	e := &AnswerError{Status: brief.Line(res.Status), Kind: brief.Line(kind), host: res.Request.URL.Hostname(), ok: res.StatusCode < 300,
		code: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	if res.Request.Response != nil { // a redirect came before
		at := *res.Request.URL
		at.User, at.RawQuery, at.Fragment = nil, "", ""
		e.At = brief.Line(at.String())
	}
	if kind == "text/plain" {
		const longest = 200 // bytes; what is longer is no sentence
		text, _ := io.ReadAll(io.LimitReader(res.Body, mostOfPage))
		if line := brief.FirstLine(string(text)); len(line) <= longest && !giturl.HasControl(line) {
			e.Said = line
		}
	}
	return e
}

// Error implements error.
func (e *AnswerError) Error() string {
	at := ""
	if e.At != "" {
		at = " at " + e.At
	}
	if !e.ok {
		s := fmt.Sprintf("%s: the server answers %s%s", e.URL, e.Status, at)
		if e.Said != "" {
			s += ": " + e.Said
		}
		return s
	}
	what := "something without a type"
	switch {
	case e.Kind == "text/html":
		what = "a page of HTML"
	case e.Kind != "":
		what = e.Kind
	}
	return fmt.Sprintf("%s: the server does not speak git there: it answers %s with %s%s", e.URL, e.Status, what, at)
}

// Hints says what a page in the place of a repository may mean.
func (e *AnswerError) Hints() []string {
	if !e.ok {
		return nil
	}
	hints := []string{"check the URL: it has to be the one that git clones from"}
	if e.Kind == "text/html" {
		hints = append(hints, config.Snippet("a page to log in is such an answer too: name a credential in the config", fmt.Sprintf("[git.credentials.%q]", e.host), config.Setting{Key: "username", Value: "USER"}, config.Setting{Key: "password", Value: "${TOKEN}"}))
	}
	return hints
}
