package query

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/source"
)

// FuzzChoose looks for any ref among any names. What is chosen is there and is
// what was meant, whoever lists the names; what the store would answer without
// a server is what the server would.
func FuzzChoose(f *testing.F) {
	const names = "refs/heads/main\nrefs/heads/v3\nrefs/tags/v1.0.0\nrefs/tags/v1.2.0-rc.1\nrefs/tags/v1.10.0\nrefs/tags/sub/v1.5.0\n" +
		"refs/tags/v5.1.3\nrefs/tags/v8.0.1-0.20260101000000-abcdefabcdef\nrefs/tags/v7.0.0+meta\nrefs/tags/7e57ab1e\nrefs/pull/1/head"
	for _, ref := range []string{"latest", "v1", "v1.2", "v3", "v5", "v1.0.0", "7e57ab1e", "0123456789abcdef0123456789abcdef01234567", "refs/tags/v1.0.0", "refs/heads/main", "mian", "", "-x", "../x"} {
		f.Add(ref, names, "", "", ref == "v5")
		f.Add(ref, names, "sub", "/v5", false)
	}
	f.Add("latest", "refs/tags/\x1b[m\nrefs/tags/v1.0.0^{}\nrefs/tags/\nrefs/heads/", "sub/v2", "/v2", false)
	f.Fuzz(func(t *testing.T, ref, names, folder, major string, anyMajor bool) {
		if len(names) > 4<<10 || len(ref) > 100 {
			return // what is near is looked for in a time that grows with both
		}
		q := Query{Ref: ref, Folder: folder, Major: major, AnyMajor: anyMajor}
		byName := map[string]source.Ref{}
		for name := range strings.SplitSeq(names, "\n") {
			byName[name] = source.Ref{Name: name, Commit: strings.Repeat("c", 40)}
		}
		refs := source.NewRefs(byName, source.Ref{})
		got, err := q.Choose(refs)
		if err != nil {
			wantNear(t, err, q, byName)
		} else {
			wantMeant(t, q, got, byName)
		}
		for _, tag := range q.Immutable() {
			if known, ok := refs.Tag(tag); ok {
				if err != nil || got != known {
					t.Errorf("the store would answer %+v, the server %+v, %v", known, got, err)
				}
				break
			}
		}
		if tag, err := q.ChooseTag(refs); err == nil && !strings.HasPrefix(tag.Name, "refs/tags/") {
			t.Errorf("a requirement of %q got %+v", ref, tag)
		}
	})
}

// wantNear holds an error against what is there. Of a tag for the folder, what
// is suggested is the version, as one would write it.
func wantNear(t *testing.T, err error, q Query, byName map[string]source.Ref) {
	t.Helper()
	none, ok := errors.AsType[*RefError](err)
	if !ok || len(none.Nearest) > 3 {
		t.Fatalf("%#v", err)
	}
	for _, near := range none.Nearest {
		_, there := byName["refs/heads/"+near]
		for _, prefix := range append(q.Prefixes(), "") {
			_, tag := byName["refs/tags/"+prefix+near]
			there = there || tag
		}
		if !there {
			t.Errorf("%q is suggested, and not there", near)
		}
	}
}

// wantMeant holds a chosen ref against what was asked for.
func wantMeant(t *testing.T, q Query, got source.Ref, byName map[string]source.Ref) {
	t.Helper()
	if got.Name == "" { // a commit
		if !strings.EqualFold(got.Commit, q.Ref) || got.Commit != strings.ToLower(got.Commit) || !isHex(got.Commit) || len(got.Commit) < 7 || len(got.Commit) > 40 {
			t.Errorf("%q is the commit %q", q.Ref, got.Commit)
		}
		return
	}
	if there, ok := byName[got.Name]; !ok || there != got {
		t.Fatalf("%+v is not there", got)
	}
	if strings.HasSuffix("/"+got.Name, "/"+q.Ref) {
		return // by its very name
	}
	version := ""
	for _, p := range q.Prefixes() {
		if v, ok := strings.CutPrefix(got.Short(), p); ok && q.IsVersion(v) {
			version = v
			break
		}
	}
	if version == "" || q.Ref != "latest" && !strings.HasPrefix(version, q.Ref+".") {
		t.Fatalf("%q got %+v", q.Ref, got)
	}
	own := strings.TrimSuffix(got.Name, version)
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		v, ok := strings.CutPrefix(name, own)
		if !ok || !q.IsVersion(v) || q.Ref != "latest" && !strings.HasPrefix(v, q.Ref+".") {
			continue
		}
		release, chosen := semver.Prerelease(v) == "", semver.Prerelease(version) == ""
		if release && !chosen || release == chosen && semver.Compare(v, version) > 0 {
			t.Errorf("%q got %s, and there is %s", q.Ref, version, v)
		}
	}
}
