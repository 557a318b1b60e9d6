package gitconn

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"golang.org/x/net/http/httpproxy"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/limit"
)

// httpPool talks git's smart HTTP, and remembers which credential a host took.
type httpPool struct {
	client    *http.Client
	transport transport.Transport
	creds     *giturl.Credentials

	mu     sync.Mutex
	worked map[string]giturl.Credential // by scheme://host:port
}

func newHTTPPool(env Env, git config.Git, limits config.Limits, sink event.Sink) (*httpPool, error) {
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.Proxy = proxyOf(env)
	tr.MaxIdleConnsPerHost = 16
	tr.MaxResponseHeaderBytes = mostOfHeader
	tr.DialContext = (&net.Dialer{Timeout: git.Patience.ConnectTimeout}).DialContext
	tr.TLSHandshakeTimeout = git.Patience.ConnectTimeout
	if git.CAFile != "" {
		pool, err := certPool(git.CAFile)
		if err != nil {
			return nil, git.CAPlace.Wrap(err)
		}
		tr.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	client := &http.Client{Transport: patient{tr, git.Patience.Timeout}}
	return &httpPool{
		client:    client,
		transport: githttp.NewClient(&http.Client{Transport: gitOnly{client.Transport, bounds{limits, git.Patience}}}),
		creds:     &giturl.Credentials{Env: env, Git: git, Sink: sink},
		worked:    map[string]giturl.Credential{},
	}, nil
}

// proxyOf decides by the variables that every program has for it. The standard
// library's own function asks the process's environment, once.
func proxyOf(env Env) func(*http.Request) (*url.URL, error) {
	either := func(upper, lower string) string {
		if v, ok := env(upper); ok && v != "" {
			return v
		}
		v, _ := env(lower)
		return v
	}
	all := either("ALL_PROXY", "all_proxy") // which curl, and so git, knows besides
	cfg := httpproxy.Config{
		HTTPProxy:  cmp.Or(either("HTTP_PROXY", "http_proxy"), all),
		HTTPSProxy: cmp.Or(either("HTTPS_PROXY", "https_proxy"), all),
		NoProxy:    either("NO_PROXY", "no_proxy"),
	}
	_, cfg.CGI = env("REQUEST_METHOD") // HTTP_PROXY is a request's header there
	proxy := cfg.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return proxy(r.URL) }
}

// certPool returns the system's authorities and those in file.
func certPool(file string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := disk.ReadText(file)
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", file)
	}
	return pool, nil
}

func (p *httpPool) close() { p.client.CloseIdleConnections() }

// opener makes a conversation of one kind. It asks the server nothing yet.
type opener[S transport.Session] func(transport.Transport, *transport.Endpoint, transport.AuthMethod) (S, error)

// session opens a conversation, with the first credential that the server
// takes. Where the path is not found, PATH.git is tried, as git servers that
// serve plain folders need it.
func session[S transport.Session](ctx context.Context, p *httpPool, remote giturl.Remote, open opener[S]) (S, *packp.AdvRefs, error) {
	sess, adv, err := authenticate(ctx, p, remote, open)
	if errors.Is(err, transport.ErrRepositoryNotFound) && !strings.HasSuffix(remote.Path, ".git") {
		retry := remote
		retry.Path = strings.TrimSuffix(remote.Path, "/") + ".git"
		if sess, adv, err2 := authenticate(ctx, p, retry, open); err2 == nil || !errors.Is(err2, transport.ErrRepositoryNotFound) {
			return sess, adv, p.explain(ctx, retry, err2)
		}
	}
	return sess, adv, p.explain(ctx, remote, err)
}

// authenticate tries the credentials in order.
func authenticate[S transport.Session](ctx context.Context, p *httpPool, remote giturl.Remote, open opener[S]) (none S, _ *packp.AdvRefs, _ error) {
	host := remote.Scheme + "://" + remote.HostPort()
	remote = p.creds.WithOwn(remote)
	// What a URL brings is for that URL, and no other's is for it: a forge says
	// "not found" to a token that may not see a repository.
	own := remote.User != "" || remote.Password != ""
	p.mu.Lock()
	cred, known := p.worked[host]
	p.mu.Unlock()
	var tried []string
	if known && !own {
		sess, adv, err := ask(ctx, p, remote, cred, open)
		if !isDenied(err) {
			return sess, adv, err
		}
	}
	for cred := range p.creds.Candidates(ctx, remote) {
		sess, adv, err := ask(ctx, p, remote, cred, open)
		if isDenied(err) {
			tried = append(tried, fmt.Sprintf("%s (%s)", cred.Origin, status(err)))
			continue
		}
		if err == nil && !own {
			p.mu.Lock()
			p.worked[host] = cred
			p.mu.Unlock()
		}
		return sess, adv, err
	}
	return none, nil, &AuthError{URL: remote.String(), Tried: tried, hints: []string{
		config.Snippet("put a credential into ~/.netrc, or name one in the config", fmt.Sprintf("[git.credentials.%q]", remote.Host), config.Setting{Key: "username", Value: "USER"}, config.Setting{Key: "password", Value: "${TOKEN}"}),
	}}
}

func isDenied(err error) bool {
	return errors.Is(err, transport.ErrAuthenticationRequired) || errors.Is(err, transport.ErrAuthorizationFailed)
}

func status(err error) string {
	if errors.Is(err, transport.ErrAuthorizationFailed) {
		return "403"
	}
	return "401"
}

// ask opens a conversation with one credential.
func ask[S transport.Session](ctx context.Context, p *httpPool, remote giturl.Remote, cred giturl.Credential, open opener[S]) (none S, _ *packp.AdvRefs, _ error) {
	port, _ := strconv.Atoi(remote.Port)
	host := remote.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	path := strings.TrimRight(remote.Path, "/") // go-git puts "/info/refs" behind it
	ep := &transport.Endpoint{Protocol: remote.Scheme, Host: host, Port: port, Path: path}
	var auth transport.AuthMethod
	if cred.Username != "" || cred.Password != "" {
		auth = &githttp.BasicAuth{Username: cred.Username, Password: string(cred.Password)}
	}
	sess, err := open(p.transport, ep, auth)
	if err != nil {
		return none, nil, err
	}
	adv, err := sess.AdvertisedReferencesContext(ctx)
	if err != nil {
		sess.Close()
		return none, nil, err
	}
	return sess, adv, nil
}

// explain words what went wrong.
func (p *httpPool) explain(ctx context.Context, remote giturl.Remote, err error) error {
	var auth *AuthError
	var answer *AnswerError
	var tooMuch *limit.Error
	var format *gitpack.ObjectFormatError
	var cert *tls.CertificateVerificationError
	var uerr *url.Error
	var wrapped *plumbing.UnexpectedError // which does not unwrap
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	switch {
	case err == nil, errors.As(err, &auth):
		return err
	case errors.As(err, &tooMuch):
		return At(remote, tooMuch)
	case errors.As(err, &format):
		return At(remote, format)
	case errors.As(err, &answer):
		answer.URL = remote.String()
		return answer
	case ctx.Err() != nil:
		return At(remote, context.Cause(ctx))
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return &NoRepositoryError{URL: remote.String()}
	case errors.As(err, &cert):
		return &TLSError{URL: remote.String(), CAFile: p.creds.Git.CAFile, Err: cert.Err}
	case errors.As(err, &uerr):
		err = uerr.Err // the URL stands in front already
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		err = &unreachable{remote.HostPort(), outOfReach(remote.Host, err)}
	}
	return At(remote, err)
}
