package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
)

// kinds has modules of each kind.
func kinds() *inspect.Binary {
	return &inspect.Binary{SHA256: "0", Target: "linux/arm/v6", Go: "go1.26.1", Main: "example.com/app", Manifest: &manifest.Manifest{Modules: []manifest.Module{
		{Name: "roadrunner", Path: "example.com/rr", Version: "v1.0.0"},
		{Name: "a.b", Path: "example.com/plugin", Version: "v1.0.0"},
		{Name: "forked", Path: "example.com/old", Version: "v1.0.0", ReplacedBy: "example.com/fork@v1.1.0"},
		{Path: "example.com/lib", Version: "v1.0.0"},
		{Name: "mine", Path: "example.com/mine", Version: "v0.0.0-00010101000000-000000000000", Local: true},
		{Name: "tagged", Path: "example.com/tagged", Version: "v1.2.0", Local: true},
	}}, ThirdParty: []inspect.Module{
		{Path: "example.com/third", Version: "v1.0.0"},
		{Path: "example.com/same", Version: "v1.0.0", ReplacedBy: "example.com/same@v1.0.1"},
		{Path: "example.com/folder", Version: "v1.0.0", ReplacedBy: inspect.Folder},
	}}
}

// TestSubject has modules of each kind.
func TestSubject(t *testing.T) {
	s := subjectOf(kinds())
	s.setSymbols([]symbol{{"example.com/old/p", "F"}, {"example.com/older", "G"}})
	want := "{example.com/app [{example.com/rr v1.0.0} {example.com/plugin v1.0.0} {example.com/fork v1.1.0} {example.com/lib v1.0.0} {example.com/tagged v1.2.0} " +
		"{example.com/third v1.0.0} {example.com/same v1.0.1}] [{example.com/fork/p F} {example.com/older G}] go1.26.1 linux arm}"
	if got := fmt.Sprint(s.program); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := []string{"example.com/mine", "example.com/folder"}; !slices.Equal(s.skipped, want) {
		t.Errorf("skipped %v", s.skipped)
	}
	for path, want := range map[string]string{
		"stdlib":             "build with Go 2.0.0 or newer",
		"example.com/rr":     "in [roadrunner] of velox.toml, set:\n  ref = \"v2.0.0\"",
		"example.com/plugin": "in [plugins.\"a.b\"] of velox.toml, set:\n  ref = \"v2.0.0\"",
		"example.com/fork":   "in velox.toml, replace it by a newer version:\n  [[replaces]]\n  old = \"example.com/old\"\n  new = \"example.com/fork@v2.0.0\"",
		"example.com/lib":    "add to velox.toml:\n  [[modules]]\n  module = \"example.com/lib\"\n  ref = \"v2.0.0\"",
		"example.com/third":  "add to velox.toml:\n  [[replaces]]\n  old = \"example.com/third\"\n  new = \"example.com/third@v2.0.0\"",
		"example.com/same":   "add to velox.toml:\n  [[replaces]]\n  old = \"example.com/same\"\n  new = \"example.com/same@v2.0.0\"",
	} {
		if got := strings.TrimSpace(s.remedy(path, "v2.0.0")); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
	}
	if got := s.plugin("example.com/fork") + s.plugin("example.com/lib") + s.plugin("example.com/third"); got != "forked" {
		t.Errorf("plugin %s", got)
	}
}

func TestCheckCounts(t *testing.T) {
	one := func(id, module string, reach Reach, ignored *Ignored) Finding {
		return Finding{ID: id, Module: module, Reach: reach, Known: true, Ignored: ignored}
	}
	tests := []struct {
		name     string
		findings []Finding
		want     string
	}{
		{"one in one module", []Finding{one("GO-1", "a", ReachSymbol, nil), one("GO-2", "a", ReachPackage, nil)},
			"1 known vulnerability is linked, in 1 module"},
		{"one in two modules", []Finding{one("GO-1", "a", ReachSymbol, nil), one("GO-1", "b", ReachSymbol, nil), one("GO-2", "b", ReachSymbol, nil)},
			"2 known vulnerabilities are linked, in 2 modules (3 findings)"},
		{"one that is ignored", []Finding{one("GO-1", "a", ReachSymbol, nil), one("GO-1", "b", ReachSymbol, &Ignored{})},
			"1 known vulnerability is linked, in 1 module"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Result{Findings: tt.findings}
			if err := r.Check(); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
