package main

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vxlite/vxlite/internal/testkit"
)

// startHTTPS starts a git server over TLS whose certificate is good but for its
// authority, or as KIND says, and leaves its address in HTTPS_URL, and its
// authority in FILE: https FILE [expired|name].
func (w *world) startHTTPS(ts *testscript.TestScript, neg bool, args []string) {
	change := map[string]func(*x509.Certificate){
		"":        nil,
		"expired": func(c *x509.Certificate) { c.NotAfter = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC) },
		"name":    func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"git.corp"}, []net.IP{} },
	}
	kind := strings.Join(args[1:], " ")
	if _, ok := change[kind]; neg || !ok {
		ts.Fatalf("usage: https FILE [expired|name]")
	}
	ctx, cancel := context.WithCancel(context.Background())
	b, err := testkit.StartHTTPBackend(ctx, testkit.HTTPBackendOptions{Repos: w.repos, TLS: true, Certificate: change[kind]})
	ts.Check(err)
	ts.Defer(func() { b.Close(); cancel() })
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.CA, 0o644))
	ts.Setenv("HTTPS_URL", b.URL+"/")
}

// sshServer is the OpenSSH server that a script's variables name.
type sshServer struct{ *testkit.SSHD }

func (c *sshServer) use(s *testkit.SSHD, setenv func(name, value string)) {
	c.SSHD = s
	setenv("SSH_URL", s.URL(""))
	setenv("SSH_ADDR", s.Addr)
	setenv("SSH_USER", s.User)
	setenv("SSH_KEY", s.Key)
	setenv("SSH_KNOWN_HOSTS", s.KnownHosts)
	_, port, _ := strings.Cut(s.Addr, ":")
	setenv("SSH_PORT", port)
}

// startSSHD starts an OpenSSH server for one script alone, with lines in its
// sshd_config, and has SSH_URL and its like name it: sshd [LINE…]
func (w *world) startSSHD(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: sshd [LINE…]")
	}
	dir, err := os.MkdirTemp(ts.Getenv("TMPDIR"), "sshd")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	s, err := testkit.StartSSHD(ctx, testkit.SSHDOptions{Dir: filepath.Clean(dir), Repos: w.repos, Config: args})
	ts.Check(err)
	ts.Defer(func() { s.Close(); cancel() })
	ts.Value("sshd").(*sshServer).use(s, ts.Setenv)
}

// startPush starts servers over SSH and over HTTP that take pushes to the bare
// repositories in a folder, and has SSH_URL, HTTP_URL and their like name them:
// pushservers FOLDER
func (w *world) startPush(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pushservers FOLDER")
	}
	dir, err := os.MkdirTemp(ts.Getenv("TMPDIR"), "sshd")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	s, err := testkit.StartSSHD(ctx, testkit.SSHDOptions{Dir: filepath.Clean(dir), Repos: ts.MkAbs(args[0]), Push: true})
	ts.Check(err)
	b, err := testkit.StartHTTPBackend(ctx, testkit.HTTPBackendOptions{Repos: ts.MkAbs(args[0]), Push: true, Username: httpUser, Password: httpPassword})
	ts.Check(err)
	ts.Defer(func() { s.Close(); b.Close(); cancel() })
	ts.Value("sshd").(*sshServer).use(s, ts.Setenv)
	ts.Setenv("HTTP_URL", b.URL+"/")
	ts.Setenv("HTTP_HOST", strings.TrimPrefix(b.URL, "http://"))
}
