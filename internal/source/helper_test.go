package source

import (
	"errors"
	"net/http"
	"testing"

	"os"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir())
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
		o.Env = testkit.Vars{}.Env
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
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
	return testkit.Files(t, dir)
}

func mirrorTo(from string, to ...string) []config.Mirror {
	return []config.Mirror{{From: from, To: to}}
}

// noRepository is the hint of a path without a repository.
const noRepository = "correct the path: neither it nor PATH.git is a git repository"

// entries are the names in a directory of the store.
func entries(t *testing.T, s *store.Store, elem ...string) []string {
	t.Helper()
	es, err := os.ReadDir(filepath.Join(append([]string{s.Dir()}, elem...)...))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range es {
		names = append(names, e.Name())
	}
	return names
}

const (
	hash1 = "1111111111111111111111111111111111111111"
	hash2 = "2222222222222222222222222222222222222222"
)

// transportOf is what a client's requests go through at last.
func transportOf(c *Client) *http.Transport {
	return c.HTTP().Transport.(interface{ Unwrap() http.RoundTripper }).Unwrap().(*http.Transport)
}
