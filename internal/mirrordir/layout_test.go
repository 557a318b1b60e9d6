package mirrordir

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPlace has where repositories lie, in each layout.
func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		url, place, owners string // in the default layout, in that of gitolite
		wrong              string
	}{
		{url: "https://github.com/acme/lib", place: "git/github.com/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "https://github.com/acme/lib.git", place: "git/github.com/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "https://GitHub.com/acme/Lib/", place: "git/github.com/acme/Lib.git", owners: "git/acme/Lib.git"},
		{url: "https://git.corp:8443/acme/lib", place: "git/git.corp+8443/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "ssh://git@git.corp:2222/acme/lib", place: "git/git.corp+2222/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "http://[::1]:8080/acme/lib", place: "git/++1+8080/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "git@git.corp:acme/lib.git", place: "git/git.corp/acme/lib.git", owners: "git/acme/lib.git"},
		{url: "https://gitlab.com/group/sub/deep/lib", place: "git/gitlab.com/group/sub/deep/lib.git", owners: "git/group/sub/deep/lib.git"},
		{url: "https://git.corp/lib", place: "git/git.corp/lib.git", owners: "git/lib.git"},
		{url: "/srv/git/lib.git", place: "git/local/srv/git/lib.git", owners: "git/srv/git/lib.git"},
		{url: "https://git.corp/acme/../lib", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/../github.com/acme/lib", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/../../../x/lib", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/acme/.git", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/.hidden/lib", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/acme/li%3Ab", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: `https://git.corp/acme/li%5Cb`, wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/acme/li%2A", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
		{url: "https://git.corp/" + strings.Repeat("a/", 600) + "lib", wrong: "cannot be mirrored: its path is not a valid name for a directory"},
	} {
		for layout, want := range map[Layout]string{DefaultLayout: tt.place, ownersLayout: tt.owners} {
			got, err := layout.Place(tt.url)
			switch {
			case tt.wrong != "" && (err == nil || err.Error() != tt.url+" "+tt.wrong):
				t.Errorf("%s in %s: %s, %v, want %s", tt.url, layout, got, err, tt.wrong)
			case tt.wrong == "" && (err != nil || got != want):
				t.Errorf("%s in %s: %s, %v, want %s", tt.url, layout, got, err, want)
			}
		}
	}
}

// TestParseLayout has layouts and their names, and what none is.
func TestParseLayout(t *testing.T) {
	for _, tt := range []struct {
		text  string
		want  Layout
		wrong string
	}{
		{text: "", want: DefaultLayout},
		{text: "default", want: DefaultLayout},
		{text: "gitolite", want: ownersLayout},
		{text: "gitlab", want: ownersLayout},
		{text: "mirrors/{owner}/{name}.git", want: "mirrors/{owner}/{name}.git"},
		{text: "{host}/{name}", wrong: `the layout "{host}/{name}" does not end in .git`},
		{text: "{host}/{owner}.git", wrong: `the layout "{host}/{owner}.git" has no {name}`},
		{text: "/srv/{name}.git", wrong: `the layout "/srv/{name}.git" is not a path with {host}, {owner} and {name}`},
		{text: "../{name}.git", wrong: `the layout "../{name}.git" is not a path with {host}, {owner} and {name}`},
		{text: "{group}/{name}.git", wrong: `the layout "{group}/{name}.git" is not a path with {host}, {owner} and {name}`},
		{text: ".git/{name}.git", wrong: `the layout ".git/{name}.git" is not a path with {host}, {owner} and {name}`},
	} {
		got, err := ParseLayout(tt.text)
		if tt.wrong != "" {
			testkit.WantError(t, err, tt.wrong)
		} else if err != nil || got != tt.want {
			t.Errorf("%q: %s, %v, want %s", tt.text, got, err, tt.want)
		}
	}
}

// TestLines has the lines for configs.
func TestLines(t *testing.T) {
	at := func(url, path string) Repository { return Repository{URL: url, Path: path} }
	for _, tt := range []struct {
		name string
		have []Repository
		want []Line
	}{
		{name: "none"},
		{name: "one host", have: []Repository{at("https://github.com/acme/lib", "git/github.com/acme/lib.git"), at("https://github.com/acme/tool.git", "git/github.com/acme/tool.git")},
			want: []Line{{"https://github.com/", "/m/git/github.com/"}}},
		{name: "hosts, sorted", have: []Repository{at("ssh://git@git.corp:2222/a/b/lib", "git/git.corp+2222/a/b/lib.git"), at("https://github.com/acme/lib", "git/github.com/acme/lib.git"), at("git@git.corp:acme/lib.git", "git/git.corp/acme/lib.git")},
			want: []Line{{"git@git.corp:", "/m/git/git.corp/"}, {"https://github.com/", "/m/git/github.com/"}, {"ssh://git@git.corp:2222/", "/m/git/git.corp+2222/"}}},
		{name: "without hosts", have: []Repository{at("https://github.com/acme/lib", "git/acme/lib.git")}, want: []Line{{"https://github.com/", "/m/git/"}}},
		{name: "a layout of names", have: []Repository{at("https://github.com/acme/lib", "git/lib.git")}, want: []Line{{"https://github.com/acme/lib", "/m/git/lib.git"}}},
		{name: "a local path", have: []Repository{at("/srv/git/lib.git", "git/local/srv/git/lib.git")}, want: []Line{{"/srv/git/lib.git", "/m/git/local/srv/git/lib.git"}}},
	} {
		m := &Mirror{Dir: "/m"}
		if got := m.Lines(State{Repositories: tt.have}); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// FuzzParseState has mirrors whose state says whatever it says: what is believed lies
// below the mirror, and can be written and read again.
func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"version": 1, "layout": "{host}/{owner}/{name}.git", "repositories": [{"url": "https://github.com/acme/lib", "path": "git/github.com/acme/lib.git"}]}`))
	f.Add([]byte(`{"version": 1, "repositories": [{"url": "x", "path": "git/../../x"}]}`))
	f.Add([]byte(`{"version": 2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseState(data)
		if err != nil {
			return
		}
		for _, r := range s.Repositories {
			if !strings.HasPrefix(r.Path, GitDir+"/") || !isName(r.Path) {
				t.Errorf("%q is a path of a repository", r.Path)
			}
		}
		(&Mirror{Dir: "/m"}).Lines(s)
		text, err := s.format()
		testkit.Check(t, err)
		if _, err := ParseState(text); err != nil {
			t.Errorf("written again: %v", err)
		}
	})
}
