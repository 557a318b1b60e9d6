package giturl

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

func TestCandidates(t *testing.T) {
	mirrors := []config.Mirror{
		{From: "https://github.com/", To: []string{"ssh://git@git.corp/github/", "/srv/mirror/github.com"}},
		{From: "https://github.com/acme/", To: []string{"/srv/acme/"}},
		{From: "https://github.com/acme/lib", To: []string{"/srv/lib-fork"}},
		{From: "https://git.corp/a", To: []string{"https://mirror.corp/a"}},
		{From: "https://gitlab.com", To: []string{"https://mirror.corp"}},
		{From: "git@git.corp:", To: []string{"ssh://git.corp:2222/"}},
		{From: "https://twice.corp/", To: []string{"/srv/first"}},
		{From: "https://twice.corp/", To: []string{"/srv/second", "/srv/first"}},
	}
	instead := []insteadOf{ // longest first, as readGitSettings has them
		{prefix: "https://mirror.corp/a/", base: "git@mirror.corp:a/"},
		{prefix: "https://plain.corp/x/", base: "ssh://x.corp/"},
		{prefix: "https://plain.corp/", base: "ssh://plain.corp/"},
		{prefix: "https://github.com/", base: "git@github.com:"},
	}
	for _, tt := range []struct {
		repo string
		want []string
	}{
		{"https://other.corp/lib", []string{"https://other.corp/lib"}},

		// Several in order; a folder with and without its closing slash.
		{"https://github.com/b/c", []string{"ssh://git@git.corp/github/b/c", "/srv/mirror/github.com/b/c"}},
		{"https://github.com/b/c.git", []string{"ssh://git@git.corp/github/b/c.git", "/srv/mirror/github.com/b/c.git"}},

		// The longest prefix alone.
		{"https://github.com/acme/cache", []string{"/srv/acme/cache"}},
		{"https://github.com/acme/lib", []string{"/srv/lib-fork"}},
		{"https://github.com/acme/lib.git", []string{"/srv/lib-fork.git"}},
		{"https://github.com/acme/lib.git/x", []string{"/srv/lib-fork.git/x"}},
		{"https://github.com/acme/lib.github.io", []string{"/srv/acme/lib.github.io"}},
		{"https://github.com/acme/library", []string{"/srv/acme/library"}},
		{"https://twice.corp/x", []string{"/srv/first/x", "/srv/second/x"}},

		// A prefix ends where a name does, and insteadOf comes after mirrors.
		{"https://git.corp/a", []string{"https://mirror.corp/a"}},
		{"https://git.corp/a/b", []string{"git@mirror.corp:a/b"}},
		{"https://git.corp/a.git", []string{"https://mirror.corp/a.git"}},
		{"https://git.corp/ab", []string{"https://git.corp/ab"}},
		{"https://git.corp/a.b/c", []string{"https://git.corp/a.b/c"}},
		{"https://git.corp/a-b", []string{"https://git.corp/a-b"}},
		{"https://gitlab.com/x/y", []string{"https://mirror.corp/x/y"}},
		{"https://gitlab.com.evil.example/x", []string{"https://gitlab.com.evil.example/x"}},
		{"git@git.corp:x/y", []string{"ssh://git.corp:2222/x/y"}},

		// insteadOf alone, by git's rule: any prefix, the longest.
		{"https://plain.corp/x/y", []string{"ssh://x.corp/y"}},
		{"https://plain.corp/z", []string{"ssh://plain.corp/z"}},
	} {
		w := Rewriter{mirrors: mirrors, Git: GitSettings{instead: instead}}
		if got := w.Candidates(tt.repo); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.repo, got, tt.want)
		}
	}
}

func TestReadInsteadOf(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		testkit.WriteFile(t, file, content)
		return file
	}
	write("home/.gitconfig", `
[user]
	name = Ann
[include]
	path = ~/more.inc
	path = sub/rel.inc
	path = missing.inc
[url "git@github.com:"]
	insteadOf = https://github.com/
	insteadOf = "gh:"
	pushInsteadOf = https://never/
[url "ssh://git.corp/"]
	INSTEADOF = https://git.corp/
	insteadOf =
`)
	write("home/more.inc", "[url \"/srv/github/\"]\n\tinsteadOf = https://github.com/acme/\n")
	write("home/sub/rel.inc", "[include]\n\tpath = rel.inc\n[url \"/srv/rel/\"]\n\tinsteadOf = rel:\n")
	write("home/.config/git/config", "[url \"/xdg/\"]\n\tinsteadOf = xdg:\n")
	write("xdg/git/config", "[url \"/other-xdg/\"]\n\tinsteadOf = xdg:\n")
	global := write("global", "[url \"/global/\"]\n\tinsteadOf = global:\n")
	system := write("system", "[url \"/system/\"]\n\tinsteadOf = system:\n")
	broken := write("broken", "[url \"/global/\"\n")
	home := filepath.Join(dir, "home")

	common := []insteadOf{
		{"https://github.com/acme/", "/srv/github/"},
		{"https://github.com/", "git@github.com:"},
		{"https://git.corp/", "ssh://git.corp/"},
	}
	// A file that includes itself is read up to a depth, as in git.
	for range 10 {
		common = append(common, insteadOf{"rel:", "/srv/rel/"})
	}
	for _, tt := range []struct {
		name string
		env  testkit.Vars
		want []insteadOf
	}{
		{"none", testkit.Vars{}, nil},
		{"no home", testkit.Vars{"HOME": ""}, nil},
		{"home", testkit.Vars{"HOME": home}, append([]insteadOf{common[0], common[1], common[2], {"xdg:", "/xdg/"}}, append(common[3:], insteadOf{"gh:", "git@github.com:"})...)},
		{"XDG_CONFIG_HOME", testkit.Vars{"HOME": t.TempDir(), "XDG_CONFIG_HOME": filepath.Join(dir, "xdg")}, []insteadOf{{"xdg:", "/other-xdg/"}}},
		{"GIT_CONFIG_GLOBAL", testkit.Vars{"HOME": home, "GIT_CONFIG_GLOBAL": global}, []insteadOf{{"global:", "/global/"}}},
		{"no global", testkit.Vars{"HOME": home, "GIT_CONFIG_GLOBAL": "/dev/null"}, nil},
		{"GIT_CONFIG_SYSTEM", testkit.Vars{"GIT_CONFIG_SYSTEM": system}, []insteadOf{{"system:", "/system/"}}},
		{"GIT_CONFIG_SYSTEM and GIT_CONFIG_NOSYSTEM", testkit.Vars{"GIT_CONFIG_SYSTEM": system, "GIT_CONFIG_NOSYSTEM": "true"}, nil},
		{"broken", testkit.Vars{"HOME": home, "GIT_CONFIG_GLOBAL": broken}, nil},
	} {
		if _, ok := tt.env["GIT_CONFIG_SYSTEM"]; !ok {
			tt.env["GIT_CONFIG_NOSYSTEM"] = "1" // the machine may have some
		}
		got := readGitSettings(tt.env.Env).instead
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n%v\nwant:\n%v", tt.name, got, tt.want)
		}
	}
}
