package parse

import (
	"reflect"
	"testing"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

func TestParseMirror(t *testing.T) {
	for _, tt := range []struct {
		in       string
		from, to string
	}{
		{"https://github.com/=/srv/mirror/", "https://github.com/", "/srv/mirror/"},
		{"https://github.com/=mirror=x:", "https://github.com/", "mirror=x:"},
		{"git@github.com:=git@git.corp:", "git@github.com:", "git@git.corp:"},
		{"https://github.com=./mirror", "https://github.com", "./mirror"},
		{"https://github.com/=https://[::1]:8080/", "https://github.com/", "https://[::1]:8080/"},
	} {
		got, err := Mirror(tt.in)
		if want := (config.Mirror{From: tt.from, To: []string{tt.to}}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("ParseMirror(%q) = %+v, %v, want %+v", tt.in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":                       "a mirror is FROM=TO, two URL prefixes, such as https://github.com/=ssh://git@git.corp/",
		"https://github.com/":    "a mirror is FROM=TO, two URL prefixes, such as https://github.com/=ssh://git@git.corp/",
		"=/srv/mirror/":          "a mirror is FROM=TO, two URL prefixes, such as https://github.com/=ssh://git@git.corp/",
		"https://github.com/=":   "a mirror is FROM=TO, two URL prefixes, such as https://github.com/=ssh://git@git.corp/",
		"a=/srv/\n":              "a mirror has a control character",
		"a=ext::sh":              "a mirror's TO names a remote helper, which would be run as a program",
		"a=ftp://u:hunter2@host": `a mirror's TO has the scheme "ftp", want https, http or ssh`,
	} {
		if _, err := Mirror(in); err == nil || err.Error() != want {
			t.Errorf("ParseMirror(%q) returned the error %v, want %s", in, err, want)
		}
	}
}

func TestParseReplace(t *testing.T) {
	lib := func(version string) config.Replacement {
		return config.Replacement{Module: module.Version{Path: "github.com/acme/lib", Version: version}}
	}
	for in, want := range map[string]config.Replacement{
		"./lib":                      {Dir: "./lib"},
		"../lib":                     {Dir: "../lib"},
		"..":                         {Dir: ".."},
		"/srv/lib":                   {Dir: "/srv/lib"},
		"~/lib":                      {Dir: "~/lib"},
		"github.com/acme/lib":        lib(""),
		"github.com/acme/lib@v1.2.3": lib("v1.2.3"),
		"github.com/acme/lib v1.2.3": lib("v1.2.3"),
		"github.com/acme/lib@main":   lib("main"),
	} {
		if got, err := Replace(in); err != nil || got != want {
			t.Errorf("ParseReplace(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "lib", "github.com/acme/lib@", "github.com/acme/lib@-v1", "https://github.com/acme/lib", "github.com/acme/lib@a b"} {
		if got, err := Replace(in); err == nil {
			t.Errorf("ParseReplace(%q) = %+v, want an error", in, got)
		}
	}
}

func TestCheckRemote(t *testing.T) {
	for _, ok := range []string{
		"https://github.com/acme/lib", "http://git.corp:8080/a.git", "ssh://git@git.corp:22/a", "git+ssh://git.corp/a",
		"HTTPS://github.com/a", "git@git.corp:team/a.git", "git.corp:a", "ssh://git@[::1]/a", "https://[::1]/a", "https://a.corp/b::c",
		"/srv/a.git", "./a", "../a", "~/a", "https://user@git.corp/a",
	} {
		if err := checkRemote(ok); err != nil {
			t.Errorf("checkRemote(%q): %v", ok, err)
		}
	}
	for _, bad := range []string{
		"", "a", "acme/lib", "-a", "ext::a", "fd::17", "foo::https://a/b", "file:///a", "git.corp:", ":a", "a/b:c",
		"git@git.corp:-a", "-u@git.corp:a", "https://", "https://-a/b", "ssh://-u@a/b", "https://%zz/", "://a",
	} {
		if err := checkRemote(bad); err == nil {
			t.Errorf("checkRemote(%q) found nothing wrong", bad)
		}
	}
}
