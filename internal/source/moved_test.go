package source

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestLocked asks for commits that a lock has, over every transport.
func TestLocked(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	nowhere := strings.Repeat("a", 40)
	now := r.Commit("v1.1.0")
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path()) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			version := Request{URL: w.url, Ref: "v1.1.0", Tags: []string{"v1.1.0"}, Choose: tag("v1.1.0")}
			for _, tt := range []struct {
				name   string
				req    Request
				locked string
				want   *Moved
			}{
				{"where it was", version, now, nil},
				{"moved", version, unnamed, &Moved{Tag: "v1.1.0", Was: unnamed, Now: now, From: w.url}},
				{"moved in a folder", Request{URL: w.url, Ref: "1.0", Choose: tag("v1.1.0")}, unnamed, nil},
				{"gone", Request{URL: w.url, Ref: "v9.9.9", Tags: []string{"v9.9.9"}, Choose: none}, unnamed, &Moved{Tag: "v9.9.9", Was: unnamed, From: w.url}},
				{"a branch", Request{URL: w.url, Ref: "main", Choose: branch("main")}, unnamed, nil},
			} {
				c := newClient(t, Options{Env: w.env.Env})
				tt.req.Locked = tt.locked
				found := mustFind(t, c, tt.req, tt.locked)
				if !reflect.DeepEqual(found.Moved, tt.want) {
					t.Errorf("%s: moved %+v, want %+v", tt.name, found.Moved, tt.want)
				}
				if _, err := c.Tree(t.Context(), found, ""); err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				tt.req.Choose = refuse(t)
				mustFind(t, c, tt.req, tt.locked) // which the store has now
			}
			c := newClient(t, Options{Env: w.env.Env})
			version.Locked = nowhere
			_, err := c.Find(t.Context(), version)
			want := "tag v1.1.0 was " + nowhere + " when it was locked and is " + now + " now, and no remote has the locked commit any more: asked " + w.url
			if _, ok := errors.AsType[*GoneError](err); !ok || err.Error() != want {
				t.Errorf("%v\nwant %s", err, want)
			}
		})
	}
}

func none(*Refs) (Ref, error) { return Ref{}, errors.New("not there") }

// TestLockedMirrors has a commit that only the second mirror knows, and one
// that none does.
func TestLockedMirrors(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	without := testkit.MustParse(t, "url example.com/acme/lib\nbranch main\nadd 1\ncommit 2026-02-05T09:00:00Z Anew\ntag v1.0.0\n"+testkit.LibFiles1[:strings.Index(testkit.LibFiles1, "-- 2")])
	first, second := testkit.WriteRepos(t, without), testkit.WriteRepos(t, r)
	c := newClient(t, Options{Mirrors: []config.Mirror{{From: "https://example.com/", To: []string{first + "/", second + "/"}}}})
	req := Request{URL: "https://example.com/acme/lib", Ref: "v1.0.0", Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0"), Locked: unnamed}
	found := mustFind(t, c, req, unnamed)
	if want := filepath.Join(second, "acme", "lib"); found.From != want {
		t.Errorf("from %s, want %s", found.From, want)
	}
	req.Locked = strings.Repeat("b", 40)
	_, err := c.Find(t.Context(), req)
	if gone, ok := errors.AsType[*GoneError](err); !ok || len(gone.Asked) != 2 {
		t.Errorf("%v", err)
	}
}

// TestFresh has a store that knows where a tag was.
func TestFresh(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path())[1:] {
		store := newStore(t)
		req := Request{URL: w.url, Ref: "v1.0.0", Tags: []string{"v1.0.0"}, Choose: tag("v1.0.0")}
		mustFind(t, newClient(t, Options{Env: w.env.Env, Store: store}), Request{URL: w.url, Choose: commit(unnamed)}, unnamed)
		if err := store.PutSaid(w.url, "v1.0.0", placeOf(t, w.url), unnamed); err != nil {
			t.Fatal(err)
		}
		mustFind(t, newClient(t, Options{Env: w.env.Env, Store: store}), req, unnamed)
		found := mustFind(t, newClient(t, Options{Env: w.env.Env, Store: store, Fresh: true}), req, r.Commit("v1.0.0"))
		if want := (Moved{Tag: "v1.0.0", Was: unnamed, Now: r.Commit("v1.0.0"), From: w.url}); found.Moved == nil || *found.Moved != want {
			t.Errorf("%s: moved %+v, want %+v", w.name, found.Moved, want)
		}
		mustFind(t, newClient(t, Options{Env: w.env.Env, Store: store, Offline: true, Fresh: true}), req, r.Commit("v1.0.0"))
	}
}

// TestBetween counts commits over every transport.
func TestBetween(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path()) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, Options{Env: w.env.Env})
			for _, tt := range []struct {
				old, now string
				subjects string
				want     Between
			}{
				{r.Commit("v1.0.0"), r.Commit("main"), "Four; Three; Two", Between{Tags: []string{"v1.1.0"}}},
				{unnamed, r.Commit("side"), "Five; Four; Three", Between{Tags: []string{"unversioned", "v1.1.0"}}},
				{r.Commit("main"), r.Commit("v1.0.0"), "", Between{Apart: true}},
				{strings.Repeat("a", 40), unnamed, "Two; One", Between{Tags: []string{"v1.0.0"}, Apart: true}},
			} {
				found := mustFind(t, c, Request{URL: w.url, Choose: commit(tt.now)}, tt.now)
				got, err := c.Between(t.Context(), found, tt.old)
				var subjects []string
				for _, commit := range got.Commits {
					subjects = append(subjects, commit.Subject)
				}
				got.Commits = nil
				if err != nil || !reflect.DeepEqual(got, tt.want) || strings.Join(subjects, "; ") != tt.subjects {
					t.Errorf("%q; %.7s..%.7s: %+v, %v, want %+v", subjects, tt.old, tt.now, got, err, tt.want)
				}
				if !c.Has(w.url, tt.now, "") {
					t.Errorf("%.7s is not there", tt.now)
				}
			}
			if c.Has(w.url, strings.Repeat("a", 40), "") {
				t.Error("what nobody has is there")
			}
		})
	}
}
