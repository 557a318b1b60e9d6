package source

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// openSSH runs OpenSSH's client with nothing but the options that are given,
// and reports whether it took the server's key.
func openSSH(t *testing.T, s *testkit.SSHD, options ...string) bool {
	t.Helper()
	program, err := exec.LookPath("ssh")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "ssh", Install: "OpenSSH's client (openssh-client)", Err: err})
	}
	args := []string{"-F", "none", "-i", s.Key, "-p", testkit.Port(t, s.Addr)}
	for _, o := range append(options, "GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
		"KexAlgorithms=curve25519-sha256") { // what it prefers takes a tenth of a second on either side
		args = append(args, "-o", o)
	}
	out, err := exec.CommandContext(t.Context(), program, append(args, s.User+"@127.0.0.1", "true")...).CombinedOutput()
	t.Logf("ssh: %v\n%s", err, out)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("ssh: %v", err)
	}
	// The server runs but one program, and says so with 1; ssh's own errors are 255.
	return exit.ExitCode() == 1
}

// hostCertificate gives a server a certificate, signed by an authority.
func hostCertificate(t *testing.T, s *testkit.SSHD, authority ssh.Signer, change func(*ssh.Certificate)) {
	t.Helper()
	cert := &ssh.Certificate{Key: s.HostKey, CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity}
	if change != nil {
		change(cert)
	}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(s.KnownHosts)
	testkit.WriteFile(t, filepath.Join(dir, "certificate"), string(ssh.MarshalAuthorizedKey(cert)))
	testkit.ConfigureSSHD(t, dir, "HostCertificate "+filepath.Join(dir, "certificate"))
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "authority")
	if _, err := testkit.WriteKey(file); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// rsaSigner signs with SHA-1, or with SHA-2.
func rsaSigner(t *testing.T, algorithm string) ssh.Signer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	only, err := ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{algorithm})
	if err != nil {
		t.Fatal(err)
	}
	return only
}

// TestKnownHostsAsOpenSSH asks OpenSSH's client about each file too. In the
// files, KEY and OTHER are keys, CA an authority's, and PORT the server's port.
func TestKnownHostsAsOpenSSH(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	other := newKey(t)
	hashed := knownhosts.HashHostname
	ed25519, sha1, sha2 := newSigner(t), rsaSigner(t, ssh.KeyAlgoRSA), rsaSigner(t, ssh.KeyAlgoRSASHA512)
	text := func(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }
	const unknown, unread, changed, revoked = "the host key is unknown: ", "cannot be read: ", "the host key has changed: ", "the host key is marked as revoked: "
	const onlyAuthority, refused = " has an authority for the host's certificate and no key of its own, and the server has no certificate: it offers ssh-ed25519", "the host's certificate is refused: "
	hour := uint64(time.Now().Add(-time.Hour).Unix())
	for _, tt := range []struct {
		name      string
		known     string
		alias     string // HostKeyAlias
		authority ssh.Signer
		change    func(*ssh.Certificate)
		rsa       bool
		want      string // in the error; empty where the server is taken
	}{
		{name: "host and port", known: "[127.0.0.1]:PORT KEY"},
		{name: "a comment of several words", known: "[127.0.0.1]:PORT KEY set up by Ann in 2024"},
		{name: "an RSA1 key before it", known: "git.corp 1024 35 1414213562373095\n[127.0.0.1]:PORT KEY"},
		{name: "an RSA1 key for it", known: "[127.0.0.1]:PORT 1024 35 1414213562373095", want: unread},
		{name: "an RSA1 key for it, and a good one", known: "[127.0.0.1]:PORT 1024 35 1414213562373095\n[127.0.0.1]:PORT KEY"},
		{name: "a type that nobody knows", known: "[127.0.0.1]:PORT ssh-future AAAACnNzaC1mdXR1cmU=\n[127.0.0.1]:PORT KEY"},
		{name: "garbage", known: "garbage\nmore garbage\n\x00\xff\xfe\n[127.0.0.1]:PORT\n|1|x\n|2|a|b KEY\n[127.0.0.1]:PORT KEY"},
		{name: "a key that is cut off", known: "[127.0.0.1]:PORT ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI\n* KEY"},
		{name: "a key under another type", known: "[127.0.0.1]:PORT ecdsa-sha2-nistp256 BLOB", want: unread},
		{name: "an unknown marker", known: "@trusted [127.0.0.1]:PORT KEY", want: unknown},
		{name: "two markers", known: "@cert-authority @revoked [127.0.0.1]:PORT KEY", want: unknown},
		{name: "host without port", known: "127.0.0.1 KEY"},
		{name: "host without port, another key", known: "127.0.0.1 OTHER", want: unknown},
		{name: "host without port, and another key with it", known: "127.0.0.1 KEY\n[127.0.0.1]:PORT OTHER", want: changed},
		{name: "host without port, hashed", known: "HASHED KEY"},
		{name: "port 22", known: "[127.0.0.1]:22 KEY", want: unknown},
		{name: "any port", known: "[127.0.0.1]:* KEY"},
		{name: "any host with brackets", known: "[*]:* KEY"},
		{name: "some of the port", known: "[127.0.0.?]:* KEY"},
		{name: "brackets that are no set of characters", known: "[172]:* KEY", want: unknown},
		{name: "any host", known: "* KEY"},
		{name: "a host that is not", known: "*,!127.0.0.1 KEY"}, // the name with the port is another
		{name: "a host and its port that are not", known: "*,![127.0.0.1]:PORT KEY"},
		{name: "neither with nor without port", known: "*,!127.0.0.1,![127.0.0.1]:PORT KEY", want: unknown},
		{name: "a negation alone", known: "!git.corp KEY", want: unknown},
		{name: "another host that is not", known: "!git.corp,* KEY"},
		{name: "a negation in front", known: "!*.0.0.1*,* KEY", want: unknown},
		{name: "its alias", known: "The-Server KEY", alias: "the-Server"},
		{name: "its alias, not its name", known: "[127.0.0.1]:PORT KEY", alias: "the-server", want: unknown},
		{name: "its alias with port 22", known: "git.corp:22 KEY", alias: "git.corp:22"},
		{name: "its alias with port 22, without", known: "git.corp KEY", alias: "git.corp:22", want: unknown},
		{name: "its alias, with port 22", known: "[git.corp]:22 KEY", alias: "git.corp", want: unknown},
		{name: "its alias, with its port", known: "[git.corp]:PORT KEY", alias: "git.corp", want: unknown},
		{name: "its alias in brackets", known: "[127.0.0.1]:PORT KEY", alias: "[127.0.0.1]:PORT"},
		{name: "its alias in brackets, without port", known: "127.0.0.1 KEY", alias: "[127.0.0.1]:PORT", want: unknown},
		{name: "its alias in brackets, port 22", known: "[Git.corp]:22 KEY", alias: "[git.Corp]:22"},
		{name: "its alias in brackets, another key", known: "[git.corp]:2222 OTHER", alias: "[git.corp]:2222", want: changed},
		{name: "its alias by a pattern", known: "[git.*]:* KEY", alias: "[git.corp]:2222"},
		{name: "its alias, hashed", known: "HASHED KEY", alias: "127.0.0.1"},
		{name: "its alias in capitals, hashed", known: "HASHEDALIAS KEY", alias: "[GIT.corp]:2222"},
		{name: "its alias is revoked", known: "* KEY\n@revoked [git.corp]:2222 KEY", alias: "[git.corp]:2222", want: revoked},
		{name: "an authority for its alias", known: "@cert-authority [git.corp]:2222 CA", alias: "[git.corp]:2222", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidPrincipals = []string{"[git.corp]:2222"} }},
		{name: "an authority for its alias, a certificate for its name", known: "@cert-authority [git.corp]:2222 CA", alias: "[git.corp]:2222", authority: ed25519, want: refused},
		{name: "an authority for its alias without port", known: "@cert-authority git.corp CA", alias: "[git.corp]:2222", authority: ed25519, want: unknown},
		{name: "revoked", known: "* KEY\n@revoked * KEY", want: revoked},
		{name: "another is revoked", known: "* KEY\n@revoked * OTHER"},
		{name: "an authority, and no certificate", known: "@cert-authority * CA", want: onlyAuthority},
		{name: "an authority without port, and no certificate", known: "@cert-authority 127.0.0.1 CA", want: onlyAuthority},
		{name: "an authority, a key, and no certificate", known: "@cert-authority * CA\n* KEY"},
		{name: "an authority as if it were the host's key", known: "@cert-authority * KEY", want: onlyAuthority},
		{name: "an authority", known: "@cert-authority * CA", authority: ed25519},
		{name: "an authority for host and port", known: "@cert-authority [127.0.0.1]:PORT CA", authority: ed25519},
		{name: "an authority for the host without port", known: "@cert-authority 127.0.0.1 CA", authority: ed25519},
		{name: "an authority for any port", known: "@cert-authority [127.0.0.1]:* CA", authority: ed25519},
		{name: "an authority for another host", known: "@cert-authority *.corp CA", authority: ed25519, want: unknown},
		{name: "an authority for others only", known: "@cert-authority *,!127.*,![127.* CA", authority: ed25519, want: unknown},
		{name: "one of two authorities", known: "@cert-authority * OTHER\n@cert-authority 127.0.0.1 CA", authority: ed25519},
		{name: "an authority of another kind than the key", known: "@cert-authority * CA", authority: ed25519, rsa: true},
		{name: "an authority with RSA", known: "@cert-authority * CA", authority: sha2},
		{name: "a certificate that is signed with SHA-1", known: "@cert-authority * CA", authority: sha1, want: refused},
		{name: "another authority's certificate", known: "@cert-authority * OTHER", authority: ed25519, want: refused},
		{name: "another authority's certificate of a known key", known: "@cert-authority * OTHER\n* KEY", authority: ed25519},
		{name: "a certificate of a known key, and no authority", known: "* KEY", authority: ed25519},
		{name: "a revoked authority", known: "@cert-authority * CA\n@revoked * CA", authority: ed25519, want: revoked},
		{name: "a revoked authority, and the key known", known: "@cert-authority * CA\n@revoked * CA\n[127.0.0.1]:PORT KEY", authority: ed25519, want: revoked},
		{name: "an authority, and the key revoked", known: "@cert-authority * CA\n@revoked * KEY", authority: ed25519, want: revoked},
		{name: "a certificate for another host", known: "@cert-authority * CA", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidPrincipals = []string{"git.corp", "127.0.0.2"} }, want: refused},
		{name: "a certificate for a pattern", known: "@cert-authority * CA", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidPrincipals = []string{"git.corp", "127.*"} }, want: refused},
		{name: "a certificate for nobody in particular", known: "@cert-authority * CA", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidPrincipals = nil }},
		{name: "a certificate that has expired", known: "@cert-authority * CA", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidBefore = hour }, want: refused},
		{name: "a certificate that has expired, of a known key", known: "@cert-authority * CA\n* KEY", authority: ed25519,
			change: func(c *ssh.Certificate) { c.ValidBefore = hour }},
		{name: "a certificate for a user", known: "@cert-authority * CA", authority: ed25519,
			change: func(c *ssh.Certificate) { c.CertType = ssh.UserCert }, want: refused},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: repos, RSA: tt.rsa})
			authority := ed25519
			if tt.authority != nil {
				authority = tt.authority
				hostCertificate(t, s, authority, tt.change)
			}
			key := text(s.HostKey)
			port := testkit.Port(t, s.Addr)
			known := strings.NewReplacer("PORT", port, "KEY", key, "BLOB", strings.Fields(key)[1], "OTHER", text(other),
				"CA", text(authority.PublicKey()), "HASHEDALIAS", hashed("[git.corp]:2222"), "HASHED", hashed("127.0.0.1")).Replace(tt.known)
			file := filepath.Join(t.TempDir(), "known_hosts")
			testkit.WriteFile(t, file, known+"\n")
			options, settings := []string{"UserKnownHostsFile=" + file}, ""
			if tt.alias != "" {
				alias := strings.ReplaceAll(tt.alias, "PORT", port)
				options, settings = append(options, "HostKeyAlias="+alias), "HostKeyAlias "+alias+"\n"
			}
			c := newClient(t, Options{Env: testkit.Home(t, s, settings).Env, Git: config.Git{KnownHosts: []string{file}}})
			_, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v\nwant: %s", err, tt.want)
			}
			if took := openSSH(t, s, options...); took != (tt.want == "") {
				t.Errorf("OpenSSH takes the server: %v", took)
			}
		})
	}
}
