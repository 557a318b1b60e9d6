package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// findAll finds the tag v1.0.0 of several repositories at once.
func findAll(t *testing.T, c *Client, s *testkit.SSHD, repos []*testkit.Repo) {
	t.Helper()
	var wg sync.WaitGroup
	for _, r := range repos {
		wg.Go(func() {
			found, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
			if err != nil {
				t.Error(err)
				return
			}
			if want := r.Commit("v1.0.0"); found.Commit != want {
				t.Errorf("%s: commit %s, want %s", r.URL, found.Commit, want)
			}
			if _, err := c.Tree(t.Context(), found, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func several(t *testing.T, names ...string) []*testkit.Repo {
	t.Helper()
	var repos []*testkit.Repo
	for _, name := range names {
		repos = append(repos, testkit.MustParse(t, testkit.ModuleArchive(name)))
	}
	return repos
}

// TestSSHOneConnection has one connection carry the conversations of many
// repositories at once, also where the server allows but one.
func TestSSHOneConnection(t *testing.T) {
	repos := several(t, "a", "b", "c", "d", "e", "f")
	dir := testkit.WriteRepos(t, repos...)
	for _, most := range []int{0, 1, 3} {
		t.Run(fmt.Sprintf("MaxSessions=%d", most), func(t *testing.T) {
			t.Parallel()
			s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: dir, MaxSessions: most})
			c := newClient(t, Options{Env: testkit.Home(t, s, "").Env, Jobs: 6})
			findAll(t, c, s, repos)
			if n := s.Connections(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

// TestSSHSecondConversation needs two conversations for one repository where
// there is room for one: the first must have ended.
func TestSSHSecondConversation(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r), MaxSessions: 1})
	c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
	mustFind(t, c, Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	found, err := c.Find(ctx, Request{URL: s.URL(r.Path()), Choose: commit(unnamed[:10])})
	if err != nil {
		t.Fatal(err)
	}
	mustTree(t, c, found, "")
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestSSHCommand has what the server is asked to run, for a path with a quote
// that was not made for this server, which does not know it.
func TestSSHCommand(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: t.TempDir()})
	c := newClient(t, Options{Env: testkit.Home(t, s, "Host server\n\tHostName 127.0.0.1\n\tPort "+testkit.Port(t, s.Addr)+"\n").Env})
	if _, err := c.Find(t.Context(), Request{URL: s.User + "@server:it's/$(x).git", Choose: refuse(t)}); err == nil {
		t.Error("a repository was found in an empty directory")
	}
	commands, err := s.Commands()
	if err != nil {
		t.Fatal(err)
	}
	if want := `git-upload-pack 'it'\''s/$(x).git'`; len(commands) != 1 || commands[0] != want {
		t.Errorf("commands %q, want %q", commands, want)
	}
}

func TestSSHNoRepository(t *testing.T) {
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, several(t, "a")...)})
	c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
	url := s.URL("acme/missing.git")
	_, err := c.Find(t.Context(), Request{URL: url, Choose: tag("v1.0.0")})
	where := strings.SplitAfter(err.Error(), "fatal: '")
	if len(where) != 2 {
		t.Fatalf("error:\n%s\nwant git's word on it", err)
	}
	path, _, _ := strings.Cut(where[1], "'")
	testkit.WantError(t, err, "no repository at "+url+": the server says: fatal: '"+path+"' does not appear to be a git repository",
		"check the URL; a server may also hide what the credentials may not see")

	// The connection is as good as before.
	if _, err := c.Find(t.Context(), Request{URL: s.URL("acme/a.git"), Choose: tag("v1.0.0")}); err != nil {
		t.Error(err)
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestHostKeys has a host key that is unknown, changed, revoked, and known
// under other names.
func TestHostKeys(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	other := newKey(t)
	host := s.User + "@" + s.Addr
	finger := "ssh-ed25519 " + ssh.FingerprintSHA256(s.HostKey)
	changed := []string{"if the host was reinstalled, replace the line; if not, the connection may be intercepted"}
	file := filepath.Join(t.TempDir(), "known_hosts")
	unknown := []string{
		"compare the fingerprint with the one the host's administrator gives, then add this line to " + file + ":\n  " + testkit.KnownAs(s, s.Addr),
	}
	for _, tt := range []struct {
		name   string
		known  string
		config string
		want   string
		hints  []string
	}{
		{name: "known", known: testkit.KnownAs(s, s.Addr)},
		{name: "known by its alias", known: testkit.KnownAs(s, "the-server"), config: "Host *\n\tHostKeyAlias the-server\n"},
		{name: "known by a hash", known: knownhosts.HashHostname(knownhosts.Normalize(s.Addr)) + strings.TrimPrefix(testkit.KnownAs(s, s.Addr), knownhosts.Normalize(s.Addr))},
		{name: "unknown", known: "", want: "ssh " + host + ": the host key is unknown: " + finger + " is not in " + file, hints: unknown},
		{name: "known for another host", known: testkit.KnownAs(s, "git.corp"), want: "ssh " + host + ": the host key is unknown: " + finger + " is not in " + file, hints: unknown},
		{name: "changed", known: "# hosts\n" + knownhosts.Line([]string{s.Addr}, other), want: "ssh " + host + ": the host key has changed: the server has " + finger + ", " + file + ":2 has another", hints: changed},
		{name: "changed to another kind", known: knownhosts.Line([]string{s.Addr}, newECDSA(t)), want: "ssh " + host + ": the server has no host key of the kind that is known for it: known is ecdsa-sha2-nistp256 (in " + file + "), the server offers ssh-ed25519",
			hints: []string{"ask the host's administrator for its key of another kind, and add its line to " + file,
				"ssh-keyscan -p " + testkit.Port(t, s.Addr) + " 127.0.0.1 prints such lines; compare what it prints before you trust it"}},
		{name: "one of several", known: knownhosts.Line([]string{s.Addr}, other) + "\n" + testkit.KnownAs(s, s.Addr)},
		{name: "revoked", known: testkit.KnownAs(s, s.Addr) + "\n@revoked * " + strings.SplitN(testkit.KnownAs(s, s.Addr), " ", 2)[1], want: "ssh " + host + ": the host key is marked as revoked: " + finger},
		// OpenSSH skips it. Whatever it revokes might be the server's key.
		{name: "a line that revokes something and cannot be read", known: testkit.KnownAs(s, s.Addr) + "\n@revoked git.corp ssh-ed25519 AAAA", want: "ssh " + host + ": " + file + ":2: the line revokes a key and cannot be read: no ssh-ed25519 key: ssh: short read",
			hints: []string{"correct the line, or remove it: while it cannot be read, nobody knows which key it revokes"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testkit.WriteFile(t, file, tt.known+"\n")
			c := newClient(t, Options{Env: testkit.Home(t, s, tt.config).Env, Git: config.Git{KnownHosts: []string{file}}})
			_, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			testkit.WantError(t, err, tt.want, tt.hints...)
		})
	}
}

// TestKnownHostsFiles has where host keys are looked for.
func TestKnownHostsFiles(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	env := testkit.Home(t, s, "")
	own := filepath.Join(env["HOME"], ".ssh", "known_hosts")
	if err := os.Rename(own, own+"2"); err != nil {
		t.Fatal(err)
	}
	find := func(env testkit.Vars) error {
		c := newClient(t, Options{Env: env.Env})
		_, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
		return err
	}
	if err := find(env); err != nil {
		t.Errorf("known_hosts2: %v", err)
	}
	if err := os.Rename(own+"2", own+"3"); err != nil {
		t.Fatal(err)
	}
	finger := "ssh-ed25519 " + ssh.FingerprintSHA256(s.HostKey)
	testkit.WantError(t, find(env), "ssh "+s.User+"@"+s.Addr+": the host key is unknown: "+finger+" is not in "+own+", "+own+"2, /etc/ssh/ssh_known_hosts, /etc/ssh/ssh_known_hosts2",
		"compare the fingerprint with the one the host's administrator gives, then add this line to "+own+":\n  "+testkit.KnownAs(s, s.Addr))
	testkit.WriteFile(t, filepath.Join(env["HOME"], ".ssh", "config"), "UserKnownHostsFile ~/.ssh/none ~/.ssh/known_hosts3\n")
	if err := find(env); err != nil {
		t.Errorf("UserKnownHostsFile: %v", err)
	}
}

func newKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	key, err := testkit.WriteKey(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newECDSA(t *testing.T) ssh.PublicKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func readRawKey(t *testing.T, file string) (any, ssh.Signer) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ssh.ParseRawPrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw, signer
}

// publicText is a private key's public one.
func publicText(t *testing.T, file string) string {
	_, signer := readRawKey(t, file)
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// lockedText is a private key with a passphrase.
func lockedText(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	testkit.Check(t, err)
	locked := filepath.Join(t.TempDir(), "locked")
	testkit.WriteFile(t, locked, string(data))
	// Go takes a second for it where there is the race detector.
	out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-p", "-a", "1", "-N", "phrase", "-f", locked).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	data, err = os.ReadFile(locked)
	testkit.Check(t, err)
	return string(data)
}

// TestKeys has which keys are offered, and the error where none is taken.
func TestKeys(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	dir := t.TempDir()
	wrong, locked := filepath.Join(dir, "wrong"), filepath.Join(dir, "locked")
	if _, err := testkit.WriteKey(wrong); err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, locked, "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n")
	rubbish := filepath.Join(dir, "rubbish")
	testkit.WriteFile(t, rubbish, "no key\n")
	public, same := filepath.Join(dir, "public"), filepath.Join(dir, "same") // the server's key
	testkit.WriteFile(t, public, publicText(t, s.Key))
	testkit.WriteFile(t, same, lockedText(t, s.Key))
	good := startAgent(t, s.Key)
	full := startAgent(t, wrong, wrong, wrong, wrong, wrong, wrong, wrong)
	hint := `load a key into ssh-agent, or name one in the config:
  [git.credentials."127.0.0.1"]
  ssh_key = "~/.ssh/KEY"`
	denied := "ssh " + s.User + "@" + s.Addr + ": access denied: "
	key := func(file string) config.Git {
		return config.Git{Credentials: []config.Credential{{Host: "127.0.0.1", SSHKey: file}}}
	}
	for _, tt := range []struct {
		name   string
		git    config.Git
		config string // ssh_config
		agent  string
		bare   bool // without the usual key
		want   string
	}{
		{name: "a usual place"},
		{name: "config", git: key(s.Key), bare: true},
		{name: "config, with the port", git: config.Git{Credentials: []config.Credential{{Host: s.Addr, SSHKey: s.Key}}}, bare: true},
		{name: "ssh_config", config: "IdentityFile " + s.Key + "\n", bare: true},
		{name: "ssh_config, one of two", config: "IdentityFile " + wrong + "\nIdentityFile " + s.Key + "\n", bare: true},
		{name: "agent", agent: good, bare: true},
		{name: "agent, of ssh_config", config: "IdentityAgent " + good + "\n", bare: true},
		{name: "agent, the keys named", agent: good, config: "IdentitiesOnly yes\nIdentityFile " + s.Key + "\n", bare: true},
		{name: "agent, the public key named", agent: good, config: "IdentitiesOnly yes\nIdentityFile " + public + "\n", bare: true},
		{name: "agent, the key named has a passphrase", agent: good, config: "IdentitiesOnly yes\nIdentityFile " + same + "\n", bare: true},
		{name: "agent, the usual keys alone", agent: startAgent(t, wrong, wrong, wrong, wrong, wrong, wrong, s.Key), config: "IdentitiesOnly yes\n"},
		{name: "no file, by ssh_config", config: "IdentityFile none\n", want: "tried ssh-agent: not running (SSH_AUTH_SOCK is not set)"},

		{name: "nothing", bare: true, want: "tried ssh-agent: not running (SSH_AUTH_SOCK is not set)"},
		{name: "config, wrong", git: key(wrong), agent: good, want: "tried key " + wrong + " (from the config)"},
		{name: "config, with a passphrase", git: key(locked), bare: true, agent: startAgent(t, wrong),
			want: "tried key " + locked + " (from the config): has a passphrase; add it to ssh-agent, then ssh-agent (1 keys)"},
		{name: "config, missing", git: key(dir + "/none"), bare: true,
			want: "tried key " + dir + "/none (from the config): no such file or directory, then ssh-agent: not running (SSH_AUTH_SOCK is not set)"},
		{name: "config, rubbish", git: key(rubbish), bare: true,
			want: "tried key " + rubbish + " (from the config): ssh: no key found, then ssh-agent: not running (SSH_AUTH_SOCK is not set)"},
		{name: "config, password", git: config.Git{Credentials: []config.Credential{{Host: "127.0.0.1", Password: "s3cret"}}}, bare: true,
			want: "tried the config's password, then ssh-agent: not running (SSH_AUTH_SOCK is not set)"},
		{name: "config, for another port", git: config.Git{Credentials: []config.Credential{{Host: "127.0.0.1:22", SSHKey: s.Key}}}, bare: true,
			want: "tried ssh-agent: not running (SSH_AUTH_SOCK is not set)"},
		{name: "ssh_config, wrong", config: "IdentityAgent none\nIdentityFile " + wrong + "\n", agent: good,
			want: "tried key " + wrong + " (from ssh_config), then ssh-agent: turned off by ssh_config"},
		{name: "agent, not there", agent: dir + "/none", bare: true,
			want: "tried ssh-agent: dial unix " + dir + "/none: connect: no such file or directory"},
		{name: "agent, others than those named", agent: good, config: "IdentitiesOnly yes\nIdentityFile " + wrong + "\n", bare: true,
			want: "tried key " + wrong + " (from ssh_config), then ssh-agent (0 keys)"},
		{name: "agent, more keys than the server lets one try", agent: full, bare: true, want: "tried ssh-agent (7 keys)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := testkit.Home(t, s, tt.config)
			if tt.agent != "" {
				env["SSH_AUTH_SOCK"] = tt.agent
			}
			if tt.bare {
				if err := os.Remove(filepath.Join(env["HOME"], ".ssh", "id_ed25519")); err != nil {
					t.Fatal(err)
				}
			}
			c := newClient(t, Options{Env: env.Env, Git: tt.git})
			_, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: tag("v1.0.0")})
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			testkit.WantError(t, err, denied+tt.want, hint)
		})
	}
}

// startAgent serves keys as ssh-agent does. A key that is named again is
// replaced by a new one.
func startAgent(t *testing.T, keys ...string) (socket string) {
	t.Helper()
	ring := agent.NewKeyring()
	seen := map[string]bool{}
	for _, name := range keys {
		if seen[name] {
			name = filepath.Join(t.TempDir(), "another")
			if _, err := testkit.WriteKey(name); err != nil {
				t.Fatal(err)
			}
		}
		seen[name] = true
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.ParseRawPrivateKey(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(ring, conn)
		}
	}()
	return l.Addr().String()
}

// TestProxyJump goes through one and two hosts, which are the server itself
// under other names.
func TestProxyJump(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	hosts := fmt.Sprintf("Host target hop first second\n\tHostName 127.0.0.1\n\tPort %s\n\tUser %s\n", testkit.Port(t, s.Addr), s.User)
	for _, tt := range []struct {
		name, config string
		connections  int
	}{
		{"one", "Host target\n\tProxyJump hop\n", 2},
		{"two in a list", "Host target\n\tProxyJump first,second\n", 3},
		{"one by another", "Host target\n\tProxyJump second\nHost second\n\tProxyJump first\n", 3},
		{"a list overrides", "Host target\n\tProxyJump first,second\nHost second\n\tProxyJump nowhere.invalid\n", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := s.Connections()
			c := newClient(t, Options{Env: testkit.Home(t, s, tt.config+hosts).Env})
			found := mustFind(t, c, Request{URL: "target:" + r.Path(), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
			if found.From != "target:"+r.Path() {
				t.Errorf("from %s, want the URL as written", found.From)
			}
			if n := s.Connections() - before; n != tt.connections {
				t.Errorf("%d connections, want %d", n, tt.connections)
			}
		})
	}

	closed := closedAddr(t)
	for _, tt := range []struct{ name, config, want string }{
		{"no such hop", "Host target\n\tProxyJump ann@" + closed + "\n",
			"ssh " + s.User + "@target:" + testkit.Port(t, s.Addr) + ": by ProxyJump ann@" + closed + ": ssh ann@" + closed + ": dial tcp " + closed + ": connect: connection refused"},
		{"no such target", "Host target\n\tProxyJump hop\n\tPort " + testkit.Port(t, closed) + "\n",
			"ssh " + s.User + "@target:" + testkit.Port(t, closed) + ": from hop: ssh: rejected: connect failed (\"Connection refused\")"},
		{"a loop", "Host target hop\n\tProxyJump hop\n",
			"ssh " + s.User + "@target:" + testkit.Port(t, s.Addr) + strings.Repeat(": by ProxyJump hop: ssh "+s.User+"@hop:"+testkit.Port(t, s.Addr), 9) + ": more than 8 ProxyJump hosts"},
		{"no host", "Host target\n\tProxyJump ann@\n",
			"ssh " + s.User + "@target:" + testkit.Port(t, s.Addr) + `: ProxyJump "ann@" has no host`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, Options{Env: testkit.Home(t, s, tt.config+hosts).Env})
			_, err := c.Find(t.Context(), Request{URL: "target:" + r.Path(), Choose: tag("v1.0.0")})
			testkit.WantError(t, err, tt.want)
		})
	}
}

// closedAddr is an address at which nobody listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestSSHNoServer(t *testing.T) {
	addr := closedAddr(t)
	c := newClient(t, Options{})
	_, err := c.Find(t.Context(), Request{URL: "ssh://ann@" + addr + "/lib", Choose: tag("v1.0.0")})
	testkit.WantError(t, err, "ssh ann@"+addr+": dial tcp "+addr+": connect: connection refused")
}
