package workspace

import (
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"golang.org/x/mod/module"
)

// TestMissingSums has what a build needs beyond a lock: a module that only a
// go.sum knew, and what the go command added.
func TestMissingSums(t *testing.T) {
	text, tally := module.Version{Path: "a.b/text", Version: "v1.0.0"}, module.Version{Path: "a.b/tally", Version: "v1.0.0"}
	pkgs := []gotool.Package{{Path: "fmt"}, {Path: "a.b/text/x", Source: text}, {Path: "a.b/text/y", Source: text}, {Path: "a.b/tally", Source: tally}}
	locked := lock.Sum{Path: text.Path, Version: text.Version, H1: "h1:t"}
	for _, tt := range []struct {
		name          string
		known         []lock.Sum
		before, after string
		want          string
	}{
		{"none", []lock.Sum{locked, {Path: tally.Path, Version: tally.Version, H1: "h1:y"}}, "a.b/text v1.0.0 h1:t\n", "a.b/text v1.0.0 h1:t\n", ""},
		{"no lock", nil, "", "", "a.b/tally@v1.0.0 a.b/text@v1.0.0"},
		{"only the go.mod is known", []lock.Sum{locked, {Path: tally.Path, Version: tally.Version, GoMod: "h1:m"}}, "", "", "a.b/tally@v1.0.0"},
		{"added by the go command", []lock.Sum{locked, {Path: tally.Path, Version: tally.Version, H1: "h1:y"}}, "a.b/text v1.0.0 h1:t\n",
			"a.b/text v1.0.0 h1:t\na.b/other v1.2.0/go.mod h1:o\n", "a.b/other@v1.2.0/go.mod"},
	} {
		if got := strings.Join(missingSums(pkgs, tt.known, tt.before, tt.after), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestFits has a lock that the plan would give, and those that it would not.
func TestFits(t *testing.T) {
	for _, tt := range []struct {
		p    Planned
		want bool
	}{
		{Planned{}, false},
		{Planned{Lock: Lockfile{Old: &lock.File{}}}, true},
		{Planned{Lock: Lockfile{Old: &lock.File{}}, differences: []lock.Difference{{Path: "a.b/c"}}}, false},
	} {
		if got := tt.p.Fits(); got != tt.want {
			t.Errorf("%+v: %v", tt.p, got)
		}
	}
}

// TestWithout lists the needed modules whose zip has no checksum.
func TestWithout(t *testing.T) {
	a, b, c := module.Version{Path: "a.b/a", Version: "v1.0.0"}, module.Version{Path: "a.b/b", Version: "v1.0.0"}, module.Version{Path: "a.b/c", Version: "v1.0.0"}
	n := needed{modules: map[module.Version]bool{a: true, b: true, c: true}}
	sums := []lock.Sum{{Path: a.Path, Version: a.Version, H1: "h1:a"}, {Path: b.Path, Version: b.Version, GoMod: "h1:m"}}
	if got := n.without(sums); !slices.Equal(got, []string{"a.b/b@v1.0.0", "a.b/c@v1.0.0"}) {
		t.Errorf("%q", got)
	}
}
