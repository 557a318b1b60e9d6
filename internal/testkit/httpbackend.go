package testkit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// HTTPBackendOptions say what a git server over HTTP offers.
type HTTPBackendOptions struct {
	// Repos is the directory that [BuildRepos] wrote.
	Repos string
	// Push lets repositories be pushed to.
	Push bool
	// Username and Password are asked for, unless both are empty.
	Username, Password string
	// TLS makes it https, with a certificate that only CA vouches for.
	TLS bool
	// Certificate changes what the certificate says, before it is signed.
	Certificate func(*x509.Certificate)
}

// HTTPBackend is git's own HTTP server on the loopback interface.
type HTTPBackend struct {
	// URL is what repositories' paths are put behind; it has no slash at its end.
	URL string
	// CA is the PEM certificate to trust, where TLS was asked for.
	CA []byte

	options  HTTPBackendOptions
	server   *http.Server
	git      cgi.Handler
	requests record[HTTPRequest]
	stderr   buffer
}

// HTTPRequest is a request that a git server got.
type HTTPRequest struct {
	Method string
	URL    string // with the query
	// Username is the one the client gave.
	Username string
	// Refused says that the credentials were not right.
	Refused bool
}

// StartHTTPBackend starts a git server, which ends with ctx or at Close.
func StartHTTPBackend(ctx context.Context, o HTTPBackendOptions) (*HTTPBackend, error) {
	git, err := findHTTPBackend(ctx)
	if err != nil {
		return nil, err
	}
	repos, err := filepath.Abs(o.Repos)
	if err != nil {
		return nil, err
	}
	b := &HTTPBackend{options: o}
	push := "http.receivepack=false"
	if o.Push {
		push = "http.receivepack=true"
	}
	b.git = cgi.Handler{
		Path: git,
		// See sshdScript for safe.directory.
		Args:   []string{"-c", "safe.directory=*", "-c", push, "http-backend"},
		Env:    []string{"GIT_PROJECT_ROOT=" + repos, "GIT_HTTP_EXPORT_ALL=1"},
		Stderr: &b.stderr,
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.URL = "http://" + l.Addr().String()
	if o.TLS {
		b.URL = "https://" + l.Addr().String()
		var cert tls.Certificate
		if cert, b.CA, err = newCertificate(o.Certificate); err != nil {
			l.Close()
			return nil, err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(&b.stderr, "", 0)}
	go b.server.Serve(l)
	context.AfterFunc(ctx, b.Close)
	return b, nil
}

// Close ends the server.
func (b *HTTPBackend) Close() { b.server.Close() }

// Requests are the requests so far, in order.
func (b *HTTPBackend) Requests() []HTTPRequest { return b.requests.all() }

// Log is what went wrong, as git and the HTTP server tell it.
func (b *HTTPBackend) Log() string { return b.stderr.String() }

// ServeHTTP implements [http.Handler].
func (b *HTTPBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	username, password, _ := r.BasicAuth()
	refused := b.options.Username+b.options.Password != "" &&
		(!same(username, b.options.Username) || !same(password, b.options.Password))
	b.requests.add(HTTPRequest{
		Method:   r.Method,
		URL:      r.URL.RequestURI(),
		Username: username,
		Refused:  refused,
	})
	if refused {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	// CGI knows no body without a length.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	b.git.ServeHTTP(w, r)
}

// findHTTPBackend is the git program, if its HTTP server is there: some systems
// package that apart.
func findHTTPBackend(ctx context.Context) (string, error) {
	git, err := findGit()
	if err != nil {
		return "", err
	}
	dir, err := exec.CommandContext(ctx, git, "--exec-path").Output()
	if err != nil {
		return "", fmt.Errorf("git --exec-path: %w", err)
	}
	if _, err := exec.LookPath(filepath.Join(strings.TrimSpace(string(dir)), "git-http-backend")); err != nil {
		return "", &MissingError{Program: "git http-backend", Install: "git with its daemons (Alpine: git-daemon)", Err: err}
	}
	return git, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// newCertificate makes a certificate for 127.0.0.1 that vouches for itself, but
// for what change does with it.
func newCertificate(change func(*x509.Certificate)) (cert tls.Certificate, ca []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "vxlite test"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return cert, nil, err
	}
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca, nil
}
