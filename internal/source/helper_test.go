package source

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/testkit"
)

// vars is a fixed environment.
type vars map[string]string

func (v vars) env(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// events is a sink that remembers.
type events struct {
	mu  sync.Mutex
	all []event.Event
}

func (e *events) sink(ev event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) count(kind event.Kind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

// parseRepo makes a repository from an archive, in memory.
func parseRepo(t *testing.T, archive string) *testkit.Repo {
	t.Helper()
	r, err := testkit.ParseRepo("archive", []byte(archive))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// writeRepos writes repositories below a new directory.
func writeRepos(t *testing.T, repos ...*testkit.Repo) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, r := range repos {
		if err := r.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// libStart and libRest are the archive of a module with every kind of ref. The
// commit at the end of libStart bears none, and has one before it.
const (
	libStart = `
url example.com/acme/lib
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
add 2
commit 2026-01-06T09:00:00Z Two
`
	libRest = `
add 3
commit 2026-01-07T09:00:00Z Three
tag -a v1.1.0
add 4
commit 2026-01-08T09:00:00Z Four
branch side
add 5
commit 2026-01-09T09:00:00Z Five
tag unversioned
`
	libFiles1 = `
-- 1/go.mod --
module example.com/acme/lib
-- 1/one.go --
package lib
-- 2/two.go --
package lib
`
	libFiles2 = `-- 3/three.go --
package lib
-- 4/four.go --
package lib
-- 5/five.go --
package lib
`
)

// lib is the repository of libStart and libRest, and the hash of libStart's
// last commit, which no ref names.
func lib(t *testing.T) (r *testkit.Repo, unnamed string) {
	t.Helper()
	return parseRepo(t, libStart+libRest+libFiles1+libFiles2), parseRepo(t, libStart+libFiles1).Commit("main")
}

// module is the archive of a repository with one commit of a module.
func module(name string) string {
	return "url example.com/acme/" + name + "\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.0\n" +
		"-- 1/go.mod --\nmodule example.com/acme/" + name + "\n"
}

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newClient makes a client that ends with the test. What o leaves out is new
// and empty.
func newClient(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Store == nil {
		o.Store = newStore(t)
	}
	if o.Env == nil {
		o.Env = vars{}.env
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// startSSHD serves repositories over SSH.
func startSSHD(t *testing.T, o testkit.SSHDOptions) *testkit.SSHD {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := testkit.StartSSHD(context.Background(), o)
	testkit.Check(t, err)
	configure(t, o.Dir, "SetEnv SHLVL=2") // or bash reads the user's .bashrc for each command
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.Log())
		}
	})
	return s
}

// configure adds a line to the sshd_config of the server in dir, which every
// connection reads anew.
func configure(t *testing.T, dir, line string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "sshd_config"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		t.Fatal(err)
	}
}

// home is a home directory in which ssh finds what it needs for a server.
func home(t *testing.T, s *testkit.SSHD, config string) vars {
	t.Helper()
	dir := t.TempDir()
	copyTo(t, s.Key, filepath.Join(dir, ".ssh", "id_ed25519"))
	copyTo(t, s.KnownHosts, filepath.Join(dir, ".ssh", "known_hosts"))
	if config != "" {
		writeFile(t, filepath.Join(dir, ".ssh", "config"), config)
	}
	return vars{"HOME": dir}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, string(data))
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func startHTTP(t *testing.T, o testkit.HTTPBackendOptions) *testkit.HTTPBackend {
	t.Helper()
	b, err := testkit.StartHTTPBackend(context.Background(), o)
	testkit.Check(t, err)
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Log(b.Log())
		}
	})
	return b
}

// tag chooses a tag.
func tag(name string) func(*Refs) (Ref, error) {
	return func(refs *Refs) (Ref, error) {
		if ref, ok := refs.Tag(name); ok {
			return ref, nil
		}
		return Ref{}, errors.New("no tag " + name)
	}
}

// branch chooses a branch.
func branch(name string) func(*Refs) (Ref, error) {
	return func(refs *Refs) (Ref, error) {
		if ref, ok := refs.Branch(name); ok {
			return ref, nil
		}
		return Ref{}, errors.New("no branch " + name)
	}
}

// commit chooses a commit by its hash or the beginning of it.
func commit(hash string) func(*Refs) (Ref, error) {
	return func(*Refs) (Ref, error) { return Ref{Commit: hash}, nil }
}

// refuse is for requests that must be answered without a look at a server.
func refuse(t *testing.T) func(*Refs) (Ref, error) {
	return func(*Refs) (Ref, error) {
		t.Error("the refs were asked for")
		return Ref{}, errors.New("asked")
	}
}

// mustFind finds a commit and holds it against the one wanted.
func mustFind(t *testing.T, c *Client, req Request, want string) Found {
	t.Helper()
	found, err := c.Find(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if found.Commit != want {
		t.Errorf("%s: commit %s, want %s", req.URL, found.Commit, want)
	}
	return found
}

// mustTree returns the files of a module, "PATH: CONTENT" for each.
func mustTree(t *testing.T, c *Client, f Found, folder string) []string {
	t.Helper()
	dir, err := c.Tree(t.Context(), f, folder)
	if err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

// files lists the files below a directory, sorted, with their contents.
func files(t *testing.T, dir string) []string {
	t.Helper()
	out := []string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		content, err := os.ReadFile(p)
		out = append(out, filepath.ToSlash(rel)+": "+strings.TrimSpace(string(content)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantError holds an error's whole text, and its hints, against the wanted.
func wantError(t *testing.T, err error, want string, hints ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want:\n%s", want)
	}
	if testkit.Unix(err.Error()) != testkit.Unix(want) {
		t.Errorf("error:\n%s\nwant:\n%s", err, want)
	}
	var got []string
	var h interface{ Hints() []string }
	if errors.As(err, &h) {
		got = h.Hints()
	}
	if !slices.Equal(got, hints) {
		t.Errorf("hints:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(hints, "\n"))
	}
}

// knownAs is a server's line in known_hosts.
func knownAs(s *testkit.SSHD, host string) string {
	return knownhosts.Line([]string{host}, s.HostKey)
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mirrorTo(from string, to ...string) []config.Mirror {
	return []config.Mirror{{From: from, To: to}}
}

// noRepository is the hint of a path without a repository.
const noRepository = "neither the path nor the path with .git is a git repository"
