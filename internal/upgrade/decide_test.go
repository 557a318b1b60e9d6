package upgrade

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/outdated"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// TestDecide has a row of each kind, and what each way of asking makes of it.
func TestDecide(t *testing.T) {
	release := &roadrunner.Release{Path: "rr/v2", Version: "v2.1.0", GoMod: &modfile.File{}}
	for _, m := range []module.Version{{Path: "x/a/v5", Version: "v5.1.0"}, {Path: "x/b/v6", Version: "v6.0.0"}, {Path: "x/c", Version: "v0.0.0-20260101090000-abcdef012345"}} {
		release.GoMod.Require = append(release.GoMod.Require, &modfile.Require{Mod: m})
	}
	cfg := &config.Config{RoadRunner: config.RoadRunner{Ref: "v2.0.0"}}
	row := func(path, ref, newest, major string) outdated.Row {
		return outdated.Row{Name: path, Path: path, Ref: ref, Version: ref[strings.LastIndex(ref, "/")+1:], Newest: newest, Major: major}
	}
	for _, tt := range []struct {
		ask  Ask
		row  outdated.Row
		want string // the ref and the new path; or a note, or an error
	}{
		{Ask{}, row("x/a/v5", "v5.0.0", "v5.2.0", ""), "v5.1.0"},
		{Ask{}, row("x/a/v5", "v5.1.0", "v5.2.0", ""), ""},
		{Ask{}, row("x/a/v5", "v5.2.0", "v5.2.0", ""), "x/a/v5 stays as it is: v5.2.0 is newer than v5.1.0"},
		{Ask{Ref: "v2.1.0"}, row("x/a/v5", "v5.2.0", "v5.2.0", ""), "v5.1.0"},
		{Ask{Names: []string{"x"}}, row("x/a/v5", "v5.0.0", "v5.2.0", "v6.0.0"), "v5.2.0"},
		{Ask{Names: []string{"x"}, Major: true}, row("x/a/v5", "v5.0.0", "v5.2.0", "v6.0.0"), "v6.0.0 x/a/v6"},
		{Ask{}, row("x/b/v5", "v5.0.0", "v5.2.0", "v6.0.0"), "v5.2.0"},
		{Ask{Major: true}, row("x/b/v5", "v5.0.0", "v5.2.0", "v6.0.0"), "v6.0.0 x/b/v6"},
		{Ask{Ref: "v2.1.0"}, row("x/b/v5", "v5.0.0", "v5.2.0", "v6.0.0"), "command line: x/b/v5: x/b/v6 v6.0.0 has another major version than x/b/v5"},
		{Ask{}, row("x/c", "v0.0.0", "", ""), "stays as it is: v0.0.0 is newer than"},
		{Ask{Ref: "v2.1.0"}, row("x/c", "v0.1.0", "v0.1.0", ""), "abcdef012345"},
		{Ask{}, row("x/mine/sub", "sub/v1.0.0", "v1.1.0", "v2.0.0"), "sub/v1.1.0"},
		{Ask{}, row("x/mine", "main", "v1.1.0", ""), "x/mine stays as it is: main names no version: vxlite update moves it"},
		{Ask{}, row("x/mine", "v1", "v1.1.0", ""), "x/mine stays as it is: v1 names no version: vxlite update moves it"},
		{Ask{}, row("x/mine", "v1.0.0", "", ""), "x/mine stays as it is: its repository has no version"},
		{Ask{}, row("x/mine", "", "v1.0.0", ""), ""},
		{Ask{Major: true}, row("x/mine/v2", "v2.0.0", "v2.0.0", ""), ""},
		{Ask{}, outdated.Row{Name: "mine", Local: true}, ""},
		{Ask{Names: []string{"mine"}}, outdated.Row{Name: "mine", Local: true}, "mine stays as it is: a local directory"},
		{Ask{Names: []string{"mine"}}, outdated.Row{Name: "mine", Replaced: true}, "mine stays as it is: replaced by another module"},
		{Ask{}, row("rr/v2", "v2.0.0", "v2.1.0", ""), "v2.1.0"},
	} {
		rel := release
		if len(tt.ask.Names) > 0 {
			rel = nil
		}
		moves, notes, err := tt.ask.decide(cfg, []outdated.Row{tt.row}, []int{0}, rel)
		got := strings.Join(notes, "; ")
		if err != nil {
			got = err.Error()
		}
		for _, m := range moves {
			got += strings.TrimSpace(m.ref + " " + m.path)
		}
		if got != tt.want && (tt.row.Path != "x/c" || !strings.Contains(got, tt.want)) {
			t.Errorf("%+v of %+v: %q, want %q", tt.ask, tt.row, got, tt.want)
		}
	}
}

// TestChanged has what one move changes in a plugin's table.
func TestChanged(t *testing.T) {
	old := &config.Config{RoadRunner: config.RoadRunner{Ref: "v1"}, Plugins: []config.Plugin{{Name: "a", ModulePath: "x/a", Import: "x/a/rr", Ref: "v1.0.0"}, {Name: "b", Ref: "v1.0.0"}},
		Modules: []config.Module{{Path: "x/m", Ref: "v1.0.0"}}}
	now, changes := changed(old, []move{{0, "v2", ""}, {1, "v2.0.0", "x/a/v2"}, {2, "v2.0.0", "x/b/v2"}, {3, "v3.0.0", "x/m/v3"}})
	const want = `[{[roadrunner] [ref] v1 v2} {[plugins a] [import] x/a/rr x/a/v2/rr} {[plugins a] [module_name] x/a x/a/v2} {[plugins a] [tag ref] v1.0.0 v2.0.0} ` +
		`{[plugins b] [tag ref] v1.0.0 v2.0.0} {[modules 0] [module] x/m x/m/v3} {[modules 0] [ref tag] v1.0.0 v3.0.0}]`
	if got := fmt.Sprint(changes); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if old.Plugins[0].Ref != "v1.0.0" || now.Plugins[0].Import != "x/a/v2/rr" || now.Plugins[1].ModulePath != "" || now.Modules[0].Path != "x/m/v3" {
		t.Errorf("%+v, of %+v", now, old)
	}
}
