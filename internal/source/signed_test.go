package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestTagObject gets the tag of a commit from a path and from a server, which
// is asked once.
func TestTagObject(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	server := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	annotated, light := r.Commit("v1.1.0"), r.Commit("v1.0.0")
	const url = "https://example.com/acme/lib"
	for name, to := range map[string]string{"path": dir + "/", "server": server.URL + "/"} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			o := Options{Store: store, Mirrors: []config.Mirror{{From: "https://example.com/", To: []string{to}}}}
			c := newClient(t, o)
			names := []string{"sub/v1.1.0", "v1.1.0"}
			got, err := c.TagObject(t.Context(), url, "lib", "v1.1.0", names, annotated)
			if err != nil {
				t.Fatal(err)
			}
			if got.Tag != "v1.1.0" || !strings.HasPrefix(string(got.Data), "object "+annotated+"\ntype commit\ntag v1.1.0\n") {
				t.Errorf("tag is %s: %s", got.Tag, got.Data)
			}
			if _, err := c.TagObject(t.Context(), url, "lib", "v1.0.0", []string{"v1.0.0"}, light); !errors.Is(err, ErrLightweight) {
				t.Errorf("a lightweight tag: %v", err)
			}
			_, err = c.TagObject(t.Context(), url, "lib", "v1.0.0", []string{"v1.0.0"}, annotated)
			if none := (*NoTagError)(nil); !errors.As(err, &none) {
				t.Errorf("a tag of another commit: %v", err)
			}
			// A mirror that is gone is not asked for what is kept.
			if name == "server" {
				o.Offline = true
				again, err := newClient(t, o).TagObject(t.Context(), url, "lib", "v1.1.0", names, annotated)
				if err != nil || again.Hash != got.Hash || string(again.Data) != string(got.Data) {
					t.Errorf("%+v, %v", again, err)
				}
				_, err = newClient(t, o).TagObject(t.Context(), url, "lib", "v1.0.0", []string{"v1.0.0"}, light)
				if off := (*OfflineError)(nil); !errors.As(err, &off) {
					t.Errorf("offline: %v", err)
				}
			}
		})
	}
}

// TestCommitObject reads the bytes of a commit that Find found.
func TestCommitObject(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	server := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	want := r.Commit("v1.1.0")
	for name, to := range map[string]string{"path": dir + "/", "server": server.URL + "/"} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, Options{Mirrors: []config.Mirror{{From: "https://example.com/", To: []string{to}}}})
			const url = "https://example.com/acme/lib"
			mustFind(t, c, Request{Module: "lib", URL: url, Ref: "v1.1.0", Tags: []string{"v1.1.0"}, Choose: tag("v1.1.0")}, want)
			o, err := c.CommitObject(url, want)
			if err != nil || !strings.HasPrefix(string(o.Data), "tree ") || !strings.Contains(string(o.Data), "\n\nThree") {
				t.Errorf("%s, %v", o.Data, err)
			}
			if _, err := c.CommitObject(url, strings.Repeat("0", 40)); err == nil {
				t.Error("a commit that is not there was read")
			}
		})
	}
}

// TestHistory tells what lies between two commits, where that is known.
func TestHistory(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	const url = "https://example.com/acme/lib"
	mirror := func(to string) Options {
		return Options{Mirrors: []config.Mirror{{From: "https://example.com/", To: []string{to}}}}
	}
	c := newClient(t, mirror(dir+"/"))
	h, ok, err := c.History(t.Context(), url, r.Commit("v1.0.0"), r.Commit("v1.1.0"))
	if err != nil || !ok || len(h.Added) != 2 || len(h.Removed) != 0 {
		t.Fatalf("%+v, %v, %v", h, ok, err)
	}
	if h.Added[0].Subject != "Three" || h.Added[0].Hash != r.Commit("v1.1.0") || h.Added[1].Subject != "Two" || h.Added[1].Hash != unnamed {
		t.Errorf("%+v", h.Added)
	}
	h, ok, err = c.History(t.Context(), url, r.Commit("main"), r.Commit("side"))
	if err != nil || !ok || len(h.Added)+len(h.Removed) == 0 {
		t.Errorf("%+v, %v, %v", h, ok, err)
	}
	if _, ok, err := c.History(t.Context(), url, r.Commit("v1.0.0"), strings.Repeat("0", 40)); ok || err != nil {
		t.Errorf("a commit that is not there: %v, %v", ok, err)
	}

	// What a server gave has no history, and is no error.
	server := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	c = newClient(t, mirror(server.URL+"/"))
	for _, v := range []string{"v1.0.0", "v1.1.0"} {
		mustFind(t, c, Request{Module: "lib", URL: url, Ref: v, Tags: []string{v}, Choose: tag(v)}, r.Commit(v))
	}
	if _, ok, err := c.History(t.Context(), url, r.Commit("v1.0.0"), r.Commit("v1.1.0")); ok || err != nil {
		t.Errorf("a shallow commit: %v, %v", ok, err)
	}
}
