package resolve

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
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
		q    query
		want string // a ref, or a commit
	}{
		// Exact names: a tag before a branch.
		{query{ref: "v1.0.0"}, "refs/tags/v1.0.0"},
		{query{ref: "v1.3.0"}, "refs/tags/v1.3.0"},
		{query{ref: "refs/heads/v1.3.0"}, "refs/heads/v1.3.0"},
		{query{ref: "refs/tags/v1.3.0"}, "refs/tags/v1.3.0"},
		{query{ref: "release"}, "refs/tags/release"},
		{query{ref: "main"}, "refs/heads/main"},
		{query{ref: "feature/x"}, "refs/heads/feature/x"},
		{query{ref: "v5.2.0-beta.1", major: "/v5"}, "refs/tags/v5.2.0-beta.1"},
		{query{ref: "v2.0.0", major: "/v5"}, "refs/tags/v2.0.0"}, // the version is checked later, against go.mod

		// As git-rev-parse(1) takes them.
		{query{ref: "HEAD"}, "refs/heads/main"},
		{query{ref: "@"}, "refs/heads/main"},
		{query{ref: "heads/main"}, "refs/heads/main"},
		{query{ref: "heads/v1.3.0"}, "refs/heads/v1.3.0"},
		{query{ref: "tags/v1.3.0"}, "refs/tags/v1.3.0"},
		{query{ref: "refs/heads/feature/x"}, "refs/heads/feature/x"},
		{query{ref: "origin/main"}, "refs/heads/main"},
		{query{ref: "origin/feature/x"}, "refs/heads/feature/x"},
		{query{ref: "refs/remotes/origin/main"}, "refs/heads/main"},
		{query{ref: "origin/HEAD"}, "refs/heads/main"},
		{query{ref: "refs/tags/sub/v1.0.0"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "refs/tags/v1.0.0", folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "refs/tags/main"}, "no tag, branch or commit refs/tags/main"},
		{query{ref: "refs/heads/v1.0.0"}, "no tag, branch or commit refs/heads/v1.0.0"},
		{query{ref: "origin/v1.0.0"}, "no tag, branch or commit origin/v1.0.0"},
		{query{ref: "HEAD~1"}, "no tag, branch or commit HEAD~1"},

		// Commits, but not where something has that name.
		{query{ref: "7e57ab1e"}, "refs/tags/7e57ab1e"},
		{query{ref: "abcdef1"}, "abcdef1"},
		{query{ref: "ABCDEF1234"}, "abcdef1234"},
		{query{ref: full}, full},
		{query{ref: strings.ToUpper(full)}, full},
		{query{ref: "abcdef"}, "no tag, branch or commit abcdef"},
		{query{ref: full + "0"}, "no tag, branch or commit " + full + "0"},

		// Queries. A branch or tag of the very name comes first.
		{query{ref: "v3", anyMajor: true}, "refs/heads/v3"},
		{query{ref: "v1.3"}, "refs/tags/v1.3"},
		{query{ref: "v1"}, "refs/tags/v1.3.0"},
		{query{ref: "v1.2"}, "refs/tags/v1.2.0-rc.2"}, // there is nothing but pre-releases
		{query{ref: "v5", major: "/v5"}, "refs/tags/v5.1.10"},
		{query{ref: "v5", anyMajor: true}, "refs/tags/v5.1.10"},
		{query{ref: "v5.1", major: "/v5"}, "refs/tags/v5.1.10"},
		{query{ref: "v5.2", major: "/v5"}, "refs/tags/v5.2.0-beta.1"},
		{query{ref: "v5.1", major: ""}, "no tag, branch or commit v5.1"}, // another major than the module's
		{query{ref: "v6", anyMajor: true}, "refs/tags/v6.0.0-rc.1"},
		{query{ref: "v7", anyMajor: true}, "no tag, branch or commit v7"}, // build metadata is no version of Go's
		{query{ref: "v8", anyMajor: true}, "no tag, branch or commit v8"}, // nor is a tag that looks like a pseudo-version
		{query{ref: "v9", anyMajor: true}, "no tag, branch or commit v9"},
		{query{ref: "v5.1.", anyMajor: true}, "no tag, branch or commit v5.1."},
		{query{ref: "5.1", anyMajor: true}, "no tag, branch or commit 5.1"},

		// latest: releases first, of the module's major.
		{query{ref: "latest"}, "refs/tags/v1.3.0"},
		{query{ref: "latest", major: "/v2"}, "refs/tags/v2.0.0"},
		{query{ref: "latest", major: "/v5"}, "refs/tags/v5.1.10"},
		{query{ref: "latest", major: "/v6"}, "refs/tags/v6.0.0-rc.1"},
		{query{ref: "latest", anyMajor: true}, "refs/tags/v5.1.10"},
		{query{ref: "latest", major: "/v9"}, "refs/heads/main"}, // no version at all: the default branch
		{query{ref: "latest", major: ".v1"}, "refs/tags/v1.3.0"},

		// Folders: their own tags before those of the whole repository.
		{query{ref: "v1.0.0", folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "v1.1.0", folder: "sub"}, "refs/tags/v1.1.0"},
		{query{ref: "sub/v1.0.0", folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "sub/v1.0.0"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "latest", folder: "sub"}, "refs/tags/sub/v1.5.0"},
		{query{ref: "v1", folder: "sub"}, "refs/tags/sub/v1.5.0"},
		{query{ref: "v1.2", folder: "sub"}, "refs/tags/v1.2.0-rc.2"},
		{query{ref: "latest", folder: "sub/deep"}, "refs/tags/sub/deep/v1.9.0"},
		{query{ref: "latest", folder: "other"}, "refs/tags/v1.3.0"},
		{query{ref: "latest", folder: "sub/v5", major: "/v5"}, "refs/tags/sub/v5.0.1"}, // a major's own folder is not in the tag
		{query{ref: "latest", folder: "v5", major: "/v5"}, "refs/tags/v5.1.10"},
		{query{ref: "v5.0.1", folder: "sub", major: "/v5"}, "refs/tags/sub/v5.0.1"},
	} {
		ref, err := tt.q.choose(refs)
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
		q    query
		want string
	}{
		{query{ref: "v1.0.0"}, "refs/tags/v1.0.0"},
		{query{ref: "v1.0.0", folder: "sub"}, "refs/tags/sub/v1.0.0"},
		{query{ref: "v1.1.0", folder: "sub"}, "refs/tags/v1.1.0"},
		{query{ref: "main"}, "no tag, branch or commit main"},
		{query{ref: "v3"}, "no tag, branch or commit v3"},
		{query{ref: "v1.9.9"}, "no tag, branch or commit v1.9.9"},
	} {
		ref, err := tt.q.chooseTag(refs)
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
	ref, err := query{ref: "latest"}.choose(refs)
	if err != nil || ref.Name != "refs/heads/trunk" || ref.Commit != refs.Head().Commit {
		t.Errorf("latest: %+v, %v; want the default branch", ref, err)
	}
	refs = refsOf(t, "url github.com/acme/empty\nbranch main\n")
	for _, name := range []string{"latest", "main", "v1"} {
		_, err := query{ref: name}.choose(refs)
		wantError(t, err, "no tag, branch or commit "+name)
	}
}

func TestImmutable(t *testing.T) {
	for _, tt := range []struct {
		q    query
		want string
	}{
		{query{ref: "v1.0.0"}, "[v1.0.0]"},
		{query{ref: "v1.0.0-rc.1"}, "[v1.0.0-rc.1]"},
		{query{ref: "v1.0.0", folder: "sub"}, "[sub/v1.0.0 v1.0.0]"},
		{query{ref: "v5.0.0", folder: "sub/v5", major: "/v5"}, "[sub/v5.0.0 v5.0.0]"},
		{query{ref: "v5.0.0", folder: "v5", major: "/v5"}, "[v5.0.0]"},
		{query{ref: "v2025.1.15"}, "[v2025.1.15]"},
		{query{ref: "v1"}, "[]"},
		{query{ref: "v1.0"}, "[]"},
		{query{ref: "latest"}, "[]"},
		{query{ref: "main"}, "[]"},
		{query{ref: "release-1.0.0"}, "[]"},
		{query{ref: "1.0.0"}, "[]"},
	} {
		if got := fmt.Sprint(tt.q.immutable()); got != tt.want {
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
		_, err := query{ref: tt.ref}.choose(refs)
		wantError(t, err, "no tag, branch or commit "+tt.ref, tt.hints...)
	}
}
