package parse

import (
	"reflect"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
)

func TestBuildArgs(t *testing.T) {
	const note = "velox.build_args is an old key: use [build]"
	tests := []struct {
		name  string
		args  string
		build string // keys of [build]
		want  config.Build
		notes []string
	}{
		{
			name: "version and time",
			args: `'-trimpath', '-ldflags', '-s -X a.com/rr/v2/internal/meta.version=${VERSION} -X a.com/rr/v2/internal/meta.buildTime=$TIME'`,
			want: config.Build{Version: "v1.2.3", Time: "now", LDFlags: []string{"-s"}},
		},
		{
			name: "other definitions, joined",
			args: `"--ldflags=-w -X=a.com/rr/internal/meta.version=1 -X 'a.com/b.c=d e' -X a.com/b.internal/meta.x=1 -X"`,
			want: config.Build{Version: "1", LDFlags: []string{"-w", "-X", "a.com/b.c=d e", "-X", "a.com/b.internal/meta.x=1", "-X"}},
		},
		{
			name: "no X before it",
			args: `'-ldflags', 'a.com/rr/internal/meta.version=1'`,
			want: config.Build{LDFlags: []string{"a.com/rr/internal/meta.version=1"}},
		},
		{
			name: "repeated",
			args: `'-ldflags', '-s', '-ldflags=-w', '-gcflags', 'all=-N -l', '-gcflags=a=-m', '-tags=a,b', '-tags', 'c d'`,
			want: config.Build{LDFlags: []string{"-s", "-w"}, GCFlags: []string{"all=-N -l", "a=-m"}, Tags: []string{"a", "b", "c", "d"}},
		},
		{
			name: "flags from a variable",
			args: `'-ldflags', '$FLAGS'`,
			want: config.Build{LDFlags: []string{"-s", "-w"}},
		},
		{name: "race", args: `'-race'`, want: config.Build{Race: true, CGO: true}},
		{name: "no race", args: `'-race=false'`},
		{
			name:  "not used",
			args:  `'-v', '-p', '4', '-mod=mod', './cmd/rr', '-race'`,
			want:  config.Build{Race: true, CGO: true},
			notes: []string{`velox.build_args: "-v" is not used`, `velox.build_args: "-p" is not used`, `velox.build_args: "-mod=mod" is not used`, `velox.build_args: "./cmd/rr" is not used`},
		},
		{
			name:  "today's keys win",
			args:  `'-tags', 'a', '-gcflags', '-N', '-ldflags', '-s -X a.com/rr/internal/meta.version=1 -X a.com/rr/internal/meta.buildTime=1'`,
			build: "tags = 'b'\ngcflags = []\nldflags = ['-w']\nversion = '2'\ntime = '2'",
			want:  config.Build{Version: "2", Time: "2", Tags: []string{"b"}, LDFlags: []string{"-w"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := "[velox]\nbuild_args = [" + tt.args + "]\n[build]\n" + tt.build + "\n[plugins.a]\npath = 'a'\n"
			c, err := Data("acme.toml", []byte(data), dir, env(map[string]string{"VERSION": "v1.2.3", "TIME": "now", "FLAGS": "-s  -w"}))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Name, tt.want.PGO = "rr", "auto"
			if !reflect.DeepEqual(c.Build, tt.want) {
				t.Errorf("build is %+v\nwant %+v", c.Build, tt.want)
			}
			var notes []string
			for _, n := range c.Notes {
				notes = append(notes, n.Text)
			}
			if want := append([]string{note}, tt.notes...); !reflect.DeepEqual(notes, want) {
				t.Errorf("notes are %q\nwant %q", notes, want)
			}
		})
	}
}

// TestBuildArgsNotes wants each note where its flag stands.
func TestBuildArgsNotes(t *testing.T) {
	const data = "[plugins.a]\npath = 'a'\n[velox]\nbuild_args = [\n  '-trimpath',\n  '-v',\n]\n"
	c, err := Data("acme.toml", []byte(data), dir, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `acme.toml:4:1: velox.build_args is an old key: use [build]
acme.toml:6:3: velox.build_args: "-v" is not used`
	if got := strings.Join(noteLines(c), "\n"); got != want {
		t.Errorf("notes are\n%s\nwant\n%s", got, want)
	}
}

func TestSplitQuoted(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"  ", nil},
		{" -s  -w ", []string{"-s", "-w"}},
		{`'a b' "c 'd"`, []string{"a b", "c 'd"}},
		{`a'b c'`, []string{"a'b", "c'"}},
		{`""`, []string{""}},
	} {
		if got, err := splitQuoted(tt.in); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("splitQuoted(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}
