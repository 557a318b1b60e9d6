package resolve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/zip"

	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/testkit"
)

// libArchive has a library whose versions require other modules.
const libArchive = `
url github.com/acme/lib
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v0.1.0
add 2
commit 2026-01-06T09:00:00Z Two
tag v0.2.0
add 3
commit 2026-01-07T09:00:00Z Three
tag -a v0.3.0
add 4
commit 2026-01-08T09:00:00Z Towards 0.4.0
-- 1/go.mod --
module github.com/acme/lib

go 1.25
-- 2/go.mod --
module github.com/acme/lib

go 1.25

require (
	example.com/third/text v1.0.0
	github.com/acme/deep v1.1.0
	github.com/acme/mid v1.0.0
)
-- 3/go.mod --
module github.com/acme/lib

go 1.27

require github.com/acme/deep v1.0.0
-- 4/lib.go --
package lib
`

// platformArchive has a plugin in a folder, whose module is released by tags
// of the folder, and needs the root by a replace.
const platformArchive = `
url github.com/acme/platform
branch main
add 1
commit 2026-01-12T09:00:00Z Greetings
tag v1.0.0
add 2
commit 2026-02-12T09:00:00Z A plugin that greets
tag plugins/custom/v1.0.0
add 3
commit 2026-03-12T09:00:00Z Say goodbye too
tag -a v1.1.0
-- 1/go.mod --
module github.com/acme/platform

go 1.25
-- 2/plugins/custom/go.mod --
module github.com/acme/platform/plugins/custom

go 1.25

require github.com/acme/platform v1.0.0

replace github.com/acme/platform => ../..
-- 2/plugins/custom/rr/plugin.go --
package rr
-- 3/goodbye.go --
package platform
`

// deepArchive has two releases.
const deepArchive = `
url github.com/acme/deep
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
tag v1.1.0
-- 1/go.mod --
module github.com/acme/deep
`

func archives() []string {
	return []string{
		libArchive, platformArchive, deepArchive,
		release("mid", "v1.0.0", requires("github.com/acme/lib", "v0.3.0")),
		release("alpha", "v1.0.0", requires("github.com/acme/lib", "v0.2.0")),
		release("beta", "v1.0.0", requires("github.com/acme/lib", "v0.1.0")),
	}
}

// TestPlan has the whole plan of a config with private plugins.
func TestPlan(t *testing.T) {
	w := newWorld(t, archives()...)
	p := w.mustResolve(`
[git]
modules = ["github.com/acme/*"]
[plugins.worker]
module_name = "github.com/acme/alpha"
tag = "v1.0.0"
[plugins.custom]
url = "https://github.com/acme/platform"
ref = "v1.0.0"
folder = "plugins/custom"
import = "github.com/acme/platform/plugins/custom/rr"
symbol = "Greeter"
`)
	rr, lib, platform := w.repos["roadrunner-server/roadrunner"], w.repos["acme/lib"], w.repos["acme/platform"]
	wantText(t, "plan", describe(p), fmt.Sprintf(`
module github.com/acme/alpha v1.0.0 %.12s ref=v1.0.0 name=worker url=https://github.com/acme/alpha pinned
module github.com/acme/deep v1.1.0 %.12s ref=v1.1.0 url=https://github.com/acme/deep
module github.com/acme/lib v0.3.0 %.12s ref=v0.3.0 url=https://github.com/acme/lib
module github.com/acme/mid v1.0.0 %.12s ref=v1.0.0 url=https://github.com/acme/mid
module github.com/acme/platform v1.0.0 %.12s ref=v1.0.0 url=https://github.com/acme/platform pinned
module github.com/acme/platform/plugins/custom v1.0.0 %.12s folder=plugins/custom ref=v1.0.0 name=custom url=https://github.com/acme/platform pinned
module github.com/roadrunner-server/roadrunner/v2025 v2025.1.15 %.12s ref=v2025.1.15 name=roadrunner url=https://github.com/roadrunner-server/roadrunner pinned
plugin worker github.com/acme/alpha.Plugin
plugin custom github.com/acme/platform/plugins/custom/rr.Greeter of github.com/acme/platform/plugins/custom
plugin informer github.com/roadrunner-server/informer/v5.Plugin bundled
plugin resetter github.com/roadrunner-server/resetter/v5.Plugin bundled
replace example.com/third/tally@v1.0.0 => example.com/third/tally@v1.0.1 by roadrunner
exclude example.com/third/tally@v1.0.2
`, w.commit("acme/alpha", "v1.0.0"), w.commit("acme/deep", "v1.1.0"), lib.Commit("v0.3.0"), w.commit("acme/mid", "v1.0.0"),
		platform.Commit("plugins/custom/v1.0.0"), platform.Commit("plugins/custom/v1.0.0"), rr.Commit("v2025.1.15")))

	if !p.RoadRunner.Time.Equal(rr.Time("v2025.1.15")) {
		t.Errorf("RoadRunner's time %v, want %v", p.RoadRunner.Time, rr.Time("v2025.1.15"))
	}
	if who, v := p.NewestGo(); who.Path != "github.com/acme/lib" || v != "1.27" || p.GoVersion() != "1.27" {
		t.Errorf("the newest Go is asked for by %s: %s", who.Path, v)
	}
	if got := filepath.ToSlash(p.Lookup("github.com/acme/platform").From); got != filepath.ToSlash(w.dir)+"/acme/platform" {
		t.Errorf("platform is from %s", got)
	}
	if got := strings.Join(p.Private, " "); got != "github.com/acme/*" {
		t.Errorf("private patterns %s", got)
	}
}

// TestOrder has the plugins in another order, and nothing remembered: the plan
// is the same.
func TestOrder(t *testing.T) {
	w := newWorld(t, archives()...)
	plugins := []string{
		"[plugins.b]\nmodule_name = \"github.com/acme/beta\"\ntag = \"v1.0.0\"\n",
		"[plugins.a]\nmodule_name = \"github.com/acme/alpha\"\ntag = \"v1.0.0\"\n",
		"[plugins.c]\nurl = \"https://github.com/acme/platform\"\nref = \"v1.0.0\"\nfolder = \"plugins/custom\"\n",
	}
	const git = "[git]\nmodules = [\"github.com/acme/*\"]\n"
	want := describe(w.mustResolve(plugins[0] + plugins[1] + plugins[2] + git))
	for _, order := range [][]int{{2, 1, 0}, {1, 2, 0}} {
		got := describe(w.fresh(t).mustResolve(git + plugins[order[0]] + plugins[order[1]] + plugins[order[2]]))
		wantText(t, "plan", got, want)
	}
}

// TestClosure has the versions of private modules chosen as Go would.
func TestClosure(t *testing.T) {
	plugin := func(name, version string) string {
		return fmt.Sprintf("[plugins.%s]\nmodule_name = \"github.com/acme/%s\"\nref = %q\n", name, name, version)
	}
	const private = "[git]\nmodules = [\"github.com/acme/*\"]\n"
	w := newWorld(t, archives()...)
	for _, tt := range []struct {
		name, config string
		options      Options
		want         string
	}{
		{
			name: "the proxy has the rest", config: plugin("beta", "v1.0.0"),
			want: "github.com/acme/beta v1.0.0",
		},
		{
			name: "what is required", config: private + plugin("beta", "v1.0.0"),
			want: "github.com/acme/beta v1.0.0\ngithub.com/acme/lib v0.1.0",
		},
		{
			name: "GOPRIVATE", config: plugin("beta", "v1.0.0"), options: Options{Private: []string{"github.com/acme"}},
			want: "github.com/acme/beta v1.0.0\ngithub.com/acme/lib v0.1.0",
		},
		{
			name: "a pattern for some", config: "[git]\nmodules = [\"github.com/acme/l*\"]\n" + plugin("alpha", "v1.0.0"),
			want: "github.com/acme/alpha v1.0.0\ngithub.com/acme/lib v0.2.0",
		},
		{
			// lib v0.2.0 requires deep v1.1.0 and, by mid, lib v0.3.0, which asks for
			// deep v1.0.0 only. Nothing goes down for that.
			name: "never down", config: private + plugin("beta", "v1.0.0") + plugin("alpha", "v1.0.0"),
			want: "github.com/acme/alpha v1.0.0\ngithub.com/acme/beta v1.0.0\ngithub.com/acme/deep v1.1.0\ngithub.com/acme/lib v0.3.0\ngithub.com/acme/mid v1.0.0",
		},
		{
			name: "pinned by [[modules]]", config: private + plugin("alpha", "v1.0.0") + "[[modules]]\nmodule = \"github.com/acme/lib\"\nref = \"v0.1.0\"\n",
			want: "github.com/acme/alpha v1.0.0\ngithub.com/acme/lib v0.1.0",
		},
		{
			name: "[[modules]] alone makes it private", config: plugin("beta", "v1.0.0") + "[[modules]]\nmodule = \"github.com/acme/lib\"\nurl = \"https://github.com/acme/lib.git\"\n",
			want: "github.com/acme/beta v1.0.0\ngithub.com/acme/lib v0.1.0",
		},
		{
			name: "pinned by being a plugin", config: private + plugin("alpha", "v1.0.0") + plugin("lib", "main"),
			want: "github.com/acme/alpha v1.0.0\ngithub.com/acme/deep v1.0.0\ngithub.com/acme/lib v0.3.1-0.20260108090000-LIBMAIN",
		},
		{
			name: "excluded", config: private + plugin("beta", "v1.0.0") + "[[excludes]]\nmodule = \"github.com/acme/lib\"\nversion = \"v0.1.0\"\n",
			want: "github.com/acme/beta v1.0.0",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := w.fresh(t).resolveWith(tt.config, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			wantText(t, "modules", modules(p), strings.Replace(tt.want, "LIBMAIN", w.commit("acme/lib", "main")[:12], 1))
		})
	}
}

// TestPseudoRequirement has a go.mod require a commit without a tag.
func TestPseudoRequirement(t *testing.T) {
	main := testkit.MustParse(t, libArchive).Commit("main")[:12]
	const none = "abcdefabcdef"
	w := newWorld(t, libArchive,
		release("gamma", "v1.0.0", requires("github.com/acme/lib", "v0.3.1-0.20260108090000-"+main)),
		release("delta", "v1.0.0", requires("github.com/acme/lib", "v0.3.1-0.20260108090000-"+none)))
	config := func(name string) string {
		return "[git]\nmodules = [\"github.com/acme/l*\"]\n[plugins." + name + "]\nmodule_name = \"github.com/acme/" + name + "\"\nref = \"v1.0.0\"\n"
	}
	lib := w.mustResolve(config("gamma")).Lookup("github.com/acme/lib")
	if want := "v0.3.1-0.20260108090000-" + main; lib.Version != want || lib.Commit[:12] != main || lib.Ref != want {
		t.Errorf("lib %s at %s for %s, want %s", lib.Version, lib.Commit, lib.Ref, want)
	}
	_, err := w.resolve(config("delta"))
	wantError(t, err, "github.com/acme/lib (required by delta): "+w.dir+"/acme/lib has no commit "+none)
}

// TestOverruled has a module linked below what others require.
func TestOverruled(t *testing.T) {
	w := newWorld(t, append(archives(), release("gamma", "v1.0.0", requires("github.com/acme/lib", "v0.9.0")))...)
	p := w.mustResolve(`
[git]
modules = ["github.com/acme/*"]
[plugins.alpha]
module_name = "github.com/acme/alpha"
ref = "v1.0.0"
[plugins.beta]
module_name = "github.com/acme/beta"
ref = "v1.0.0"
[plugins.gamma]
module_name = "github.com/acme/gamma"
ref = "v1.0.0"
[[modules]]
module = "github.com/acme/lib"
ref = "v0.1.0"
`)
	var got []string
	for _, o := range p.Overruled {
		got = append(got, o.Module.String()+" "+o.By)
	}
	wantText(t, "overruled", strings.Join(got, "\n"), "github.com/acme/lib@v0.2.0 github.com/acme/alpha\ngithub.com/acme/lib@v0.9.0 github.com/acme/gamma")
	wantText(t, "notes", strings.Join(p.Overrulings, "\n"), "github.com/acme/lib v0.1.0 is linked, as the config says, although alpha, gamma require v0.9.0")
}

// TestVersions has the version that a module is required at, for each kind of ref.
func TestVersions(t *testing.T) {
	w := newWorld(t, libArchive, platformArchive)
	main, platform := w.commit("acme/lib", "main"), w.commit("acme/platform", "main")
	for _, tt := range []struct{ name, config, want string }{
		{"tag", "module_name = \"github.com/acme/lib\"\nref = \"v0.1.0\"", "github.com/acme/lib v0.1.0"},
		{"annotated tag", "module_name = \"github.com/acme/lib\"\nref = \"v0.3.0\"", "github.com/acme/lib v0.3.0"},
		{"branch", "module_name = \"github.com/acme/lib\"\nref = \"main\"", "github.com/acme/lib v0.3.1-0.20260108090000-" + main[:12]},
		{"commit", "module_name = \"github.com/acme/lib\"\nref = \"" + main + "\"", "github.com/acme/lib v0.3.1-0.20260108090000-" + main[:12]},
		{"beginning of a commit", "module_name = \"github.com/acme/lib\"\nref = \"" + main[:8] + "\"", "github.com/acme/lib v0.3.1-0.20260108090000-" + main[:12]},
		{"a tag's commit", "module_name = \"github.com/acme/lib\"\nref = \"" + w.commit("acme/lib", "v0.3.0") + "\"", "github.com/acme/lib v0.3.0"},
		{"query", "module_name = \"github.com/acme/lib\"\nref = \"v0.2\"", "github.com/acme/lib v0.2.0"},
		{"latest", "module_name = \"github.com/acme/lib\"\nref = \"latest\"", "github.com/acme/lib v0.3.0"},
		{"path unknown", "url = \"https://github.com/acme/lib\"\nref = \"latest\"", "github.com/acme/lib v0.3.0"},
		{"folder, its own tag", "module_name = \"github.com/acme/platform/plugins/custom\"\nref = \"v1.0.0\"", "github.com/acme/platform v1.0.0\ngithub.com/acme/platform/plugins/custom v1.0.0"},
		{"folder, a plain tag", "url = \"https://github.com/acme/platform\"\nfolder = \"plugins/custom\"\nref = \"v1.1.0\"", "github.com/acme/platform v1.0.0\ngithub.com/acme/platform/plugins/custom v1.1.0"},
		{"folder, branch", "url = \"https://github.com/acme/platform\"\nfolder = \"plugins/custom\"\nref = \"main\"", "github.com/acme/platform v1.0.0\ngithub.com/acme/platform/plugins/custom v1.0.1-0.20260312090000-" + platform[:12]},
	} {
		p, err := w.resolve("[plugins.x]\n" + tt.config + "\n")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		wantText(t, tt.name, modules(p), tt.want)
	}
}

// TestMajorFolder has a major version in a folder of its own.
func TestMajorFolder(t *testing.T) {
	w := newWorld(t, `
url github.com/acme/majors
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
tag v2.0.0
tag sub/v3.1.0
-- 1/go.mod --
module github.com/acme/majors
-- 1/v2/go.mod --
module github.com/acme/majors/v2
-- 1/sub/v3/go.mod --
module github.com/acme/majors/sub/v3
`)
	for _, tt := range []struct{ path, ref, want, folder string }{
		{"github.com/acme/majors", "v1.0.0", "github.com/acme/majors v1.0.0", ""},
		{"github.com/acme/majors/v2", "v2.0.0", "github.com/acme/majors/v2 v2.0.0", "v2"},
		{"github.com/acme/majors/v2", "latest", "github.com/acme/majors/v2 v2.0.0", "v2"},
		{"github.com/acme/majors/sub/v3", "v3", "github.com/acme/majors/sub/v3 v3.1.0", "sub/v3"},
	} {
		p, err := w.resolve(fmt.Sprintf("[plugins.x]\nmodule_name = %q\nref = %q\n", tt.path, tt.ref))
		if err != nil {
			t.Errorf("%s %s: %v", tt.path, tt.ref, err)
			continue
		}
		wantText(t, tt.path, modules(p), tt.want)
		if got := p.Lookup(tt.path).Folder; got != tt.folder {
			t.Errorf("%s: folder %q, want %q", tt.path, got, tt.folder)
		}
	}
}

// TestErrors has each error with its whole text and its hints. DIR stands for
// the directory of repositories.
func TestErrors(t *testing.T) {
	w := newWorld(t, append(archives(),
		release("needy", "v1.0.0", requires("github.com/acme/lib", "v0.9.0")),
		release("lost", "v1.0.0", requires("github.com/acme/nowhere", "v1.0.0")),
		release("homeless", "v1.0.0", requires("git.corp/acme/lib", "v1.0.0")),
		release("wide", "v1.0.0", requires("github.com/acme/renamed", "v1.0.0")),
		strings.Replace(release("renamed", "v1.0.0", ""), "module github.com/acme/renamed", "module github.com/acme/other", 1),
		strings.Replace(release("major", "v6.0.0", ""), "module github.com/acme/major", "module github.com/acme/major/v5", 1),
		strings.Replace(release("broken", "v1.0.0", ""), "go 1.25", "go 1.25\nrequire (", 1),
		strings.Replace(release("nameless", "v1.0.0", ""), "module github.com/acme/nameless\n", "", 1),
		release("outside", "v1.0.0", "\nreplace github.com/acme/lib => ../lib\n"),
		release("absolute", "v1.0.0", "\nreplace github.com/acme/lib => /srv/lib\n"),
	)...)
	if err := os.WriteFile(filepath.Join(w.dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	plugin := func(name, key, value string) string {
		return fmt.Sprintf("[plugins.%s]\n%s = %q\nref = \"v1.0.0\"\n", name, key, value)
	}
	local := func(dir string) string { return "[plugins.local]\npath = \"" + dir + "\"\n" }
	const private = "\n[git]\nmodules = [\"github.com/acme/*\", \"git.corp/*\"]\n"
	decide := `decide in the config:
  [[replaces]]
  old = "github.com/acme/lib"
  new = "MODULE@VERSION or ./DIRECTORY"`
	for _, tt := range []struct {
		name, config, want string
		hints              []string
	}{
		{"no such ref", "[plugins.lib]\nmodule_name = \"github.com/acme/lib\"\nref = \"v0.3.1\"\n",
			"velox.toml:1: lib: DIR/acme/lib: no tag, branch or commit v0.3.1", []string{"did you mean v0.3.0?"}},
		{"no such repository", plugin("x", "module_name", "github.com/acme/nowhere"),
			"velox.toml:1: x: no repository at DIR/acme/nowhere", []string{"correct the path: neither it nor PATH.git is a git repository"}},
		{"no such required version", plugin("needy", "module_name", "github.com/acme/needy") + private,
			"github.com/acme/lib (required by needy): DIR/acme/lib: no tag, branch or commit v0.9.0",
			[]string{`pin a version that exists:
  [[modules]]
  module = "github.com/acme/lib"
  ref = "TAG or BRANCH"`, "did you mean v0.3.0?"}},
		{"no such required repository", plugin("lost", "module_name", "github.com/acme/lost") + private,
			"github.com/acme/nowhere (required by lost): no repository at DIR/acme/nowhere", []string{"correct the path: neither it nor PATH.git is a git repository"}},
		{"another path than the config says", plugin("x", "module_name", "github.com/acme/renamed"),
			"velox.toml:1: x: the module path in go.mod of DIR/acme/renamed at v1.0.0 is github.com/acme/other, not github.com/acme/renamed",
			[]string{"if this is the module you mean, name it by its own path: github.com/acme/other"}},
		{"another path than is required", plugin("wide", "module_name", "github.com/acme/wide") + private,
			"github.com/acme/renamed (required by wide): the module path in go.mod of DIR/acme/renamed at v1.0.0 is github.com/acme/other, not github.com/acme/renamed",
			[]string{"if this is the module you mean, name it by its own path: github.com/acme/other"}},
		{"another major", "[plugins.major]\nurl = \"https://github.com/acme/major\"\nref = \"v6.0.0\"\n",
			"velox.toml:1: major: tag v6.0.0 has another major version than the module path in its go.mod, github.com/acme/major/v5",
			[]string{"name a ref with major v5, or a ref whose go.mod says github.com/acme/major/v6"}},
		{"no go.mod in the folder", plugin("x", "url", "https://github.com/acme/platform") + "folder = \"plugins\"\n",
			fmt.Sprintf("velox.toml:1: x: DIR/acme/platform at %.12s has no go.mod in folder plugins", w.commit("acme/platform", "v1.0.0")),
			[]string{`go.mod is in: .; name one with folder = "…"`}},
		{"a broken go.mod", plugin("x", "module_name", "github.com/acme/broken"),
			"velox.toml:1: x: go.mod:5: syntax error (unterminated block started at go.mod:4:1)", nil},
		{"a go.mod without a path", plugin("x", "url", "https://github.com/acme/nameless"),
			"velox.toml:1: x: go.mod has no module line", nil},
		{"one module twice", plugin("a", "module_name", "github.com/acme/beta") + plugin("b", "url", "https://github.com/acme/beta"),
			"velox.toml:4: b is the module github.com/acme/beta, and so is a at line 1", []string{"remove one of the entries"}},
		{"a plugin and a module", plugin("a", "url", "https://github.com/acme/beta") + "[[modules]]\nmodule = \"github.com/acme/beta\"\nref = \"main\"\n",
			"velox.toml:4: github.com/acme/beta is the module github.com/acme/beta, and so is a at line 1", []string{"remove one of the entries"}},
		{"a replace outside", plugin("x", "module_name", "github.com/acme/outside"),
			"go.mod of x replaces github.com/acme/lib by ../lib, which is outside its repository", []string{decide}},
		{"a replace by an absolute path", plugin("x", "module_name", "github.com/acme/absolute"),
			"go.mod of x replaces github.com/acme/lib by /srv/lib, which is outside its repository", []string{decide}},
		{"no such directory", local("./none"), "velox.toml:1: local: local directory DIR/none: no such file or directory", nil},
		{"a file", local("./file"), "velox.toml:1: local: DIR/file is not a directory", nil},
		{"a directory without go.mod", local("./empty"), "velox.toml:1: local: local directory DIR/empty has no go.mod", nil},
		{"no RoadRunner", plugin("beta", "module_name", "github.com/acme/beta") + "[roadrunner]\nurl = \"https://github.com/acme/alpha\"\nref = \"v1.0.0\"\n",
			fmt.Sprintf("velox.toml:4: roadrunner: https://github.com/acme/alpha at %.12s does not look like RoadRunner: it has no container/plugins.go", w.commit("acme/alpha", "v1.0.0")), nil},
		{"several", plugin("x", "module_name", "github.com/acme/nowhere") + plugin("y", "module_name", "github.com/acme/lib"),
			"velox.toml:1: x: no repository at DIR/acme/nowhere\nvelox.toml:4: y: DIR/acme/lib: no tag, branch or commit v1.0.0",
			[]string{"correct the path: neither it nor PATH.git is a git repository", "did you mean v0.3.0?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.resolve(tt.config)
			wantError(t, err, strings.ReplaceAll(tt.want, "DIR", filepath.ToSlash(w.dir)), tt.hints...)
		})
	}
	_, err := w.resolveWith(plugin("x", "module_name", "github.com/acme/homeless")+private, Options{Offline: true})
	wantError(t, err, "git.corp/acme/lib (required by x): git.corp/acme/lib: its module path does not give its repository: its host cannot be asked with --offline",
		`set url on the plugin, or for another module:
  [[modules]]
  module = "git.corp/acme/lib"
  url = "https://HOST/PATH.git"
  ref = "TAG or BRANCH"`)
}

// TestOncePerCause has modules that failed for one reason told of once.
func TestOncePerCause(t *testing.T) {
	denied, other := errors.New("access denied"), errors.New("no such ref")
	errs := oncePerCause([]error{
		wanted{name: "a"}.wrap(denied), nil, wanted{name: "b"}.wrap(other), wanted{name: "c"}.wrap(denied),
		wanted{name: "d"}.wrap(zip.FileError{Path: "f", Err: zip.FileErrorList{}}), // cannot be compared
		wanted{name: "e"}.wrap(denied),
	})
	wantText(t, "errors", errors.Join(errs...).Error(), "a: access denied (the same for c, e)\nb: no such ref\nd: f: ")
}

// TestCancelled ends resolving at once, with the reason and nothing else.
func TestCancelled(t *testing.T) {
	w := newWorld(t, archives()...)
	cfg := w.config("[plugins.beta]\nmodule_name = \"github.com/acme/beta\"\nref = \"v1.0.0\"\n")
	client, err := source.NewClient(source.Options{Store: w.store, Env: noEnv, Mirrors: cfg.Mirrors})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	cancel(cause)
	if _, err := Resolve(ctx, cfg, Options{Client: client, Store: w.store}); err != cause {
		t.Errorf("error %v, want %v", err, cause)
	}
}

// TestLocal has plugins in directories of the user's.
func TestLocal(t *testing.T) {
	w := newWorld(t, archives()...)
	for name, content := range map[string]string{
		"mine/go.mod":     "module github.com/acme/mine\n\nrequire github.com/acme/lib v0.1.0\nrequire github.com/acme/sib v0.0.0\nreplace github.com/acme/sib => ../sib\n",
		"sib/go.mod":      "module github.com/acme/sib\n",
		"fork/go.mod":     "module github.com/acme/beta\n",
		"fork/v5/go.mod":  "module github.com/acme/beta/v5\n",
		"libfork/go.mod":  "module github.com/acme/forked\n",
		"other/go.mod":    "module github.com/acme/other\n\nrequire github.com/acme/mine v1.4.0\n",
		"five/go.mod":     "module github.com/acme/five/v5\n",
		"future/go.mod":   "module github.com/acme/future\n\nfuture directive\n",
		"future/plugin.x": "",
		"custom/go.mod":   "module github.com/acme/platform/plugins/custom\n",

		"platform/plugins/custom/go.mod": "module github.com/acme/platform/plugins/custom\n",
	} {
		file := filepath.Join(w.dir, "local", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const private = "[git]\nmodules = [\"github.com/acme/*\"]\n"
	const folder = "[plugins.custom]\nurl = \"https://github.com/acme/platform\"\nfolder = \"plugins/custom\"\nref = \"v1.0.0\"\n"
	for _, tt := range []struct{ name, config, want string }{
		{"with what it requires", private + "[plugins.mine]\npath = \"local/mine\"\n",
			"github.com/acme/lib v0.1.0\ngithub.com/acme/mine v0.0.0-00010101000000-000000000000\ngithub.com/acme/sib v0.0.0"},
		{"at the version that is required", "[plugins.mine]\npath = \"local/mine\"\n[plugins.other]\npath = \"local/other\"\n",
			"github.com/acme/mine v1.4.0\ngithub.com/acme/other v0.0.0-00010101000000-000000000000\ngithub.com/acme/sib v0.0.0"},
		{"with a major", "[plugins.five]\npath = \"local/five\"\n", "github.com/acme/five/v5 v5.0.0-00010101000000-000000000000"},
		{"a directive of a newer Go", "[plugins.future]\npath = \"local/future\"\n", "github.com/acme/future v0.0.0-00010101000000-000000000000"},
		{"in place of a plugin", "[plugins.beta]\nmodule_name = \"github.com/acme/beta\"\nref = \"v1.0.0\"\nreplace = \"./local/fork\"\n", "github.com/acme/beta v1.0.0"},
		{"in place of a plugin in a folder, itself", folder + "replace = \"./local/custom\"\n", "github.com/acme/platform/plugins/custom v1.0.0"},
		{"in place of a plugin in a folder, with the folder", folder + "replace = \"./local/platform\"\n", "github.com/acme/platform/plugins/custom v1.0.0"},
		{"path with a folder", "[plugins.custom]\npath = \"./local/platform\"\nfolder = \"plugins/custom\"\n", "github.com/acme/platform/plugins/custom v0.0.0-00010101000000-000000000000"},
		{"in place of a required module", private + "[plugins.beta]\nmodule_name = \"github.com/acme/beta\"\nref = \"v1.0.0\"\n[[replaces]]\nold = \"github.com/acme/lib\"\nnew = \"./local/libfork\"\n",
			"github.com/acme/beta v1.0.0\ngithub.com/acme/lib v0.1.0"},
		{"in place of a pinned module", private + "[plugins.beta]\nmodule_name = \"github.com/acme/beta\"\nref = \"v1.0.0\"\n[[modules]]\nmodule = \"github.com/acme/lib\"\nref = \"v0.2.0\"\n[[replaces]]\nold = \"github.com/acme/lib\"\nnew = \"./local/libfork\"\n",
			"github.com/acme/beta v1.0.0\ngithub.com/acme/lib v0.2.0"},
	} {
		p, err := w.resolve(tt.config)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		wantText(t, tt.name, modules(p), tt.want)
		if m := p.Lookup("github.com/acme/lib"); strings.HasPrefix(tt.name, "in place of a ") && m != nil && (!m.Local || m.From != filepath.Join(w.dir, "local", "libfork")) {
			t.Errorf("%s: lib comes from %s", tt.name, m.From)
		}
	}
}

// TestRemembered resolves again with the server gone: tags, commits, what
// requirements led to, and the pseudo-version that took a history to work out.
func TestRemembered(t *testing.T) {
	main := testkit.MustParse(t, libArchive).Commit("main")[:12]
	w := newWorld(t, append(archives(), release("gamma", "v1.0.0", requires("github.com/acme/lib", "v0.3.1-0.20260108090000-"+main)))...)
	server, err := testkit.StartHTTPBackend(t.Context(), testkit.HTTPBackendOptions{Repos: w.dir})
	testkit.Check(t, err)
	defer server.Close()
	text := fmt.Sprintf(`
[mirrors]
"https://github.com/" = "%s/"
[git]
modules = ["github.com/acme/*"]
[plugins.gamma]
module_name = "github.com/acme/gamma"
ref = "v1.0.0"
[plugins.custom]
url = "https://github.com/acme/platform"
ref = "%s"
folder = "plugins/custom"
[plugins.plain]
url = "https://github.com/acme/beta"
ref = "v1.0.0"
`, server.URL, w.commit("acme/platform", "main"))
	first := w.mustResolve(text)
	if got, want := first.Lookup("github.com/acme/platform/plugins/custom").Version, "v1.0.1-0.20260312090000-"+w.commit("acme/platform", "main")[:12]; got != want {
		t.Errorf("custom is %s, want %s", got, want)
	}
	asked := len(server.Requests())
	for _, offline := range []bool{false, true} {
		again, err := w.resolveWith(text, Options{Offline: offline})
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, "plan", describe(again), describe(first))
	}
	if n := len(server.Requests()) - asked; n != 0 {
		t.Errorf("the server was asked %d more times", n)
	}

	_, err = w.resolveWith(strings.Replace(text, "ref = \"v1.0.0\"", "ref = \"main\"", 1), Options{Offline: true})
	wantError(t, err, "velox.toml:6: gamma: main is not in the store, and --offline forbids fetching it from https://github.com/acme/gamma",
		"run the same build once without --offline")
}
