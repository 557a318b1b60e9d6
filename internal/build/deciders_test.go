package build

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
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

// TestRefs has refs that name one commit, and those that move.
func TestRefs(t *testing.T) {
	for ref, want := range map[string]bool{
		"v1.2.3": true, "v2.0.0+incompatible": true, "v1.2.3-beta.1": true, "v0.0.0-20260301100000-0123456789ab": true, strings.Repeat("0a", 20): true,
		"v1": false, "v1.2": false, "latest": false, "master": false, "": false, strings.Repeat("0a", 19): false, strings.Repeat("xy", 20): false,
	} {
		if got := exactRef(ref); got != want {
			t.Errorf("exactRef(%q) = %v", ref, got)
		}
	}
	for _, tt := range []struct {
		ref, version string
		want         bool
	}{{"latest", "v1.2.3", true}, {"v1", "v1.2.3", true}, {"v1.2", "v1.2.3", true}, {"v1.2.3", "v1.2.3", false}, {"master", "v1.2.3", false}, {"v1.2", "v1.20.3", false}} {
		if got := isQuery(tt.ref, tt.version); got != tt.want {
			t.Errorf("isQuery(%q, %q) = %v", tt.ref, tt.version, got)
		}
	}
	for in, want := range map[string]string{"v2025.1.15": "2025.1.15", "v": "v", "master": "master", "vendor": "vendor", "v1": "1"} {
		if got := withoutV(in); got != want {
			t.Errorf("withoutV(%q) = %q", in, got)
		}
	}
}

// TestPlanChanged has files after which a server is planned anew.
func TestPlanChanged(t *testing.T) {
	for file, want := range map[string]bool{"a/go.mod": true, "go.sum": true, "go.work": true, "velox.toml": true, "a/x.go": false, "a/page.html": false} {
		if got := PlanChanged([]string{"other.go", file}); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}

// TestOutputs has where the binaries of one target and of several go.
func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	linux, windows := config.Target{OS: "linux", Arch: "amd64"}, config.Target{OS: "windows", Arch: "arm64"}
	for _, tt := range []struct {
		targets []config.Target
		place   string
		want    string
	}{
		{[]config.Target{linux}, "new", "new/rr"},
		{[]config.Target{linux}, "rr", "rr"},
		{[]config.Target{linux}, "bin/rr", "bin/rr"},
		{[]config.Target{linux}, "rr/", "rr/rr"},
		{[]config.Target{windows}, "bin", "bin/rr.exe"},
		{[]config.Target{linux, windows, linux}, "dist", "dist/rr-linux-amd64 dist/rr-windows-arm64.exe"},
	} {
		p := Project{Config: &config.Config{Build: config.Build{Name: "rr", Targets: tt.targets}}}
		place := filepath.Join(dir, tt.place)
		if strings.HasSuffix(tt.place, "/") {
			place += "/"
		}
		outputs, err := p.outputs(place)
		if err != nil {
			t.Errorf("%s: %v", tt.place, err)
			continue
		}
		var got []string
		for _, o := range outputs {
			rel, _ := filepath.Rel(dir, o.file)
			got = append(got, filepath.ToSlash(rel))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %s", tt.place, got, tt.want)
		}
	}
	p := Project{Config: &config.Config{Build: config.Build{Name: "rr", Targets: []config.Target{linux, windows}}}}
	if _, err := p.outputs(filepath.Join(dir, "rr")); err == nil || !strings.HasSuffix(err.Error(), "is a file, and there are 2 targets") {
		t.Errorf("two targets into one file: %v", err)
	}
}

// TestChain finds a shortest way through a module graph.
func TestChain(t *testing.T) {
	edges := [][2]string{{"app", "a@v1"}, {"app", "b@v1"}, {"a@v1", "c@v1"}, {"c@v1", "d@v2"}, {"b@v1", "d@v2"}, {"d@v2", "app"}}
	if got := chain(edges, "app", "d@v2"); !slices.Equal(got, []string{"app", "b@v1", "d@v2"}) {
		t.Errorf("%q", got)
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
