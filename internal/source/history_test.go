package source

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

func join(names []string) string { return strings.Join(names, " ") }

// treeOf is the tree of a repository's tag v1.0.0.
func treeOf(t *testing.T, dir string, r *testkit.Repo) string {
	t.Helper()
	st := gitpack.Open(dir)
	defer st.Close()
	c, err := object.GetCommit(st, plumbing.NewHash(r.Commit("v1.0.0")))
	if err != nil {
		t.Fatal(err)
	}
	return c.TreeHash.String()
}

// TestReachable has the tags behind a commit, over every transport.
func TestReachable(t *testing.T) {
	r, unnamed := testkit.Lib(t)
	version := func(tag string) bool { return strings.HasPrefix(tag, "v") }
	for _, w := range ways(t, testkit.WriteRepos(t, r), r.Path()) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			store := newStore(t)
			c := newClient(t, Options{Env: w.env.Env, Store: store})
			for _, tt := range []struct {
				name        string
				commit      string
				interesting func(string) bool
				want        string
			}{
				{"first tag", r.Commit("v1.0.0"), version, "v1.0.0 here"},
				{"after it, no ref", unnamed, version, "v1.0.0"},
				{"annotated tag", r.Commit("v1.1.0"), version, "v1.0.0, v1.1.0 here"},
				{"branch", r.Commit("main"), version, "v1.0.0, v1.1.0"},
				{"other tags too", r.Commit("side"), func(string) bool { return true }, "unversioned here, v1.0.0, v1.1.0"},
				{"none of interest", r.Commit("side"), func(string) bool { return false }, ""},
			} {
				found := mustFind(t, c, Request{URL: w.url, Choose: commit(tt.commit)}, tt.commit)
				tags, cut, err := c.Reachable(t.Context(), found, tt.interesting)
				if err != nil || cut {
					t.Errorf("%s: cut %v, %v", tt.name, cut, err)
				}
				var got []string
				for _, tag := range tags {
					s := tag.Tag
					if tag.Here {
						s += " here"
					}
					got = append(got, s)
				}
				if s := strings.Join(got, ", "); s != tt.want {
					t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
				}
			}
			if got := entries(t, store, "tmp"); len(got) != 0 {
				t.Errorf("left in tmp: %q", got)
			}
		})
	}
}

// TestReachableMerge has a history with a merge, which archives cannot describe.
func TestReachableMerge(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "lib.git")
	tree := treeOf(t, url, r)
	merge := putObject(t, url, plumbing.CommitObject, fmt.Sprintf(
		"tree %s\nparent %s\nparent %s\nauthor a <a> 1767600000 +0000\ncommitter a <a> 1767600000 +0000\n\nMerge\n", tree, r.Commit("v1.0.0"), r.Commit("side")))
	testkit.WriteFile(t, filepath.Join(url, "refs/heads/merged"), merge+"\n")
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	c := newClient(t, Options{})
	for _, where := range []string{url, b.URL + "/acme/lib.git"} {
		found := mustFind(t, c, Request{URL: where, Choose: branch("merged")}, merge)
		tags, cut, err := c.Reachable(t.Context(), found, func(string) bool { return true })
		if err != nil || cut {
			t.Errorf("cut %v, %v", cut, err)
		}
		if got, want := fmt.Sprint(tags), "[{unversioned false} {v1.0.0 false} {v1.1.0 false}]"; got != want {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
	}
}

// TestReachableWithoutBranch has a commit that no branch leads to. Where the
// server gives it by its name, its history is known; where it no longer does,
// that is told, and no tag is claimed.
func TestReachableWithoutBranch(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	repo := filepath.Join(dir, "acme", "lib.git")
	lost := putObject(t, repo, plumbing.CommitObject, fmt.Sprintf(
		"tree %s\nparent %s\nauthor a <a> 1767600000 +0000\ncommitter a <a> 1767600000 +0000\n\nLost\n", treeOf(t, repo, r), r.Commit("v1.1.0")))
	own, err := os.ReadFile(filepath.Join(repo, "config"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	store := newStore(t)
	for _, tt := range []struct{ url, config, want string }{
		{repo, "", "[{v1.0.0 false} {v1.1.0 false}] false"},
		{b.URL + "/acme/lib.git", "[uploadpack]\n\tallowAnySHA1InWant = true\n", "[{v1.0.0 false} {v1.1.0 false}] false"},
		{b.URL + "/acme/lib.git", "", "[] true"}, // the store has the commit by now
		{repo, "shallow", "[] true"},
	} {
		if tt.config == "shallow" {
			// What a shallow clone lacks: the commit's parent.
			hash := r.Commit("v1.1.0")
			if err := os.Remove(filepath.Join(repo, "objects", hash[:2], hash[2:])); err != nil {
				t.Skip("the repository is packed")
			}
		} else {
			testkit.WriteFile(t, filepath.Join(repo, "config"), string(own)+tt.config)
		}
		c := newClient(t, Options{Store: store})
		found := mustFind(t, c, Request{URL: tt.url, Commit: lost, Choose: commit(lost)}, lost)
		tags, cut, err := c.Reachable(t.Context(), found, func(tag string) bool { return strings.HasPrefix(tag, "v") })
		if err != nil {
			t.Error(err)
		}
		if got := fmt.Sprint(tags, " ", cut); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.url, tt.config, got, tt.want)
		}
	}
}

// TestTagOfTag follows tags of tags, but not without end.
func TestTagOfTag(t *testing.T) {
	r, _ := testkit.Lib(t)
	dir := testkit.WriteRepos(t, r)
	url := filepath.Join(dir, "acme", "lib.git")
	target, kind := r.Commit("v1.0.0"), "commit"
	for n := 1; n <= 8; n++ {
		target = putObject(t, url, plumbing.TagObject, fmt.Sprintf("object %s\ntype %s\ntag t%d\ntagger a <a> 1767600000 +0000\n\nx\n", target, kind, n))
		kind = "tag"
		testkit.WriteFile(t, filepath.Join(url, "refs/tags", fmt.Sprintf("t%d", n)), target+"\n")
	}
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: dir})
	for _, where := range []string{url, b.URL + "/acme/lib.git"} {
		mustFind(t, newClient(t, Options{}), Request{URL: where, Choose: tag("t2")}, r.Commit("v1.0.0"))
	}
	_, err := newClient(t, Options{}).Find(t.Context(), Request{URL: url, Choose: tag("t8")})
	testkit.WantError(t, err, url+": t8: tag "+r.Commit("v1.0.0")+" is nested too deep")
}

// putObject writes an object as it stands into a repository.
func putObject(t *testing.T, dir string, kind plumbing.ObjectType, content string) string {
	t.Helper()
	hash := plumbing.ComputeHash(kind, []byte(content)).String()
	name := filepath.Join(dir, "objects", hash[:2], hash[2:])
	testkit.WriteFile(t, name, looseObject(kind.String(), []byte(content)))
	_ = os.Chmod(name, 0o444) // another user may run the server
	return hash
}

// looseObject is the file of an object, which is not compressed: that takes seconds
// for a large one where the race detector looks at each byte.
func looseObject(kind string, data []byte) string {
	var b bytes.Buffer
	z, _ := zlib.NewWriterLevel(&b, zlib.NoCompression) // which is a level
	fmt.Fprintf(z, "%s %d\x00", kind, len(data))
	_, _ = z.Write(data)
	_ = z.Close()
	return b.String()
}

// rawObject reads an object as it stands.
func rawObject(t *testing.T, dir, hash string) string {
	t.Helper()
	st := gitpack.Open(dir)
	defer st.Close()
	o, err := st.EncodedObject(plumbing.AnyObject, plumbing.NewHash(hash))
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
