package source

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/testkit"
)

// way is one way to a repository.
type way struct {
	name string
	url  string
	env  testkit.Vars
}

// ways serves repositories in every way there is; path is of the one to
// return the URL of.
func ways(t *testing.T, repos, path string) []way {
	t.Helper()
	ssh := testkit.ServeSSH(t, testkit.SSHDOptions{Repos: repos})
	web := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos})
	return []way{
		{name: "local", url: filepath.Join(repos, filepath.FromSlash(path))},
		{name: "ssh", url: ssh.URL(path), env: testkit.Home(t, ssh, "")},
		{name: "http", url: web.URL + "/" + path},
	}
}

// TestFind has every kind of ref, over every transport.
func TestFind(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	day := func(n int) time.Time { return time.Date(2026, 1, 4+n, 9, 0, 0, 0, time.UTC) }
	tests := []struct {
		name   string
		choose func(*Refs) (Ref, error)
		commit string
		tag    string
		time   time.Time
		files  int // beside go.mod
	}{
		{"tag", tag("v1.0.0"), r.Commit("v1.0.0"), "v1.0.0", day(1), 1},
		{"annotated tag", tag("v1.1.0"), r.Commit("v1.1.0"), "v1.1.0", day(3), 3},
		{"branch", branch("main"), r.Commit("main"), "", day(4), 4},
		{"default branch", func(refs *Refs) (Ref, error) { return refs.Head(), nil }, r.Commit("main"), "", day(4), 4},
		{"commit of a tag", commit(r.Commit("v1.0.0")), r.Commit("v1.0.0"), "", day(1), 1},
		{"commit of an annotated tag", commit(r.Commit("v1.1.0")), r.Commit("v1.1.0"), "", day(3), 3},
		{"commit of a branch", commit(r.Commit("side")), r.Commit("side"), "", day(5), 5},
		{"commit without a ref", commit(unnamed), unnamed, "", day(2), 2},
		{"beginning of a tag's commit", commit(r.Commit("v1.0.0")[:7]), r.Commit("v1.0.0"), "", day(1), 1},
		{"beginning of an annotated tag's commit", commit(r.Commit("v1.1.0")[:12]), r.Commit("v1.1.0"), "", day(3), 3},
		{"beginning of a branch's commit", commit(r.Commit("main")[:39]), r.Commit("main"), "", day(4), 4},
		{"beginning of a commit without a ref", commit(unnamed[:7]), unnamed, "", day(2), 2},
		{"beginning of a commit, odd digits", commit(unnamed[:9]), unnamed, "", day(2), 2},
	}
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path()) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			var seen *testkit.Events
			c := newClient(t, Options{Env: w.env.Env, Sink: func(e event.Event) { seen.Sink(e) }})
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					c.store, seen = newStore(t), new(testkit.Events) // a connection takes its time
					found := mustFind(t, c, Request{Module: "lib", URL: w.url, Choose: tt.choose, Ref: tt.name}, tt.commit)
					want := Found{Commit: tt.commit, Tag: tt.tag, Time: tt.time, URL: w.url, From: w.url, module: "lib"}
					if found != want {
						t.Errorf("found %+v, want %+v", found, want)
					}
					if got := mustTree(t, c, found, ""); len(got) != 1+tt.files {
						t.Errorf("files %q, want go.mod and %d more", got, tt.files)
					}
					if n := seen.Count(event.FetchDone); n != 1 {
						t.Errorf("%d ends of fetching were reported, want 1", n)
					}
				})
			}
		})
	}
}

// TestFindErrors has what a repository has not, over every transport.
func TestFindErrors(t *testing.T) {
	r, _ := testkit.Lib(t)
	other := "0123456789abcdef0123456789abcdef01234567"
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path()) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, Options{Env: w.env.Env})
			for _, tt := range []struct {
				name   string
				choose func(*Refs) (Ref, error)
				want   string
			}{
				{"no commit", commit(other), w.url + " has no commit " + other},
				{"no beginning", commit(other[:8]), w.url + " has no commit 01234567"},
				{"nothing to choose", func(*Refs) (Ref, error) { return Ref{}, errors.New("no tag v9") }, w.url + ": no tag v9"},
			} {
				c.store = newStore(t)
				_, err := c.Find(t.Context(), Request{Module: "lib", URL: w.url, Choose: tt.choose})
				testkit.WantError(t, err, tt.want)
				for _, dir := range []string{"git", "commit", "said", "tmp"} {
					if got := entries(t, c.store, dir); len(got) != 0 {
						t.Errorf("%s: the store's %s has %q", tt.name, dir, got)
					}
				}
			}
		})
	}
}

// TestAmbiguous looks for what several commits begin with. The hashes are made
// up, as two that are alike are not to be had.
func TestAmbiguous(t *testing.T) {
	remote := giturl.Remote{Scheme: "https", Host: "git.corp", Path: "/lib"}
	full := []string{"aaaaaaa1" + hash1[8:], "aaaaaaa2" + hash1[8:]}
	_, err := onlyOne("aaaaaaa", full, remote)
	testkit.WantError(t, err, "https://git.corp/lib has 2 commits that begin with aaaaaaa: aaaaaaa111111111111111111111111111111111, aaaaaaa211111111111111111111111111111111")
	refs := &Refs{head: func() Ref { return Ref{Commit: full[0]} }, list: func() []Ref {
		return []Ref{{Name: "refs/heads/main", Commit: full[0]}, {Name: "refs/tags/x", Commit: full[1]}, {Name: "refs/tags/y", Commit: hash2}}
	}}
	if got := refs.complete("aaaaaaa"); len(got) != 2 || got[0] != full[0] || got[1] != full[1] {
		t.Errorf("complete %q, want %q", got, full)
	}
}

// TestRemembered has what is answered without asking a server.
func TestRemembered(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	web := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	url := web.URL + "/" + r.Path()
	const pseudo = "example.com/acme/lib@v1.0.1-0.20260106090000-abcdefabcdef"
	store := newStore(t)
	fetched := []struct {
		first Request // asks the server
		again Request // does not
		tag   string
	}{
		{Request{Choose: tag("v1.1.0")}, Request{Tags: []string{"v1.1.0"}}, "v1.1.0"},
		{Request{Choose: commit(unnamed)}, Request{Commit: unnamed}, ""},
		{Request{Choose: commit(unnamed[:12]), Alias: pseudo}, Request{Alias: pseudo}, ""},
	}
	for _, f := range fetched {
		c := newClient(t, Options{Store: store})
		f.first.URL, f.again.URL = url, url
		found, err := c.Find(t.Context(), f.first)
		if err != nil {
			t.Fatal(err)
		}
		asked := len(web.Requests())
		c = newClient(t, Options{Store: store, Offline: true})
		f.again.Choose = refuse(t)
		again := mustFind(t, c, f.again, found.Commit)
		if again.Tag != f.tag || !again.Time.Equal(found.Time) {
			t.Errorf("%+v: tag %q, time %v; want %q, %v", f.again, again.Tag, again.Time, f.tag, found.Time)
		}
		mustTree(t, c, again, "")
		if n := len(web.Requests()); n != asked {
			t.Errorf("%+v: the server was asked %d more times", f.again, n-asked)
		}
	}
}

// TestOverlaidTag has two tags that answer a request. The store knows the one
// that counts less; only the server can tell that there is the other.
func TestOverlaidTag(t *testing.T) {
	r := testkit.MustParse(t, `
url example.com/acme/platform
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
tag v1.1.0
add 2
commit 2026-01-06T09:00:00Z Two
tag sub/v1.0.0
-- 1/go.mod --
module example.com/acme/platform
-- 2/sub/go.mod --
module example.com/acme/platform/sub
`)
	web := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	url := web.URL + "/" + r.Path()
	store := newStore(t)
	c := newClient(t, Options{Store: store})
	mustFind(t, c, Request{URL: url, Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	mustFind(t, c, Request{URL: url, Tags: []string{"sub/v1.0.0", "v1.0.0"}, Choose: tag("sub/v1.0.0")}, r.Commit("sub/v1.0.0"))

	// Where the server has said that the first is not there, it is not asked again.
	mustFind(t, c, Request{URL: url, Tags: []string{"sub/v1.1.0", "v1.1.0"}, Choose: tag("v1.1.0")}, r.Commit("v1.1.0"))
	c = newClient(t, Options{Store: store, Offline: true})
	found := mustFind(t, c, Request{URL: url, Tags: []string{"sub/v1.1.0", "v1.1.0"}, Choose: refuse(t)}, r.Commit("v1.1.0"))
	if found.Tag != "v1.1.0" {
		t.Errorf("tag %q, want v1.1.0", found.Tag)
	}
}

func TestOffline(t *testing.T) {
	c := newClient(t, Options{Offline: true})
	const url = "https://git.corp/acme/lib"
	_, err := c.Find(t.Context(), Request{Module: "cache", URL: url, Ref: "v1.0.0", Choose: refuse(t)})
	testkit.WantError(t, err, "v1.0.0 is not in the store, and --offline forbids fetching it from https://git.corp/acme/lib",
		"run the same build once without --offline")
	found := Found{Commit: hash1, URL: url, From: url, module: "cache"}
	_, err = c.Tree(t.Context(), found, "")
	testkit.WantError(t, err, hash1+" is not in the store, and --offline forbids fetching it from https://git.corp/acme/lib",
		"run the same build once without --offline")
	_, _, err = c.Reachable(t.Context(), found, func(string) bool { return true })
	testkit.WantError(t, err, hash1+" is not in the store, and --offline forbids fetching it from https://git.corp/acme/lib",
		"run the same build once without --offline")
}

// TestMirrors tries mirrors in order, and tells of each that failed.
func TestMirrors(t *testing.T) {
	r, _ := testkit.Lib(t)
	repos := testkit.WriteRepos(t, r)
	empty := t.TempDir()
	mirrors := mirrorTo("https://git.corp/", empty+"/", repos+"/")
	c := newClient(t, Options{Mirrors: mirrors})
	found := mustFind(t, c, Request{URL: "https://git.corp/acme/lib", Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if want := filepath.Join(repos, "acme", "lib"); found.From != want || found.URL != "https://git.corp/acme/lib" {
		t.Errorf("URL %s, from %s; want the URL as written, from %s", found.URL, found.From, want)
	}
	mustTree(t, c, found, "")

	c = newClient(t, Options{Mirrors: mirrorTo("https://git.corp/", empty+"/", "ext::sh ", empty+"/b/")})
	_, err := c.Find(t.Context(), Request{URL: "https://git.corp/acme/lib", Choose: tag("v1.0.0")})
	testkit.WantError(t, err, "no repository at "+empty+"/acme/lib\n"+
		`clone URL "ext::sh /acme/lib" is neither a path, a URL nor user@host:path`+"\n"+
		"no repository at "+empty+"/b/acme/lib: there is no directory "+empty+"/b", noRepository)
}
