package screen

import (
	"strings"
	"testing"

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
			compareText(t, "result", BuildText(&tt.result, false), tt.want)
		})
	}
}

// Colour is the only thing that a terminal adds.
func TestResultTextColor(t *testing.T) {
	r := someResult()
	plain, coloured := BuildText(r, false), BuildText(r, true)
	var lines []string
	for line := range strings.Lines(colorCode.ReplaceAllString(coloured, "")) {
		lines = append(lines, strings.TrimRight(line, " \n")+"\n")
	}
	compareText(t, "coloured result", strings.Join(lines, ""), plain)
}
