package endure

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/testkit"
)

const (
	unknownHint = `name the plugin's package with import = "…" and its struct with symbol = "…"`
	plugin      = "package cache\n\ntype Plugin struct{}\n\nfunc (p *Plugin) Init() error { return nil }\n"
)

// moduleOf writes a module's files, sorted as the test has them.
func moduleOf(t *testing.T, path string, files map[string]string) *plan.Module {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &plan.Module{Path: path, Dir: dir, Pos: config.Position{File: "velox.toml", Line: 7}}
}

func TestCheckSymbols(t *testing.T) {
	const path = "github.com/acme/cache/v5"
	const begin = "velox.toml:7: plugin cache: " + path + " has no struct Plugin to register: "
	for _, tt := range []struct {
		name   string
		files  map[string]string
		plugin plan.Plugin // what differs from the usual
		want   string      // the error, DIR for the module's directory
		hint   string
	}{
		// What is there.
		{name: "a struct", files: map[string]string{"plugin.go": plugin}},
		{name: "another name", files: map[string]string{"p.go": "package cache\n\ntype Cache struct{}\n"}, plugin: plan.Plugin{Symbol: "Cache"}},
		{name: "a package below", files: map[string]string{"a/b/p.go": plugin}, plugin: plan.Plugin{Import: path + "/a/b"}},
		{name: "among others", files: map[string]string{"a.go": "package cache\n\ntype (\n\tA int\n\tPlugin struct{}\n)\n"}},
		{name: "another type's name", files: map[string]string{"p.go": "package cache\n\ntype impl struct{}\n\ntype Plugin impl\n"}},
		{name: "an alias", files: map[string]string{"p.go": "package cache\n\nimport \"x\"\n\ntype Plugin = x.Plugin\n"}},
		{name: "for another system", files: map[string]string{"p_windows.go": "//go:build windows\n\n" + plugin}},
		{name: "a stray program beside it", files: map[string]string{"a_gen.go": "//go:build ignore\n\npackage main\n", "plugin.go": plugin, "z_gen.go": "//go:build ignore\n\npackage main\n"}},
		{name: "no file of Go", files: map[string]string{"plugin.go": plugin, "README": "{", "sub/x.go": "broken"}},

		// What is not.
		{name: "no type", files: map[string]string{"p.go": "package cache\n"}, want: begin + "no such type", hint: unknownHint},
		{
			name: "other structs", files: map[string]string{
				"p.go": "package cache\n\ntype Zed struct{}\n\nfunc (z *Zed) Init() error { return nil }\n\ntype Cache struct{}\n\nfunc (c Cache) Init() error { return nil }\n\ntype hidden struct{}\n\nfunc (*hidden) Init() {}\n\ntype Num int\n\nfunc (Num) Init() {}\n\ntype Quiet struct{}\n\nfunc Init() {}\n",
			},
			want: begin + "no such type", hint: `structs with an Init method: Cache, Zed; name one with symbol = "…"`,
		},
		{name: "no struct", files: map[string]string{"p.go": "package cache\n\ntype Plugin interface{ Init() error }\n"}, want: begin + "it is not a struct", hint: unknownHint},
		{name: "a number", files: map[string]string{"p.go": "package cache\n\ntype Plugin int\n\nfunc (Plugin) Init() error { return nil }\n"}, want: begin + "it is not a struct", hint: unknownHint},
		{name: "a function", files: map[string]string{"p.go": "package cache\n\nfunc Plugin() {}\n"}, want: begin + "no such type", hint: unknownHint},
		{name: "a type in a function", files: map[string]string{"p.go": "package cache\n\nfunc f() { type Plugin struct{} }\n"}, want: begin + "no such type", hint: unknownHint},
		{name: "in a test only", files: map[string]string{"p.go": "package cache\n", "p_test.go": plugin}, want: begin + "no such type", hint: unknownHint},
		{name: "a program", files: map[string]string{"main.go": "package main\n\ntype Plugin struct{}\n\nfunc main() {}\n"}, want: begin + "the package is a program", hint: unknownHint},
		{name: "no Go", files: map[string]string{"README": "x", "p_test.go": plugin}, want: begin + "no Go files", hint: unknownHint},
		{
			name: "no directory", files: map[string]string{"plugin.go": plugin}, plugin: plan.Plugin{Import: path + "/rr"},
			want: "velox.toml:7: plugin cache: " + path + "/rr has no struct Plugin to register: no such directory", hint: unknownHint,
		},
		{
			name: "another module's path", files: map[string]string{"plugin.go": plugin}, plugin: plan.Plugin{Import: "github.com/acme/cached"},
			want: "velox.toml:7: plugin cache: github.com/acme/cached has no struct Plugin to register: the import path is not below its module path " + path, hint: unknownHint,
		},
		{
			name: "a longer name", files: map[string]string{"plugin.go": plugin}, plugin: plan.Plugin{Import: path + "0"},
			want: "velox.toml:7: plugin cache: " + path + "0 has no struct Plugin to register: the import path is not below its module path " + path, hint: unknownHint,
		},
		{
			name: "internal", files: map[string]string{"internal/rr/plugin.go": plugin}, plugin: plan.Plugin{Import: path + "/internal/rr"},
			want: "velox.toml:7: plugin cache: " + path + "/internal/rr has no struct Plugin to register: it is an internal package, which only its own module may import", hint: unknownHint,
		},
		{name: "not Go", files: map[string]string{"p.go": "package cache\n\nfunc {\n"}, want: "plugin cache: DIR/p.go:3:6: expected 'IDENT', found '{'"},
	} {
		m := moduleOf(t, path, tt.files)
		p := plan.Plugin{Name: "cache", Pos: m.Pos, Import: path, Symbol: "Plugin", Module: path}
		if tt.plugin.Import != "" {
			p.Import = tt.plugin.Import
		}
		if tt.plugin.Symbol != "" {
			p.Symbol = tt.plugin.Symbol
		}
		err := CheckSymbols(&plan.Plan{Modules: []*plan.Module{m}, Plugins: []plan.Plugin{p}})
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if want := strings.ReplaceAll(tt.want, "DIR", testkit.Unix(m.Dir)); err == nil || testkit.Unix(err.Error()) != want {
			t.Errorf("%s:\n%v\nwant:\n%s", tt.name, err, want)
		}
		var symbol *SymbolError
		if errors.As(err, &symbol) != (tt.hint != "") {
			t.Errorf("%s: %#v", tt.name, err)
		} else if symbol != nil && !slices.Equal(symbol.Hints(), []string{tt.hint}) {
			t.Errorf("%s: hints %q, want %q", tt.name, symbol.Hints(), tt.hint)
		}
	}
}

// TestAllSymbols reports every plugin at once, in the plan's order, and leaves
// those from the module proxy to the compiler.
func TestAllSymbols(t *testing.T) {
	a := moduleOf(t, "github.com/acme/a", map[string]string{"p.go": "package a\n"})
	b := moduleOf(t, "github.com/acme/b", map[string]string{"p.go": plugin})
	err := CheckSymbols(&plan.Plan{
		Modules: []*plan.Module{a, b},
		Plugins: []plan.Plugin{
			{Name: "b", Import: b.Path, Symbol: "Other", Module: b.Path},
			{Name: "informer", Import: "github.com/roadrunner-server/informer/v5", Symbol: "Plugin", Module: "github.com/roadrunner-server/informer/v5", Bundled: true},
			{Name: "a", Pos: a.Pos, Import: a.Path, Symbol: "Plugin", Module: a.Path},
			{Name: "b again", Import: b.Path, Symbol: "Plugin", Module: b.Path},
		},
	})
	const want = "plugin b: github.com/acme/b has no struct Other to register: no such type\n" +
		"velox.toml:7: plugin a: github.com/acme/a has no struct Plugin to register: no such type"
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
}
