package source

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestSSHWeak has OpenSSH servers that offer but weak algorithms for one thing.
// Each is refused, with what it offers and what would do; with a safe one beside
// them, that one is taken.
func TestSSHWeak(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	safe := ssh.SupportedAlgorithms()
	for _, tt := range []struct {
		name     string
		config   string
		rsa      bool
		what     string // of which there is none; empty where all is well
		offered  string
		accepted []string
	}{
		{name: "key exchange", config: "KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1", what: "key exchange",
			offered: "diffie-hellman-group1-sha1, diffie-hellman-group14-sha1", accepted: safe.KeyExchanges},
		{name: "cipher", config: "Ciphers 3des-cbc,aes128-cbc", what: "client to server cipher", offered: "3des-cbc, aes128-cbc", accepted: safe.Ciphers},
		{name: "MAC", config: "Ciphers aes128-ctr\nMACs hmac-md5,hmac-sha1-96", what: "client to server MAC", offered: "hmac-md5, hmac-sha1-96", accepted: safe.MACs},
		{name: "host key with SHA-1", rsa: true, config: "HostKeyAlgorithms ssh-rsa", what: "host key", offered: "ssh-rsa",
			accepted: []string{"rsa-sha2-512", "rsa-sha2-256"}},
		{name: "the same key with SHA-2", rsa: true, config: "HostKeyAlgorithms ssh-rsa,rsa-sha2-256"},
		{name: "a safe one behind weak ones", config: "KexAlgorithms diffie-hellman-group1-sha1,curve25519-sha256\nCiphers 3des-cbc,aes128-ctr\nMACs hmac-md5,hmac-sha2-256"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: repos, RSA: tt.rsa, Config: strings.Split(tt.config, "\n")})
			c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
			_, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
			if tt.what == "" {
				if err != nil {
					t.Errorf("%v\n%s", err, s.Log())
				}
				return
			}
			testkit.WantError(t, err, weakError(s.User+"@"+s.Addr, tt.what, tt.offered, tt.accepted), weakHint)
		})
	}
}

const weakHint = "weak algorithms are refused, as OpenSSH's ssh refuses them: have the server's administrator allow one that is accepted, or fetch from another mirror or over https"

func weakError(host, what, offered string, accepted []string) string {
	return "ssh " + host + ": the server has no " + what + " algorithm that is accepted: it offers " + offered + "; accepted are " + strings.Join(accepted, ", ")
}

// dsaKey is a host key of a kind that OpenSSH no longer makes. Nobody gets so far
// as to have it sign.
type dsaKey struct{ ssh.Signer }

func (dsaKey) PublicKey() ssh.PublicKey { return dsaPublic{} }

type dsaPublic struct{ ssh.PublicKey }

func (dsaPublic) Type() string { return "ssh-dss" }

// dsaBlob is a public key of DSA, as known_hosts has it.
func dsaBlob() []byte {
	return ssh.Marshal(struct {
		Kind       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", prime(1024), prime(160), big.NewInt(2), big.NewInt(4)})
}

// prime is a number of that many bits. Nobody checks that it is one.
func prime(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.Add(n, big.NewInt(1))
}

// TestSSHWeakKnown has a server of which a key of DSA is known and that has
// another now: it has not changed, as what is known does not count.
func TestSSHWeakKnown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &ssh.ServerConfig{NoClientAuth: true}
	cfg.AddHostKey(signer)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _, _, _ = ssh.NewServerConn(conn, cfg)
			conn.Close()
		}
	}()
	addr := l.Addr().String()
	host, port, _ := net.SplitHostPort(addr)
	file := filepath.Join(t.TempDir(), "known_hosts")
	testkit.WriteFile(t, file, "["+host+"]:"+port+" ssh-dss "+base64.StdEncoding.EncodeToString(dsaBlob())+"\n")
	c := newClient(t, Options{Git: config.Git{KnownHosts: []string{file}}})
	_, err = c.Find(t.Context(), Request{URL: "ssh://git@" + addr + "/lib", Choose: refuse(t)})
	testkit.WantError(t, err, "ssh git@"+addr+": the server has no host key of the kind that is known for it: known is ssh-dss (in "+file+"), the server offers ssh-ed25519",
		"ask the host's administrator for its key of another kind, and add its line to "+file,
		"ssh-keyscan -p "+port+" "+host+" prints such lines; compare what it prints before you trust it")
}

// TestSSHWeakDSA has a server whose only host key is one of DSA, whatever is
// known of it.
func TestSSHWeakDSA(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := &ssh.ServerConfig{NoClientAuth: true}
	cfg.AddHostKey(dsaKey{})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _, _, _ = ssh.NewServerConn(conn, cfg)
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	addr := l.Addr().String()
	for _, tt := range []struct {
		name, known string
		accepted    []string
	}{
		{"unknown", "", slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(a string) bool { return strings.Contains(a, "-cert-") })},
		{"known by another kind", knownhosts.Line([]string{addr}, newKey(t)), []string{ssh.KeyAlgoED25519}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "known_hosts")
			testkit.WriteFile(t, file, tt.known+"\n")
			c := newClient(t, Options{Git: config.Git{KnownHosts: []string{file}}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			_, err := c.Find(ctx, Request{URL: "ssh://git@" + addr + "/lib", Choose: refuse(t)})
			testkit.WantError(t, err, weakError("git@"+addr, "host key", "ssh-dss", tt.accepted), weakHint)
		})
	}
}
