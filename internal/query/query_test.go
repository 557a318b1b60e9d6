package query

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// refsArchive has tags and branches of every shape. All are of one commit, as
// only their names count.
const refsArchive = `
url github.com/acme/refs
branch main
add 1
commit 2026-01-05T09:00:00Z One
branch v3
branch feature/x
branch v1.3.0
branch release
tag v0.9.0
tag v1.0.0
tag -a v1.1.0
tag v1.2.0-rc.1
tag v1.2.0-rc.2
tag v1.3.0
tag v1.3
tag v2.0.0
tag v5.0.0
tag v5.1.0
tag v5.1.3
tag v5.1.10
tag v5.2.0-beta.1
tag v5.10.0-alpha.1
tag v6.0.0-rc.1
tag v7.0.0+meta
tag v8.0.1-0.20260101000000-abcdefabcdef
tag release
tag vx.y.z
tag sub/v1.0.0
tag sub/v1.5.0
tag sub/v5.0.1
tag sub/deep/v1.9.0
tag 7e57ab1e
-- 1/go.mod --
module github.com/acme/refs
`

func TestChoose(t *testing.T) {
	refs := refsOf(t, refsArchive)
	const full = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct {
		q    Query
		want string // a ref, or a commit
	}{
		// Exact names: a tag before a branch.
		{Query{Ref: "v1.0.0"}, "refs/tags/v1.0.0"},
		{Query{Ref: "v1.3.0"}, "refs/tags/v1.3.0"},
		{Query{Ref: "refs/heads/v1.3.0"}, "refs/heads/v1.3.0"},
		{Query{Ref: "refs/tags/v1.3.0"}, "refs/tags/v1.3.0"},
		{Query{Ref: "release"}, "refs/tags/release"},
		{Query{Ref: "main"}, "refs/heads/main"},
		{Query{Ref: "feature/x"}, "refs/heads/feature/x"},
		{Query{Ref: "v5.2.0-beta.1", Major: "/v5"}, "refs/tags/v5.2.0-beta.1"},
		{Query{Ref: "v2.0.0", Major: "/v5"}, "refs/tags/v2.0.0"}, // the version is checked later, against go.mod

		// As git-rev-parse(1) takes them.
		{Query{Ref: "HEAD"}, "refs/heads/main"},
		{Query{Ref: "@"}, "refs/heads/main"},
		{Query{Ref: "heads/main"}, "refs/heads/main"},
		{Query{Ref: "heads/v1.3.0"}, "refs/heads/v1.3.0"},
		{Query{Ref: "tags/v1.3.0"}, "refs/tags/v1.3.0"},
		{Query{Ref: "refs/heads/feature/x"}, "refs/heads/feature/x"},
		{Query{Ref: "origin/main"}, "refs/heads/main"},
		{Query{Ref: "origin/feature/x"}, "refs/heads/feature/x"},
		{Query{Ref: "refs/remotes/origin/main"}, "refs/heads/main"},
		{Query{Ref: "origin/HEAD"}, "refs/heads/main"},
		{Query{Ref: "refs/tags/sub/v1.0.0"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "refs/tags/v1.0.0", Folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "refs/tags/main"}, "no tag, branch or commit refs/tags/main"},
		{Query{Ref: "refs/heads/v1.0.0"}, "no tag, branch or commit refs/heads/v1.0.0"},
		{Query{Ref: "origin/v1.0.0"}, "no tag, branch or commit origin/v1.0.0"},
		{Query{Ref: "HEAD~1"}, "no tag, branch or commit HEAD~1"},

		// Commits, but not where something has that name.
		{Query{Ref: "7e57ab1e"}, "refs/tags/7e57ab1e"},
		{Query{Ref: "abcdef1"}, "abcdef1"},
		{Query{Ref: "ABCDEF1234"}, "abcdef1234"},
		{Query{Ref: full}, full},
		{Query{Ref: strings.ToUpper(full)}, full},
		{Query{Ref: "abcdef"}, "no tag, branch or commit abcdef"},
		{Query{Ref: full + "0"}, "no tag, branch or commit " + full + "0"},

		// Queries. A branch or tag of the very name comes first.
		{Query{Ref: "v3", AnyMajor: true}, "refs/heads/v3"},
		{Query{Ref: "v1.3"}, "refs/tags/v1.3"},
		{Query{Ref: "v1"}, "refs/tags/v1.3.0"},
		{Query{Ref: "v1.2"}, "refs/tags/v1.2.0-rc.2"}, // there is nothing but pre-releases
		{Query{Ref: "v5", Major: "/v5"}, "refs/tags/v5.1.10"},
		{Query{Ref: "v5", AnyMajor: true}, "refs/tags/v5.1.10"},
		{Query{Ref: "v5.1", Major: "/v5"}, "refs/tags/v5.1.10"},
		{Query{Ref: "v5.2", Major: "/v5"}, "refs/tags/v5.2.0-beta.1"},
		{Query{Ref: "v5.1", Major: ""}, "no tag, branch or commit v5.1"}, // another major than the module's
		{Query{Ref: "v6", AnyMajor: true}, "refs/tags/v6.0.0-rc.1"},
		{Query{Ref: "v7", AnyMajor: true}, "no tag, branch or commit v7"}, // build metadata is no version of Go's
		{Query{Ref: "v8", AnyMajor: true}, "no tag, branch or commit v8"}, // nor is a tag that looks like a pseudo-version
		{Query{Ref: "v9", AnyMajor: true}, "no tag, branch or commit v9"},
		{Query{Ref: "v5.1.", AnyMajor: true}, "no tag, branch or commit v5.1."},
		{Query{Ref: "5.1", AnyMajor: true}, "no tag, branch or commit 5.1"},

		// latest: releases first, of the module's major.
		{Query{Ref: "latest"}, "refs/tags/v1.3.0"},
		{Query{Ref: "latest", Major: "/v2"}, "refs/tags/v2.0.0"},
		{Query{Ref: "latest", Major: "/v5"}, "refs/tags/v5.1.10"},
		{Query{Ref: "latest", Major: "/v6"}, "refs/tags/v6.0.0-rc.1"},
		{Query{Ref: "latest", AnyMajor: true}, "refs/tags/v5.1.10"},
		{Query{Ref: "latest", Major: "/v9"}, "refs/heads/main"}, // no version at all: the default branch
		{Query{Ref: "latest", Major: ".v1"}, "refs/tags/v1.3.0"},

		// Folders: their own tags before those of the whole repository.
		{Query{Ref: "v1.0.0", Folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "v1.1.0", Folder: "sub"}, "refs/tags/v1.1.0"},
		{Query{Ref: "sub/v1.0.0", Folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "sub/v1.0.0"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "latest", Folder: "sub"}, "refs/tags/sub/v1.5.0"},
		{Query{Ref: "v1", Folder: "sub"}, "refs/tags/sub/v1.5.0"},
		{Query{Ref: "v1.2", Folder: "sub"}, "refs/tags/v1.2.0-rc.2"},
		{Query{Ref: "latest", Folder: "sub/deep"}, "refs/tags/sub/deep/v1.9.0"},
		{Query{Ref: "latest", Folder: "other"}, "refs/tags/v1.3.0"},
		{Query{Ref: "latest", Folder: "sub/v5", Major: "/v5"}, "refs/tags/sub/v5.0.1"}, // a major's own folder is not in the tag
		{Query{Ref: "latest", Folder: "v5", Major: "/v5"}, "refs/tags/v5.1.10"},
		{Query{Ref: "v5.0.1", Folder: "sub", Major: "/v5"}, "refs/tags/sub/v5.0.1"},
	} {
		ref, err := tt.q.Choose(refs)
		got := ref.Name
		switch {
		case err != nil:
			got = err.Error()
		case got == "":
			got = ref.Commit
		}
		if got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, got, tt.want)
		}
	}
}

// TestChooseTag has what a requirement may mean: a tag, and nothing else.
func TestChooseTag(t *testing.T) {
	refs := refsOf(t, refsArchive)
	for _, tt := range []struct {
		q    Query
		want string
	}{
		{Query{Ref: "v1.0.0"}, "refs/tags/v1.0.0"},
		{Query{Ref: "v1.0.0", Folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{Query{Ref: "v1.1.0", Folder: "sub"}, "refs/tags/v1.1.0"},
		{Query{Ref: "main"}, "no tag, branch or commit main"},
		{Query{Ref: "v3"}, "no tag, branch or commit v3"},
		{Query{Ref: "v1.9.9"}, "no tag, branch or commit v1.9.9"},
	} {
		ref, err := tt.q.ChooseTag(refs)
		got := ref.Name
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, got, tt.want)
		}
	}
}

// TestChooseWithoutTags has repositories without versions, and without anything.
func TestChooseWithoutTags(t *testing.T) {
	refs := refsOf(t, "url github.com/acme/young\nbranch trunk\nadd 1\ncommit 2026-01-05T09:00:00Z One\n-- 1/go.mod --\nmodule github.com/acme/young\n")
	ref, err := Query{Ref: "latest"}.Choose(refs)
	if err != nil || ref.Name != "refs/heads/trunk" || ref.Commit != refs.Head().Commit {
		t.Errorf("latest: %+v, %v; want the default branch", ref, err)
	}
	refs = refsOf(t, "url github.com/acme/empty\nbranch main\n")
	for _, name := range []string{"latest", "main", "v1"} {
		_, err := Query{Ref: name}.Choose(refs)
		testkit.WantError(t, err, "no tag, branch or commit "+name)
	}
}

func TestImmutable(t *testing.T) {
	for _, tt := range []struct {
		q    Query
		want string
	}{
		{Query{Ref: "v1.0.0"}, "[v1.0.0]"},
		{Query{Ref: "v1.0.0-rc.1"}, "[v1.0.0-rc.1]"},
		{Query{Ref: "v1.0.0", Folder: "sub"}, "[sub/v1.0.0 v1.0.0]"},
		{Query{Ref: "v5.0.0", Folder: "sub/v5", Major: "/v5"}, "[sub/v5.0.0 v5.0.0]"},
		{Query{Ref: "v5.0.0", Folder: "v5", Major: "/v5"}, "[v5.0.0]"},
		{Query{Ref: "v2025.1.15"}, "[v2025.1.15]"},
		{Query{Ref: "v1"}, "[]"},
		{Query{Ref: "v1.0"}, "[]"},
		{Query{Ref: "latest"}, "[]"},
		{Query{Ref: "main"}, "[]"},
		{Query{Ref: "release-1.0.0"}, "[]"},
		{Query{Ref: "1.0.0"}, "[]"},
	} {
		if got := fmt.Sprint(tt.q.Immutable()); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.q, got, tt.want)
		}
	}
}

// TestNearest has what a ref may have been meant for.
func TestNearest(t *testing.T) {
	refs := refsOf(t, refsArchive)
	for _, tt := range []struct {
		ref   string
		hints []string
	}{
		{"v1.0.1", []string{"did you mean v1.0.0 or v1.1.0?"}},
		{"v5.1.11", []string{"did you mean v5.1.10?"}},
		{"1.0.0", []string{"did you mean v1.0.0 or sub/v1.0.0?"}},
		{"V1.0.0", []string{"did you mean v1.0.0 or sub/v1.0.0?"}},
		{"mian", []string{"did you mean main?"}},
		{"origin/mian", []string{"did you mean main?"}},
		{"master", []string{"its branches are main, feature/x, release, v1.3.0, v3"}},
		{"something-else", []string{"its branches are main, feature/x, release, v1.3.0, v3"}},
	} {
		if tt.ref == "V1.0.0" && runtime.GOOS == "windows" {
			continue // is the file v1.0.0 there, to git too
		}
		_, err := Query{Ref: tt.ref}.Choose(refs)
		testkit.WantError(t, err, "no tag, branch or commit "+tt.ref, tt.hints...)
	}
}

// refsOf reads the refs of a repository that an archive describes.
func refsOf(t *testing.T, archive string) *source.Refs {
	t.Helper()
	r := testkit.MustParse(t, archive)
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	store, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client, err := source.NewClient(source.Options{Store: store, Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var refs *source.Refs
	stop := errors.New("that is all")
	_, err = client.Find(t.Context(), source.Request{
		URL:    filepath.Join(dir, filepath.FromSlash(r.Path())),
		Choose: func(all *source.Refs) (source.Ref, error) { refs = all; return source.Ref{}, stop },
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return refs
}
