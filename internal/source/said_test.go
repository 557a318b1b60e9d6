package source

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// placeOf is the place that a URL is to a config with nothing of its own.
func placeOf(t *testing.T, url string) store.Place {
	t.Helper()
	remote, err := giturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return new(Client).place(remote)
}

// movedLib is lib's repository with the tag v1.0.0 on another commit: what a
// hostile mirror of it serves.
func movedLib(t *testing.T) *testkit.Repo {
	t.Helper()
	return testkit.MustParse(t, "url example.com/acme/lib\nbranch main\nadd 1\ncommit 2026-02-05T09:00:00Z Other\ntag v1.0.0\n-- 1/go.mod --\nmodule example.com/acme/lib\n-- 1/evil.go --\npackage lib\n")
}

// TestMirrorsOfOthers has two configs share a store, one of which has a hostile
// mirror: each gets what its own mirror says, whoever asked first, and is told
// where the two differ. So does a third without a mirror.
func TestMirrorsOfOthers(t *testing.T) {
	good, _ := testkit.Lib(t)
	bad := movedLib(t)
	goodDir, badDir := testkit.WriteRepos(t, good), testkit.WriteRepos(t, bad)
	goodHTTP := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: goodDir})
	badHTTP := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: badDir})
	const url = "https://example.com/acme/lib"
	for _, tt := range []struct{ name, bad, good string }{
		{"two servers", badHTTP.URL + "/", goodHTTP.URL + "/"},
		{"a hostile folder", badDir + "/", goodHTTP.URL + "/"},
		{"a hostile server", badHTTP.URL + "/", goodDir + "/"},
		{"two folders", badDir + "/", goodDir + "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			known := newStore(t)
			req := Request{URL: url, Ref: "v1.0.0", Tags: []string{"v1.0.0"}, Alias: "example.com/acme/lib@pseudo", Choose: tag("v1.0.0")}
			attacker := newClient(t, Options{Store: known, Mirrors: mirrorTo("https://example.com/", tt.bad)})
			mustFind(t, attacker, req, bad.Commit("v1.0.0"))
			victim := newClient(t, Options{Store: known, Mirrors: mirrorTo("https://example.com/", tt.good)})
			found := mustFind(t, victim, req, good.Commit("v1.0.0"))
			want := store.Elsewhere{Commit: bad.Commit("v1.0.0"), From: tt.bad + "acme/lib"}
			if got := victim.Elsewhere(found); len(got) != 1 || got[0] != want {
				t.Errorf("elsewhere %v, want %v", got, want)
			}
			if found.Moved != nil {
				t.Errorf("moved: %+v", found.Moved)
			}
			mustFind(t, newClient(t, Options{Store: known, Mirrors: mirrorTo("https://example.com/", tt.bad)}), req, bad.Commit("v1.0.0"))
			mustFind(t, newClient(t, Options{Store: known, Mirrors: mirrorTo("https://example.com/", tt.good)}), req, good.Commit("v1.0.0"))
			_, err := newClient(t, Options{Store: known, Offline: true}).Find(t.Context(), req)
			if _, ok := err.(*OfflineError); !ok {
				t.Errorf("who asks neither believes both: %v", err)
			}
		})
	}
}

// TestAnchors has two configs that ask one URL, and recognise its server by
// authorities and host keys of their own: what the one was told, by whom the
// other would not recognise, is not for the other.
func TestAnchors(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pem", "b.pem", "a_hosts", "b_hosts"} {
		testkit.WriteFile(t, filepath.Join(dir, name), name)
	}
	at := func(url string, git config.Git) store.Place {
		remote, err := giturl.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		return (&Client{anchors: anchors(git)}).place(remote)
	}
	none, a, b := config.Git{}, config.Git{CAFile: filepath.Join(dir, "a.pem"), KnownHosts: []string{filepath.Join(dir, "a_hosts")}},
		config.Git{CAFile: filepath.Join(dir, "b.pem"), KnownHosts: []string{filepath.Join(dir, "b_hosts")}}
	for _, url := range []string{"https://git.corp/lib", "ssh://git@git.corp/lib"} {
		if p := at(url, a); p == at(url, none) || p == at(url, b) || p != at(url, a) || p.URL != url {
			t.Errorf("%s: %+v, which is not for that config alone", url, p)
		}
	}
	if url := "http://git.corp/lib"; at(url, a) != at(url, b) {
		t.Errorf("%s is two places", url)
	}
}

// TestFormerStore has a store that an earlier vxlite wrote: it is read without
// an error, what it says of tags is not believed, and cleaning it drops that.
func TestFormerStore(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	url := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)}).URL + "/" + r.Path()
	known := newStore(t)
	for _, elem := range [][]string{{"tag", store.Key(url), "v1.0.0"}, {"tagobject", store.Key(url), unnamed, "v1.0.0"}, {"version", unnamed + "-" + store.Key("example.com/acme/lib")}} {
		if err := known.WriteJSON(unnamed, elem...); err != nil {
			t.Fatal(err)
		}
	}
	mustFind(t, newClient(t, Options{Store: known}), Request{URL: url, Ref: "v1.0.0", Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if _, _, err := known.Clean(func(string) bool { return true }, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"tag", "tagobject", "version"} {
		if _, err := os.Lstat(filepath.Join(known.Dir(), sub)); err == nil {
			t.Errorf("%s is still there", sub)
		}
	}
}

// TestMirrorsRaced has the two ask at the same time, again and again: each gets
// its own mirror's commit, and at least one is told of the other.
func TestMirrorsRaced(t *testing.T) {
	good, _ := testkit.Lib(t)
	bad := movedLib(t)
	goodHTTP := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, good)})
	badHTTP := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, bad)})
	req := Request{URL: "https://example.com/acme/lib", Ref: "v1.0.0", Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0")}
	for range 16 {
		dir := t.TempDir()
		var told atomic.Int32
		var wg sync.WaitGroup
		for to, want := range map[string]string{goodHTTP.URL + "/": good.Commit("v1.0.0"), badHTTP.URL + "/": bad.Commit("v1.0.0")} {
			known, err := store.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, Options{Store: known, Mirrors: mirrorTo("https://example.com/", to)})
			wg.Go(func() {
				found, err := c.Find(t.Context(), req)
				if err != nil || found.Commit != want {
					t.Errorf("%s: commit %s, %v; want %s", to, found.Commit, err, want)
				}
				told.Add(int32(len(c.Elsewhere(found))))
			})
		}
		wg.Wait()
		if told.Load() == 0 {
			t.Error("neither is told of the other")
		}
	}
}

// TestFalseObjects has a folder with loose objects that are not what their names
// say, and too large to be held in memory: a commit of another time, a tag of
// another commit. What is learned of them would count for every config.
func TestFalseObjects(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	long := strings.Repeat("x", gitpack.Large)
	commit := "tree " + strings.Repeat("0", 40) + "\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\n" + long
	annotated := "object " + unnamed + "\ntype commit\ntag v1.1.0\ntagger a <a@b> 1 +0000\n\n" + long
	for _, tt := range []struct{ ref, object, kind, data string }{
		{"v1.0.0", r.Object("v1.0.0"), "commit", commit},
		{"v1.1.0", r.Object("v1.1.0"), "tag", annotated},
	} {
		dir := filepath.Join(testkit.WriteRepos(t, r), r.Path())
		testkit.Check(t, os.RemoveAll(filepath.Join(dir, "objects", "pack")))
		testkit.WriteFile(t, filepath.Join(dir, "objects", tt.object[:2], tt.object[2:]), looseObject(tt.kind, []byte(tt.data)))
		known := newStore(t)
		_, err := newClient(t, Options{Store: known}).Find(t.Context(), Request{URL: dir, Choose: tag(tt.ref)})
		if err == nil || !strings.Contains(err.Error(), "hash mismatch") {
			t.Errorf("%s: %v", tt.ref, err)
		}
		for _, sub := range []string{"commit", "peel"} {
			if got := entries(t, known, sub); len(got) != 0 {
				t.Errorf("%s: the store believes it: %s/%q", tt.ref, sub, got)
			}
		}
	}
}
