package live

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/rryaml"
)

// TestServing has command lines as RoadRunner takes them.
func TestServing(t *testing.T) {
	for _, tt := range []struct {
		args, dotenv string
		// want is the .rr.yaml, the working directory, the file of variables, and what
		// is set over the settings; empty where the settings play no part.
		want string
	}{
		{"serve", "", ".rr.yaml . -"},
		{"serve -c conf/rr.yaml", "", "conf/rr.yaml conf -"},
		{"-c conf/rr.yaml serve", "", "conf/rr.yaml conf -"},
		{"serve --config=conf/rr.yaml -e", "", "conf/rr.yaml conf -"},
		{"serve -dcrr.yaml", "", "rr.yaml . -"},
		{"serve -w app", "", "app/.rr.yaml app -"},
		{"serve --WorkDir app -c conf/rr.yaml", "", "app/conf/rr.yaml app -"},
		{"serve -w app -c /etc/rr.yaml --dotenv .env", "", "/etc/rr.yaml app app/.env"},
		{"serve -c conf/rr.yaml --dotenv ../.env", "", "conf/rr.yaml conf .env"},
		{"serve --dotenv one.env", "/etc/two.env", ".rr.yaml . /etc/two.env"},
		{"serve -o http.address=:80 -s -p -f --override=version=3", "", ".rr.yaml . - http.address=:80 version=3"},
		{"workers -i", "", ""},
		{"serve --unknown", "", ""},
		{"serve -h", "", ""},
		{"serve --version", "", ""},
		{"", "", ""},
	} {
		s := servingOf(strings.Fields(tt.args), func(name string) (string, bool) { return tt.dotenv, tt.dotenv != "" && name == "DOTENV_PATH" })
		got := ""
		if s != nil {
			got = strings.Join([]string{s.file, s.dir, s.dotenv}, " ")
			if s.dotenv == "" {
				got += "-"
			}
			got = strings.Join(append([]string{got}, s.set...), " ")
		}
		if filepath.ToSlash(got) != tt.want {
			t.Errorf("%s: %q, want %q", tt.args, got, tt.want)
		}
	}
}

// TestFresh has problems that the server runs with, at another line by now, and
// others.
func TestFresh(t *testing.T) {
	at := func(line int, text string) error { return &rryaml.Error{File: ".rr.yaml", Line: line, Text: text} }
	w := &watching{}
	w.accept([]error{at(3, "no plugin reads the section a"), errors.New("b")})
	if got := fresh([]error{at(4, "no plugin reads the section a"), errors.New("b")}, w.known); len(got) > 0 {
		t.Errorf("%v are new", got)
	}
	if got := fresh([]error{at(3, "no plugin reads the section c"), errors.New("b")}, w.known); len(got) != 1 {
		t.Errorf("%v are new", got)
	}
}
