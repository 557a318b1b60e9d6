package source

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// packs counts the packs that a server was asked for.
func packs(b *testkit.HTTPBackend) int {
	n := 0
	for _, r := range b.Requests() {
		if r.Method == "POST" {
			n++
		}
	}
	return n
}

// TestFetchedOnce has two runs with one store, and several goroutines in each,
// want one repository at the same time.
func TestFetchedOnce(t *testing.T) {
	r, _ := testkit.Lib(t)
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	url := b.URL + "/" + r.Path()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 2 {
		store, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(t, Options{Store: store, Jobs: 4})
		for range 3 {
			wg.Go(func() {
				found, err := c.Find(t.Context(), Request{URL: url, Tags: []string{"v1.1.0"}, Choose: tag("v1.1.0")})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Tree(t.Context(), found, ""); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if got, want := asked(b), []string{"GET", "POST"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// TestKilled has a store that earlier runs left in every state in which they
// could have been killed.
func TestKilled(t *testing.T) {
	r, _ := testkit.Lib(t)
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	url := b.URL + "/" + r.Path()
	request := Request{Module: "lib", URL: url, Tags: []string{"v1.1.0"}, Choose: tag("v1.1.0"), Ref: "v1.1.0"}
	hash := r.Commit("v1.1.0")
	for _, tt := range []struct {
		name  string
		lost  []string // below the store
		packs int
	}{
		{"nothing lost", nil, 0},
		{"before the tree was there", []string{"tree"}, 0},
		{"before the tag was known", []string{"tree", "said"}, 0},
		{"before the commit was known", []string{"tree", "said", "commit"}, 0},
		{"the repository lost, and its tree", []string{"tree", "git"}, 1},
		{"the repository lost", []string{"git"}, 0},
		{"all lost", []string{"tree", "git", "said", "commit"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := store.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, Options{Store: s})
			mustTree(t, c, mustFind(t, c, request, hash), "")
			for _, name := range tt.lost {
				if err := os.RemoveAll(filepath.Join(s.Dir(), name)); err != nil {
					t.Fatal(err)
				}
			}
			testkit.WriteFile(t, filepath.Join(s.Dir(), "tmp", "123", "objects", "pack", "tmp_pack_1"), "PACK")
			testkit.WriteFile(t, filepath.Join(s.Dir(), "tmp", "456", "go.mod"), "module half\n")
			testkit.WriteFile(t, filepath.Join(s.Dir(), "lock", store.Key(url)), "") // a lock's file stays, the lock does not

			if s, err = store.Open(dir); err != nil {
				t.Fatal(err)
			}
			before := packs(b)
			c = newClient(t, Options{Store: s})
			found := mustFind(t, c, request, hash)
			if found.Tag != "v1.1.0" || !found.Time.Equal(r.Time("v1.1.0")) {
				t.Errorf("found %+v, want tag v1.1.0 of %v", found, r.Time("v1.1.0"))
			}
			if got, want := join(mustTree(t, c, found, "")), "go.mod: module example.com/acme/lib one.go: package lib three.go: package lib two.go: package lib"; got != want {
				t.Errorf("files %s, want %s", got, want)
			}
			if n := packs(b) - before; n != tt.packs {
				t.Errorf("%d packs were fetched, want %d", n, tt.packs)
			}
		})
	}
}

// TestRefetch gets again what the store has lost: a tag by its name, a commit
// by its hash.
func TestRefetch(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	s := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: testkit.WriteRepos(t, r)})
	c := newClient(t, Options{Env: testkit.Home(t, s, "").Env})
	for _, choose := range []func(*Refs) (Ref, error){tag("v1.1.0"), commit(unnamed)} {
		found, err := c.Find(t.Context(), Request{URL: s.URL(r.Path()), Choose: choose})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(c.store.GitDir(found.Commit)); err != nil {
			t.Fatal(err)
		}
		mustTree(t, c, found, "")
	}
}

// slowServer takes connections and says nothing.
func slowServer(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	return l.Addr().String()
}

// TestCancel ends a run that waits for a server, wherever it waits.
func TestCancel(t *testing.T) {
	addr := slowServer(t)
	for _, url := range []string{"ssh://ann@" + addr + "/lib", "http://" + addr + "/lib"} {
		store := newStore(t)
		c := newClient(t, Options{Store: store})
		cause := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
		_, err := c.Find(ctx, Request{URL: url, Choose: refuse(t)})
		if !errors.Is(err, cause) {
			t.Errorf("%s: %v, want %v", url, err, cause)
		}
		if got := entries(t, store, "tmp"); len(got) != 0 {
			t.Errorf("%s: left in tmp: %q", url, got)
		}
	}
}

// TestJobs has no more conversations at once than are allowed.
func TestJobs(t *testing.T) {
	c := newClient(t, Options{Jobs: 2})
	for range 2 {
		if _, _, err := c.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, _, err := c.acquire(ctx); err != cause {
		t.Errorf("a third conversation: %v, want %v", err, cause)
	}
}

// TestEvents has what is told of a fetch.
func TestEvents(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r), Username: "ci", Password: "s3cret"})
	url := b.URL + "/" + r.Path()
	var seen testkit.Events
	c := newClient(t, Options{Sink: seen.Sink})
	mustFind(t, c, Request{Module: "a", Ref: "v1", URL: strings.Replace(url, "://", "://ci:s3cret@", 1), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if len(seen.All) != 2 {
		t.Fatalf("events %+v, want two", seen.All)
	}
	if want := (event.Event{Kind: event.FetchStart, Module: "a", Ref: "v1"}); !sameEvent(seen.All[0], want) {
		t.Errorf("event %+v, want %+v", seen.All[0], want)
	}
	done := event.Event{Kind: event.FetchDone, Module: "a", Ref: "v1", Commit: r.Commit("v1.0.0"), URL: url, Bytes: seen.All[1].Bytes}
	if !sameEvent(seen.All[1], done) || done.Bytes == 0 {
		t.Errorf("event %+v, want %+v, and some bytes", seen.All[1], done)
	}
	for _, f := range testkit.Files(t, c.store.Dir()) {
		if strings.Contains(f, "s3cret") {
			t.Errorf("the password is in the store: %s", f)
		}
	}
}

func sameEvent(a, b event.Event) bool {
	return a.Kind == b.Kind && a.Module == b.Module && a.Ref == b.Ref && a.Commit == b.Commit && a.URL == b.URL && a.Bytes == b.Bytes && a.Text == b.Text
}

// TestSums holds what Tree writes against the zips of a module proxy, for all
// modules of the test data: a go.sum must know both.
func TestSums(t *testing.T) {
	data, err := testkit.Data("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	repos, err := testkit.BuildRepos(dir, os.DirFS(data))
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{})
	n := 0
	for _, r := range repos {
		modules, err := r.Modules()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range modules {
			want, err := m.Sum()
			if err != nil {
				t.Fatal(err)
			}
			got, err := sumOf(t, c, filepath.Join(dir, filepath.FromSlash(r.Path())), r, m)
			if err != nil || got != want {
				t.Errorf("%s: %s, %v; want %s", m.Version, got, err, want)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("the test data has no modules")
	}
}

// sumOf is the hash of a module's tree as go.sum would have it.
func sumOf(t *testing.T, c *Client, url string, r *testkit.Repo, m *testkit.ModuleVersion) (string, error) {
	folder := ""
	name := m.Version.Version
	if i := strings.Index(m.Path, r.URL+"/plugins/"); i == 0 {
		folder = strings.TrimPrefix(m.Path, r.URL+"/")
		name = folder + "/" + name
	}
	found, err := c.Find(t.Context(), Request{URL: url, Choose: tag(name)})
	if err != nil {
		return "", err
	}
	dir, err := c.Tree(t.Context(), found, folder)
	if err != nil {
		return "", err
	}
	return dirhash.HashDir(dir, m.Version.String(), dirhash.Hash1)
}
