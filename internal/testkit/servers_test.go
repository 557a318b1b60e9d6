package testkit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/go-git/go-git/v5/storage/memory"
	"golang.org/x/crypto/ssh"
)

// built are all repositories, written to a directory.
func built(t *testing.T) (dir string, repos []*Repo) {
	t.Helper()
	dir = t.TempDir()
	repos, err := BuildRepos(dir, os.DirFS(data(t, "git")))
	if err != nil {
		t.Fatal(err)
	}
	return dir, repos
}

// clone fetches one tag and returns its commit.
func clone(ctx context.Context, url, tag string, auth transport.AuthMethod, ca []byte) (string, error) {
	r, err := git.CloneContext(ctx, memory.NewStorage(), nil, &git.CloneOptions{
		URL:           url,
		Auth:          auth,
		CABundle:      ca,
		ReferenceName: plumbing.NewTagReferenceName(tag),
		SingleBranch:  true,
		Depth:         1,
		Tags:          git.NoTags,
	})
	if err != nil {
		return "", err
	}
	h, err := r.ResolveRevision(plumbing.Revision("refs/tags/" + tag))
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

func startSSHD(t *testing.T, repos string) *SSHD {
	t.Helper()
	s, err := StartSSHD(t.Context(), SSHDOptions{Repos: repos, Dir: t.TempDir(), MaxSessions: 2})
	Check(t, err)
	t.Cleanup(s.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Log())
		}
	})
	return s
}

func sshAuth(t *testing.T, s *SSHD, key string) *gitssh.PublicKeys {
	t.Helper()
	auth, err := gitssh.NewPublicKeysFromFile(s.User, key, "")
	if err != nil {
		t.Fatal(err)
	}
	auth.HostKeyCallback, err = gitssh.NewKnownHostsCallback(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

func TestSSHD(t *testing.T) {
	dir, repos := built(t)
	s := startSSHD(t, dir)
	lib := repo(t, repos, "lib")
	got, err := clone(t.Context(), s.URL(lib.Path()), "v0.2.0", sshAuth(t, s, s.Key), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := lib.Commit("v0.2.0"); got != want {
		t.Errorf("commit %s, want %s", got, want)
	}
	commands, err := s.Commands()
	if err != nil {
		t.Fatal(err)
	}
	if want := "git-upload-pack '/acme/lib.git'"; !slices.Contains(commands, want) {
		t.Errorf("commands %q, want %q among them", commands, want)
	}
	if s.Connections() == 0 {
		t.Error("no connections counted")
	}
}

// TestSSHDKeys logs in with keys that the server knows and does not know.
func TestSSHDKeys(t *testing.T) {
	dir, repos := built(t)
	s := startSSHD(t, dir)
	lib := repo(t, repos, "lib")
	file := filepath.Join(t.TempDir(), "other")
	key, err := WriteKey(file)
	if err != nil {
		t.Fatal(err)
	}
	auth := sshAuth(t, s, file)
	if _, err := clone(t.Context(), s.URL(lib.Path()), "v0.2.0", auth, nil); err == nil {
		t.Error("an unknown key may log in")
	}
	if err := s.Authorize(key); err != nil {
		t.Fatal(err)
	}
	if _, err := clone(t.Context(), s.URL(lib.Path()), "v0.2.0", auth, nil); err != nil {
		t.Errorf("an authorized key may not log in: %v", err)
	}
}

// TestSSHDSessions runs several commands over one connection.
func TestSSHDSessions(t *testing.T) {
	dir, _ := built(t)
	s := startSSHD(t, dir)
	config, err := sshAuth(t, s, s.Key).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", s.Addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 2 {
		if out, err := advertised(client, "git-upload-pack '/acme/lib.git'"); err != nil || !strings.Contains(out, "refs/tags/v0.2.0") {
			t.Errorf("%v: %s", err, out)
		}
	}
	if out, err := advertised(client, "cat /etc/passwd"); err == nil || strings.Contains(out, ":") {
		t.Errorf("another command is run: %s", out)
	}
	var open []*ssh.Session
	for range 2 {
		session, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, session)
	}
	if _, err := client.NewSession(); err == nil {
		t.Error("MaxSessions 2 allows a third")
	}
	for _, session := range open {
		session.Close()
	}
	if n := s.Connections(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// advertised is what a command prints, told right away that nothing is wanted.
func advertised(client *ssh.Client, command string) (string, error) {
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	session.Stdin = strings.NewReader("0000")
	out, err := session.Output(command)
	return string(out), err
}

// TestSSHDClose has no connection outlive the server.
func TestSSHDClose(t *testing.T) {
	dir, _ := built(t)
	s := startSSHD(t, dir)
	config, err := sshAuth(t, s, s.Key).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", s.Addr, config)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := client.Wait(); err == nil {
		t.Error("the connection ended without an error")
	}
	if _, err := ssh.Dial("tcp", s.Addr, config); err == nil {
		t.Error("the port is still open")
	}
}

func TestHTTPBackend(t *testing.T) {
	dir, repos := built(t)
	lib := repo(t, repos, "lib")
	for _, tt := range []struct {
		name     string
		options  HTTPBackendOptions
		auth     transport.AuthMethod
		trust    bool
		wantErr  error  // any
		wantText string // of an error that has no value
	}{
		{name: "plain"},
		{name: "password", options: HTTPBackendOptions{Username: "ci", Password: "s3cret"},
			auth: &githttp.BasicAuth{Username: "ci", Password: "s3cret"}},
		{name: "wrong password", options: HTTPBackendOptions{Username: "ci", Password: "s3cret"},
			auth: &githttp.BasicAuth{Username: "ci", Password: "secret"}, wantErr: transport.ErrAuthenticationRequired},
		{name: "no password", options: HTTPBackendOptions{Username: "ci", Password: "s3cret"},
			wantErr: transport.ErrAuthenticationRequired},
		{name: "tls", options: HTTPBackendOptions{TLS: true}, trust: true},
		{name: "tls, not trusted", options: HTTPBackendOptions{TLS: true}, wantText: "certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Repos = dir
			b, err := StartHTTPBackend(t.Context(), tt.options)
			Check(t, err)
			defer b.Close()
			var ca []byte
			if tt.trust {
				ca = b.CA
			}
			got, err := clone(t.Context(), b.URL+"/"+lib.Path(), "v0.2.0", tt.auth, ca)
			switch {
			case tt.wantErr != nil:
				if !errors.Is(err, tt.wantErr) {
					t.Errorf("error %v, want %v", err, tt.wantErr)
				}
				if requests := b.Requests(); len(requests) == 0 || !requests[0].Refused {
					t.Errorf("requests %+v", requests)
				}
			case tt.wantText != "":
				if err == nil || !strings.Contains(err.Error(), tt.wantText) {
					t.Errorf("error %v, want %s", err, tt.wantText)
				}
			case err != nil:
				t.Errorf("%v\n%s", err, b.Log())
			case got != lib.Commit("v0.2.0"):
				t.Errorf("commit %s, want %s", got, lib.Commit("v0.2.0"))
			default:
				want := HTTPRequest{Method: "GET", URL: "/acme/lib.git/info/refs?service=git-upload-pack", Username: tt.options.Username}
				if requests := b.Requests(); !slices.Contains(requests, want) {
					t.Errorf("requests %+v, want %+v among them", requests, want)
				}
			}
		})
	}
}

func TestProxy(t *testing.T) {
	p := startProxy(t, repo(t, readRepos(t), "status"))
	env := goEnv(t, p.URL)
	dir := t.TempDir()
	for _, tt := range []struct{ query, want string }{
		{"example.com/third/text@latest", "example.com/third/text v1.1.0\n"},
		{"example.com/third/tally@v1.0.1", "example.com/third/tally v1.0.1\n"},
		{"github.com/roadrunner-server/status/v5@latest", "github.com/roadrunner-server/status/v5 v5.1.9\n"},
		{"github.com/roadrunner-server/status/v5@v5.2.0-beta.1", "github.com/roadrunner-server/status/v5 v5.2.0-beta.1\n"},
	} {
		if got := mustRun(t, dir, env, "go", "list", "-m", tt.query); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	if _, err := command(t, dir, env, "go", "list", "-m", "github.com/acme/lib@v0.2.0"); err == nil {
		t.Error("the proxy has a private module")
	}
	if asked := p.Asked("github.com/acme/"); len(asked) == 0 || asked[0] != "/github.com/acme/lib/@v/v0.2.0.info" {
		t.Errorf("asked %q", asked)
	}
	if asked := p.Asked("github.com/other/"); len(asked) != 0 {
		t.Errorf("asked %q", asked)
	}
}

// TestModuleSums holds the hashes of the proxy's zips against those that the go
// command computes from the repositories themselves.
func TestModuleSums(t *testing.T) {
	dir, repos := built(t)
	b, err := StartHTTPBackend(t.Context(), HTTPBackendOptions{Repos: dir})
	Check(t, err)
	defer b.Close()
	env := append(goEnv(t, "direct"),
		"GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=url."+b.URL+"/.insteadOf",
		"GIT_CONFIG_VALUE_0=https://github.com/",
	)
	var queries []string
	var want []string
	for _, name := range []string{"platform", "pool", "roadrunner"} {
		modules, err := repo(t, repos, name).Modules()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			sum, err := m.Sum()
			if err != nil {
				t.Fatal(err)
			}
			queries = append(queries, m.Version.String())
			want = append(want, `"Sum": "`+sum+`"`)
		}
	}
	out := mustRun(t, t.TempDir(), env, "go", append([]string{"mod", "download", "-json"}, queries...)...)
	for i, sum := range want {
		if !strings.Contains(out, sum) {
			t.Errorf("%s: want %s in\n%s", queries[i], sum, out)
		}
	}
}

// ending is a T that records how the test ended.
type ending struct {
	ended string
}

func (e *ending) Skip(...any)  { e.ended = "skip" }
func (e *ending) Fatal(...any) { e.ended = "fatal" }

func TestCheck(t *testing.T) {
	missing := &MissingError{Program: "sshd", Install: "openssh-server", Err: errors.New("not there")}
	for _, tt := range []struct {
		ci   string
		err  error
		want string
	}{
		{"", nil, ""},
		{"", missing, "skip"},
		{"true", missing, "fatal"},
		{"", errors.New("else"), "fatal"},
	} {
		t.Setenv("CI", tt.ci)
		var e ending
		Check(&e, tt.err)
		if e.ended != tt.want {
			t.Errorf("CI=%q, error %v: %q, want %q", tt.ci, tt.err, e.ended, tt.want)
		}
	}
}
