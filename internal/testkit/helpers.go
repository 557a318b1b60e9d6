package testkit

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

	"github.com/vxlite/vxlite/internal/event"
)

// Vars is a fixed environment.
type Vars map[string]string

// Env looks up a variable.
func (v Vars) Env(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// Events is a sink that remembers.
type Events struct {
	mu  sync.Mutex
	All []event.Event
}

// Sink remembers an event.
func (e *Events) Sink(ev event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.All = append(e.All, ev)
}

// Count returns how many events of a kind there were.
func (e *Events) Count(kind event.Kind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.All {
		if ev.Kind == kind {
			n++
		}
	}
	return n
}

// MustParse makes a repository from an archive, in memory.
func MustParse(t testing.TB, archive string) *Repo {
	t.Helper()
	r, err := ParseRepo("archive", []byte(archive))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// WriteRepos writes repositories below a new directory.
func WriteRepos(t testing.TB, repos ...*Repo) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, r := range repos {
		if err := r.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// LibStart and libRest are the archive of a module with every kind of ref. The
// commit at the end of LibStart bears none, and has one before it.
const (
	LibStart = `
url example.com/acme/lib
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
add 2
commit 2026-01-06T09:00:00Z Two
`
	LibRest = `
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
	LibFiles1 = `
-- 1/go.mod --
module example.com/acme/lib
-- 1/one.go --
package lib
-- 2/two.go --
package lib
`
	LibFiles2 = `-- 3/three.go --
package lib
-- 4/four.go --
package lib
-- 5/five.go --
package lib
`
)

// Lib is the repository of LibStart and LibRest, and the hash of LibStart's
// last commit, which no ref names.
func Lib(t testing.TB) (r *Repo, unnamed string) {
	t.Helper()
	return MustParse(t, LibStart+LibRest+LibFiles1+LibFiles2), MustParse(t, LibStart+LibFiles1).Commit("main")
}

// ModuleArchive is the archive of a repository with one commit of a module.
func ModuleArchive(name string) string {
	return "url example.com/acme/" + name + "\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.0\n" +
		"-- 1/go.mod --\nmodule example.com/acme/" + name + "\n"
}

// ServeSSH serves repositories over SSH until the test ends.
func ServeSSH(t testing.TB, o SSHDOptions) *SSHD {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := StartSSHD(context.Background(), o)
	Check(t, err)
	ConfigureSSHD(t, o.Dir, "SetEnv SHLVL=2") // or bash reads the user's .bashrc for each command
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Log(s.Log())
		}
	})
	return s
}

// ConfigureSSHD adds a line to the sshd_config of the server in dir, which every
// connection reads anew.
func ConfigureSSHD(t testing.TB, dir, line string) {
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

// Home is a home directory in which ssh finds what it needs for a server.
func Home(t testing.TB, s *SSHD, config string) Vars {
	t.Helper()
	dir := TempHome(t)
	CopyFile(t, s.Key, filepath.Join(dir, ".ssh", "id_ed25519"))
	CopyFile(t, s.KnownHosts, filepath.Join(dir, ".ssh", "known_hosts"))
	if config != "" {
		WriteFile(t, filepath.Join(dir, ".ssh", "config"), config)
	}
	return Vars{"HOME": dir}
}

// CopyFile copies a file to where it may lack directories.
func CopyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	WriteFile(t, to, string(data))
}

// WriteFile writes a file, and the directories that it lacks.
func WriteFile(t testing.TB, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ServeHTTP serves repositories over HTTP until the test ends.
func ServeHTTP(t testing.TB, o HTTPBackendOptions) *HTTPBackend {
	t.Helper()
	b, err := StartHTTPBackend(context.Background(), o)
	Check(t, err)
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Log(b.Log())
		}
	})
	return b
}

// Files lists the files below a directory, sorted, with their contents.
func Files(t testing.TB, dir string) []string {
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

// WantError holds an error's whole text, and its hints, against the wanted.
func WantError(t testing.TB, err error, want string, hints ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want:\n%s", want)
	}
	if Unix(err.Error()) != Unix(want) {
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

// KnownAs is a server's line in known_hosts.
func KnownAs(s *SSHD, host string) string {
	return knownhosts.Line([]string{host}, s.HostKey)
}

// Port is the port of an address.
func Port(t testing.TB, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
