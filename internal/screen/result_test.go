package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/workspace"
)

func TestResultText(t *testing.T) {
	sum := func(digit string) string { return strings.Repeat(digit, 64) }
	tests := []struct {
		name   string
		result build.Result
		want   string
	}{
		{name: "nothing"},
		{
			name: "two targets, one up to date",
			result: build.Result{
				Modules: []workspace.Row{{Name: "http", Path: "example.com/http", Version: "v5.2.0", Commit: sum("a")[:40], From: "/srv/mirror/http"}},
				Binaries: []build.Binary{
					{Target: "linux/amd64", Path: "out/rr_linux_amd64", Size: 103_449_999, SHA256: sum("1"), UpToDate: true},
					{Target: "darwin/arm64", Path: "out/rr_darwin_arm64", Size: 98_000_000, SHA256: sum("2")},
				},
			},
			want: "PLUGIN  VERSION  COMMIT        FROM\n" +
				"http    v5.2.0   aaaaaaaaaaaa  /srv/mirror/http\n" +
				"\n" +
				"out/rr_linux_amd64   linux/amd64   103.4 MB  sha256:" + sum("1") + "  (up to date)\n" +
				"out/rr_darwin_arm64  darwin/arm64  98.0 MB   sha256:" + sum("2") + "\n",
		},
		{
			name: "modules only, with gaps",
			result: build.Result{
				Modules: []workspace.Row{{Path: "example.com/lib", From: "../lib", Local: true}, {Name: "kv"}, {Name: "rpc", From: "https://git.corp/rpc", Stored: true}},
			},
			want: "PLUGIN           VERSION  COMMIT   FROM\n" +
				"example.com/lib  -        (local)  ../lib\n" +
				"kv               -        -        -\n" +
				"rpc              -        -        store, for https://git.corp/rpc\n",
		},
		{
			name:   "binaries only",
			result: build.Result{Binaries: []build.Binary{{Target: "linux/amd64", Path: "rr", Size: 12, SHA256: sum("0"), UpToDate: true}}},
			want:   "rr  linux/amd64  12 B  sha256:" + sum("0") + "  (up to date)\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			compareText(t, "result", BuildText(&tt.result, true, false), tt.want)
		})
	}
}

// Colour is the only thing that a terminal adds.
func TestResultTextColor(t *testing.T) {
	r := someResult()
	plain, coloured := BuildText(r, true, false), BuildText(r, true, true)
	var lines []string
	for line := range strings.Lines(colorCode.ReplaceAllString(coloured, "")) {
		lines = append(lines, strings.TrimRight(line, " \n")+"\n")
	}
	compareText(t, "coloured result", strings.Join(lines, ""), plain)
}

// What is as before is only counted.
func TestNotable(t *testing.T) {
	commit := func(digit string) string { return strings.Repeat(digit, 40) }
	rr := workspace.Row{Name: "roadrunner", Path: "example.com/rr", Version: "v2025.1.15", Commit: commit("a"), From: "/rr"}
	http := workspace.Row{Name: "http", Path: "example.com/http", Version: "v5.2.0", Commit: commit("b"), From: "/http"}
	two := workspace.Row{Name: "one, two", Path: "example.com/two", Version: "v1.0.0", Commit: commit("c"), From: "/two"}
	lib := workspace.Row{Path: "example.com/lib", Version: "v0.1.0", Commit: commit("d"), From: "/lib"}
	mine := workspace.Row{Name: "mine", Path: "example.com/mine", Version: "v0.0.0", From: "../mine", Local: true, Head: commit("e"), Dirty: true}
	older := http
	older.Version, older.Commit = "v5.1.0", commit("f")
	patched, other := http, http
	patched.Patches, other.Patches = "1", "2"

	const head = "PLUGIN      VERSION     COMMIT        FROM\n" + "roadrunner  v2025.1.15  aaaaaaaaaaaa  /rr\n"
	tests := []struct {
		name        string
		now, before []workspace.Row
		want        string
	}{
		{"the first build", []workspace.Row{rr, http, two, lib}, nil, head + "not shown: 3 plugins and 1 module; --table lists all\n"},
		{"nothing new", []workspace.Row{rr, http}, []workspace.Row{rr, http}, head + "not shown: 1 plugin; --table lists all\n"},
		{"RoadRunner alone", []workspace.Row{rr}, nil, head},
		{
			"a local plugin", []workspace.Row{rr, http, mine}, nil,
			head + "mine        v0.0.0      (local)       ../mine  (dirty, on eeeeeeeeeeee)\n" + "not shown: 1 plugin; --table lists all\n",
		},
		{
			"changed, added, removed", []workspace.Row{rr, http, two}, []workspace.Row{rr, older, lib},
			"PLUGIN           VERSION     COMMIT        FROM\n" +
				"roadrunner       v2025.1.15  aaaaaaaaaaaa  /rr\n" +
				"http             v5.2.0      bbbbbbbbbbbb  /http  (was v5.1.0 ffffffffffff)\n" +
				"one, two         v1.0.0      cccccccccccc  /two   (added)\n" +
				"example.com/lib  v0.1.0      dddddddddddd  /lib   (removed)\n",
		},
		{
			"other patches", []workspace.Row{rr, patched}, []workspace.Row{rr, other},
			"PLUGIN      VERSION         COMMIT        FROM\n" +
				"roadrunner  v2025.1.15      aaaaaaaaaaaa  /rr\n" +
				"http        v5.2.0+patched  bbbbbbbbbbbb  /http  (its patches have changed)\n",
		},
		{
			"the first patch", []workspace.Row{rr, patched}, []workspace.Row{rr, http},
			"PLUGIN      VERSION         COMMIT        FROM\n" +
				"roadrunner  v2025.1.15      aaaaaaaaaaaa  /rr\n" +
				"http        v5.2.0+patched  bbbbbbbbbbbb  /http  (was v5.2.0 bbbbbbbbbbbb)\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			compareText(t, "result", BuildText(&build.Result{Modules: tt.now, Before: tt.before}, false, false), tt.want)
		})
	}
}

func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour: "today", 23 * time.Hour: "today", day: "1 day", 59 * day: "59 days", 61 * day: "2 months", 729 * day: "23 months", 730 * day: "2 years", 1500 * day: "4 years",
	} {
		if got := ageText(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
