package screen

import (
	"os/exec"
	"testing"

	"github.com/vxlite/vxlite/internal/event"
)

func TestCommandLine(t *testing.T) {
	tests := []struct {
		event event.Event
		want  string
	}{
		{event.Event{Argv: []string{"go", "env", "-json"}}, "go env -json"},
		{event.Event{Argv: []string{"go", "version"}, Why: "which go\nis it"}, "go version  # which go is it"},
		{event.Event{Dir: "/w", Argv: []string{"go", "build"}}, "cd /w && go build"},
		{event.Event{Env: []string{"GOFLAGS=", "CC=gcc -m64", "X"}, Argv: []string{"go"}}, "GOFLAGS= CC='gcc -m64' X= go"},
		{event.Event{Dir: "/it's", Env: []string{"A=$HOME"}, Argv: []string{"go", ""}}, `cd '/it'\''s' && A='$HOME' go ''`},
	}
	for _, tt := range tests {
		tt.event.Kind = event.Command
		compareText(t, "command", commandLine(tt.event), tt.want)
	}
}

func TestShellWord(t *testing.T) {
	tests := []struct{ word, want string }{
		{"", "''"},
		{"-o=out/rr", "-o=out/rr"},
		{"=ls", "'=ls'"},
		{"~/x", "'~/x'"},
		{"a b", "'a b'"},
		{"*?[a]{b,c}", "'*?[a]{b,c}'"},
		{"$(id) `id` \"x\" !! #", "'$(id) `id` \"x\" !! #'"},
		{"it's", `'it'\''s'`},
		{`back\slash`, `'back\slash'`},
		{"größe", "'größe'"},
		{"a\nb\tc", `$'a\012b\011c'`},
		{"\x1b[31m'red\\'", `$'\033[31m\'red\\\''`},
		{"\u202egpj", `$'\342\200\256gpj'`},
		{"\xff\x007", `$'\377\0007'`},
	}
	bash, _ := exec.LookPath("bash")
	for _, tt := range tests {
		got := shellWord(tt.word)
		if got != tt.want {
			t.Errorf("shellWord(%q) = %s, want %s", tt.word, got, tt.want)
		}
		if bash == "" || tt.word == "\xff\x007" { // no argument can hold a NUL
			continue
		}
		out, err := exec.Command(bash, "-c", "printf %s "+got).Output()
		if err != nil || string(out) != tt.word {
			t.Errorf("bash reads %s as %q, %v; want %q", got, out, err, tt.word)
		}
	}
}
