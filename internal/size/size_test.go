package size

import (
	"strings"
	"testing"
)

// TestModuleOf finds the longest module path, and none of a module whose path is only
// a beginning of an element.
func TestModuleOf(t *testing.T) {
	versions := map[string]string{"github.com/acme/a": "v1.0.0", "github.com/acme/a/b": "v1.1.0", "gopkg.in/yaml.v3": "v3.0.0"}
	for pkg, want := range map[string]string{
		"github.com/acme/a":       "github.com/acme/a",
		"github.com/acme/a/c/d":   "github.com/acme/a",
		"github.com/acme/a/b/c":   "github.com/acme/a/b",
		"github.com/acme/abc":     "",
		"gopkg.in/yaml.v3":        "gopkg.in/yaml.v3",
		"net/http":                "",
		"runtime":                 "",
		"":                        "",
		"vendor/golang.org/x/net": "",
	} {
		got, ok := moduleOf(pkg, versions)
		if got != want || ok != (want != "") {
			t.Errorf("%q is of %q, want %q", pkg, got, want)
		}
	}
}

// TestOtherError words what differs.
func TestOtherError(t *testing.T) {
	for _, tt := range []struct{ has, wants, want string }{
		{"v1.0.0", "v1.1.0", "rr: not built from velox.toml: m is v1.0.0 in it, and v1.1.0 here"},
		{"v1.0.0", "", "rr: not built from velox.toml: m is in it, and not here"},
		{"", "v1.1.0", "rr: not built from velox.toml: m is not in it"},
	} {
		if got := (&OtherError{File: "rr", Config: "velox.toml", Module: "m", Has: tt.has, Wants: tt.wants}).Error(); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

// TestTreemap draws plugins with their modules, and what is of none.
func TestTreemap(t *testing.T) {
	r := &Report{File: "out/rr", Target: "linux/amd64", Size: 10_000_000, Shared: 2_000_000, Go: 3_000_000, Other: 1_000_000,
		Plugins: []Plugin{{Name: "http", Module: "github.com/acme/http", Leaves: 3_000_000, Own: 1_000_000, Only: 2_000_000,
			Modules: []Module{{Path: "github.com/acme/quic", Size: 1_500_000}, {Size: 500_000}}}},
		SharedModules: []Module{{Path: "github.com/acme/shared", Size: 2_000_000}},
		Modules:       []Module{{Path: "github.com/acme/server", Size: 1_000_000}}}
	svg := r.Treemap()
	for _, want := range []string{"rr for linux/amd64: 10.0 MB", "http: 3.0 MB would leave with it", "github.com/acme/quic: 1.5 MB", "Go: 500.0 kB", "github.com/acme/shared: 2.0 MB", "RoadRunner: 1.0 MB", "Go: 3.0 MB", "other data: 1.0 MB"} {
		if !strings.Contains(svg, want) {
			t.Errorf("there is no %q in the picture", want)
		}
	}
	r.Plugins = nil
	if svg := r.Treemap(); !strings.Contains(svg, "github.com/acme/server: 1.0 MB") || strings.Contains(svg, "RoadRunner") {
		t.Error("of a binary without a config, the modules are not drawn")
	}
}
