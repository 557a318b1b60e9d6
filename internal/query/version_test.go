package query

import (
	"testing"
	"time"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPseudoVersion has the three forms of go.dev/ref/mod#pseudo-versions.
func TestPseudoVersion(t *testing.T) {
	found := source.Found{
		Commit: "abcdef0123456789abcdef0123456789abcdef01",
		Time:   time.Date(2026, 1, 5, 9, 8, 7, 654, time.FixedZone("", 3600)),
	}
	here := func(tag string) source.Tagged { return source.Tagged{Tag: tag, Here: true} }
	behind := func(tag string) source.Tagged { return source.Tagged{Tag: tag} }
	const stamp = "20260105080807-abcdef012345"
	for _, tt := range []struct {
		name, prefix, major string
		tags                []source.Tagged
		want                string
	}{
		{"no tag", "", "", nil, "v0.0.0-" + stamp},
		{"no tag, with a major", "", "/v5", nil, "v5.0.0-" + stamp},
		{"no tag, gopkg.in", "", ".v3", nil, "v3.0.0-" + stamp},
		{"after a release", "", "", []source.Tagged{behind("v1.2.3")}, "v1.2.4-0." + stamp},
		{"after a pre-release", "", "", []source.Tagged{behind("v1.2.3-rc.1")}, "v1.2.3-rc.1.0." + stamp},
		{"after several", "", "", []source.Tagged{behind("v1.10.0"), behind("v1.9.0"), behind("v1.10.0-rc.1")}, "v1.10.1-0." + stamp},
		{"after a major's release", "", "/v5", []source.Tagged{behind("v5.1.9")}, "v5.1.10-0." + stamp},
		{"on a release", "", "", []source.Tagged{here("v1.2.3"), behind("v1.2.2")}, "v1.2.3"},
		{"on two", "", "", []source.Tagged{here("v1.2.3"), here("v1.3.0")}, "v1.3.0"},
		{"on two, the higher first", "", "", []source.Tagged{here("v1.10.0"), here("v1.9.0")}, "v1.10.0"},
		{"on one, with a higher behind", "", "", []source.Tagged{here("v1.2.3"), behind("v1.9.0")}, "v1.2.3"},
		{"in a folder", "plugins/rr/", "", []source.Tagged{behind("plugins/rr/v1.2.3")}, "v1.2.4-0." + stamp},
		{"on a folder's release", "plugins/rr/", "", []source.Tagged{here("plugins/rr/v1.2.3")}, "v1.2.3"},
	} {
		got := PseudoVersion(found, tt.prefix, tt.major, tt.tags)
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if module.CanonicalVersion(got) != got || !module.MatchPathMajor(got, tt.major) {
			t.Errorf("%s: %s is no version for the major %q", tt.name, got, tt.major)
		}
		if module.IsPseudoVersion(got) {
			if rev, err := module.PseudoVersionRev(got); err != nil || rev != found.Commit[:12] {
				t.Errorf("%s: %s has the revision %s, %v", tt.name, got, rev, err)
			}
			if when, err := module.PseudoVersionTime(got); err != nil || !when.Equal(found.Time.Truncate(time.Second)) {
				t.Errorf("%s: %s has the time %v, %v", tt.name, got, when, err)
			}
		}
	}
}

func TestTagVersion(t *testing.T) {
	for _, tt := range []struct {
		q    Query
		tag  string
		want string
	}{
		{Query{}, "v1.2.3", "v1.2.3"},
		{Query{}, "v1.2.3-rc.1", "v1.2.3-rc.1"},
		{Query{}, "v2.0.0", "v2.0.0"}, // of whatever major
		{Query{}, "v1.2", ""},
		{Query{}, "v1.2.3+meta", ""},
		{Query{}, "release", ""},
		{Query{}, "sub/v1.2.3", ""},
		{Query{}, "v0.0.0-20260105080807-abcdef012345", ""},
		{Query{Folder: "sub"}, "sub/v1.2.3", "v1.2.3"},
		{Query{Folder: "sub"}, "v1.2.3", "v1.2.3"},
		{Query{Folder: "sub"}, "sub/deep/v1.2.3", ""},
		{Query{Folder: "sub/v5", Major: "/v5"}, "sub/v5.0.0", "v5.0.0"},
	} {
		got, ok := tt.q.TagVersion(tt.tag)
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%+v %s: %s %v, want %s", tt.q, tt.tag, got, ok, tt.want)
		}
	}
}

func TestMajorError(t *testing.T) {
	for _, tt := range []struct {
		err        MajorError
		text, hint string
	}{
		{MajorError{Module: "github.com/acme/a", Tag: "v2.0.0"}, "tag v2.0.0 has another major version than the module path in its go.mod, github.com/acme/a",
			"name a ref with major v0 or v1, or a ref whose go.mod says github.com/acme/a/v2"},
		{MajorError{Module: "github.com/acme/a/v5", Tag: "sub/v6.1.0"}, "tag sub/v6.1.0 has another major version than the module path in its go.mod, github.com/acme/a/v5",
			"name a ref with major v5, or a ref whose go.mod says github.com/acme/a/v6"},
		{MajorError{Module: "github.com/acme/a/v5", Tag: "v1.0.0"}, "tag v1.0.0 has another major version than the module path in its go.mod, github.com/acme/a/v5",
			"name a ref with major v5, or a ref whose go.mod says github.com/acme/a"},
	} {
		testkit.WantError(t, &tt.err, tt.text, tt.hint)
	}
}
