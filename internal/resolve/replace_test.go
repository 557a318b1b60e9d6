package resolve

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// replaces is a line of go.mod.
func replaces(old, new string) string { return "\nreplace " + old + " => " + new + "\n" }

// monoArchive has modules that need each other by replaces into their own
// repository, one of them at a placeholder version.
const monoArchive = `
url github.com/acme/mono
branch main
add 1
commit 2026-01-05T09:00:00Z One
tag v1.0.0
tag api/v0.5.0
-- 1/go.mod --
module github.com/acme/mono
-- 1/api/go.mod --
module github.com/acme/mono/api
-- 1/internal/util/go.mod --
module github.com/acme/mono/internal/util

require github.com/acme/mono/api v0.0.0

replace github.com/acme/mono/api => ../../api
-- 1/plugin/go.mod --
module github.com/acme/mono/plugin

require (
	github.com/acme/mono/internal/util v0.0.0-00010101000000-000000000000
	github.com/acme/mono v1.0.0
)

replace (
	github.com/acme/mono => ../
	github.com/acme/mono/internal/util => ../internal/util
)
`

// TestSiblings has replaces into the own repository honoured, and what those
// replace in turn.
func TestSiblings(t *testing.T) {
	w := newWorld(t, monoArchive)
	p := w.mustResolve("[plugins.x]\nmodule_name = \"github.com/acme/mono/plugin\"\nref = \"v1.0.0\"\n")
	wantText(t, "modules", modules(p), fmt.Sprintf(`
github.com/acme/mono v1.0.0
github.com/acme/mono/api v0.5.0
github.com/acme/mono/internal/util v0.0.0-20260105090000-%.12[1]s
github.com/acme/mono/plugin v1.0.0`, w.commit("acme/mono", "main")))
	for path, folder := range map[string]string{"github.com/acme/mono": "", "github.com/acme/mono/api": "api", "github.com/acme/mono/internal/util": "internal/util"} {
		m := p.Lookup(path)
		if m.Folder != folder || m.Commit != w.commit("acme/mono", "v1.0.0") || !m.Pinned {
			t.Errorf("%s: folder %q at %s, pinned %v", path, m.Folder, m.Commit, m.Pinned)
		}
		if _, err := os.Stat(filepath.Join(m.Dir, "go.mod")); err != nil {
			t.Error(err)
		}
	}
}

// TestClosureSiblings has replaces of modules that no config names: they count
// only where a placeholder version leaves no other way.
func TestClosureSiblings(t *testing.T) {
	commit := testkit.MustParse(t, monoArchive).Commit("main")
	w := newWorld(t, monoArchive, release("user", "v1.0.0", requires("github.com/acme/mono/internal/util", "v0.0.0-20260105090000-"+commit[:12])))
	p := w.mustResolve("[git]\nmodules = [\"github.com/acme/*\"]\n[plugins.user]\nmodule_name = \"github.com/acme/user\"\nref = \"v1.0.0\"\n")
	wantText(t, "modules", modules(p), fmt.Sprintf(`
github.com/acme/mono/api v0.5.0
github.com/acme/mono/internal/util v0.0.0-20260105090000-%.12s
github.com/acme/user v1.0.0`, commit))
}

// TestReplaces has replace directives of several modules, which agree, do not,
// or are overruled by the config.
func TestReplaces(t *testing.T) {
	const text, forked = "example.com/third/text", "github.com/acme/forked"
	w := newWorld(t,
		release("one", "v1.0.0", requires(text, "v1.0.0")+replaces(text, text+" v1.0.1")),
		release("same", "v1.0.0", replaces(text, text+" v1.0.1")),
		release("two", "v1.0.0", replaces(text, text+" v1.1.0")),
		release("versioned", "v1.0.0", replaces(text+" v1.0.0", text+" v1.2.0")),
		release("forks", "v1.0.0", requires("github.com/acme/lib", "v0.2.0")+replaces("github.com/acme/lib", forked+" v1.0.0")),
		release("forkstoo", "v1.0.0", replaces("github.com/acme/lib", forked+" v1.1.0")),
		release("forkssame", "v1.0.0", replaces("github.com/acme/lib", forked+" v1.0.0")),
		release("forksold", "v1.0.0", replaces("github.com/acme/lib v0.1.0", forked+" v1.1.0")),
		libArchive, deepArchive,
		release("mid", "v1.0.0", ""),
		strings.Replace(release("forked", "v1.0.0", ""), "tag v1.0.0\n", "tag v1.0.0\nadd 2\ncommit 2026-01-06T09:00:00Z Two\ntag v1.1.0\n", 1)+"-- 2/two.go --\npackage forked\n",
	)
	plugins := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			fmt.Fprintf(&b, "[plugins.%s]\nmodule_name = \"github.com/acme/%s\"\nref = \"v1.0.0\"\n", n, n)
		}
		return b.String()
	}
	replace := func(old, new string) string {
		return fmt.Sprintf("[[replaces]]\nold = %q\nnew = %q\n", old, new)
	}
	if err := os.MkdirAll(filepath.Join(w.dir, "textdir"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "textdir", "go.mod"), []byte("module "+text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const private = "[git]\nmodules = [\"github.com/acme/*\"]\n"
	const rr = "example.com/third/tally@v1.0.0 => example.com/third/tally@v1.0.1 by roadrunner\n"
	decide := func(path string) string {
		return fmt.Sprintf(`decide in the config:
  [[replaces]]
  old = %q
  new = "MODULE@VERSION or ./DIRECTORY"`, path)
	}
	forkedAt := func(ref string) string { return w.commit("acme/forked", ref) }
	for _, tt := range []struct {
		name, config string
		want         string // replaces, then modules that are no plugins
		err, hint    string
	}{
		{name: "one", config: plugins("one"), want: text + " => " + text + "@v1.0.1 by one\n" + rr},
		{name: "two that agree", config: plugins("one", "same"), want: text + " => " + text + "@v1.0.1 by same\n" + rr},
		{name: "two that do not", config: plugins("one", "two"),
			err:  text + " is replaced twice: by one with " + text + "@v1.0.1, and by two with " + text + "@v1.1.0",
			hint: decide(text)},
		{name: "of one version and of all", config: plugins("one", "versioned"),
			want: text + " => " + text + "@v1.0.1 by one\n" + text + "@v1.0.0 => " + text + "@v1.2.0 by versioned\n" + rr},
		{name: "the config decides", config: plugins("one", "two") + replace(text, text+"@v1.9.0"),
			want: text + " => " + text + "@v1.9.0 by velox.toml:7\n" + rr},
		{name: "the config decides, by a directory", config: plugins("one", "two") + replace(text, "./textdir"),
			want: rr + "module " + text + " v1.0.0 local"},
		{name: "the config decides, by a module from git", config: private + plugins("one", "two") + replace(text, forked+"@v1.1.0"),
			want: rr + fmt.Sprintf("module %s v1.1.0 https://github.com/acme/forked at %.12s", text, forkedAt("v1.1.0"))},
		{name: "the config decides, by a module's newest", config: plugins("one", "two") + replace(text, forked),
			want: rr + fmt.Sprintf("module %s v1.1.0 https://github.com/acme/forked at %.12s", text, forkedAt("v1.1.0"))},
		{name: "one version by a directory", config: private + plugins("two") + replace(text+"@v1.0.0", "./textdir"),
			want: rr + text + " => " + text + "@v1.1.0 by two\nmodule " + text + " v1.0.0 local only v1.0.0"},
		{name: "one version by a module from git", config: private + plugins("two") + replace(text+"@v1.0.0", forked+"@v1.1.0"),
			want: rr + text + " => " + text + "@v1.1.0 by two\n" + fmt.Sprintf("module %s v1.0.0 https://github.com/acme/forked at %.12s only v1.0.0", text, forkedAt("v1.1.0"))},
		{name: "the linked version of a private module", config: private + plugins("forks") + "[[modules]]\nmodule = \"github.com/acme/lib\"\nref = \"v0.1.0\"\n" + replace("github.com/acme/lib@v0.1.0", forked+"@v1.1.0"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v1.1.0 https://github.com/acme/forked at %.12s", forkedAt("v1.1.0"))},
		{name: "another version of a private module", config: private + plugins("forks") + "[[modules]]\nmodule = \"github.com/acme/lib\"\nref = \"v0.1.0\"\n" + replace("github.com/acme/lib@v0.3.0", forked+"@v1.1.0"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v0.1.0 https://github.com/acme/lib at %.12s\nnote velox.toml:9: the replace of github.com/acme/lib@v0.3.0 is not used: v0.1.0 is linked\nnote github.com/acme/lib v0.1.0 is linked, as the config says, although forks requires v0.2.0", w.commit("acme/lib", "v0.1.0"))},
		{name: "RoadRunner's, by the config", config: plugins("same") + replace("example.com/third/tally@v1.0.0", "example.com/third/tally@v1.0.9"),
			want: text + " => " + text + "@v1.0.1 by same\nexample.com/third/tally@v1.0.0 => example.com/third/tally@v1.0.9 by velox.toml:4\n"},

		{name: "a private fork", config: private + plugins("forks"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v0.2.0 https://github.com/acme/forked at %.12s", forkedAt("v1.0.0"))},
		{name: "the same private fork", config: private + plugins("forks", "forkssame"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v0.2.0 https://github.com/acme/forked at %.12s", forkedAt("v1.0.0"))},
		{name: "two private forks", config: private + plugins("forks", "forkstoo"),
			err:  fmt.Sprintf("github.com/acme/lib is replaced twice: by forks with https://github.com/acme/forked at %.12s, and by forkstoo with github.com/acme/forked@v1.1.0", forkedAt("v1.0.0")),
			hint: decide("github.com/acme/lib")},
		{name: "a fork of a version that is not chosen", config: private + plugins("forks", "forksold"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v0.2.0 https://github.com/acme/forked at %.12s", forkedAt("v1.0.0"))},
		{name: "a fork, and the module itself named", config: private + plugins("forks") + "[[modules]]\nmodule = \"github.com/acme/lib\"\nref = \"v0.1.0\"\n",
			want: rr + fmt.Sprintf("module github.com/acme/lib v0.1.0 https://github.com/acme/lib at %.12s", w.commit("acme/lib", "v0.1.0"))},
		{name: "a fork, by the config", config: private + plugins("forks", "forkstoo") + replace("github.com/acme/lib", forked+"@v1.1.0"),
			want: rr + fmt.Sprintf("module github.com/acme/lib v1.1.0 https://github.com/acme/forked at %.12s", forkedAt("v1.1.0"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := w.resolve(tt.config)
			if tt.err != "" {
				wantError(t, err, tt.err, tt.hint)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, r := range p.Replaces {
				fmt.Fprintf(&b, "%s => %s by %s\n", r.Old, r.New, r.By)
			}
			for _, m := range p.Modules {
				if m.Name() != "" {
					continue
				}
				place, only := m.Place(), ""
				if m.Local {
					place = "local"
				}
				if m.OnlyVersion != "" {
					only = " only " + m.OnlyVersion
				}
				fmt.Fprintf(&b, "module %s %s %s%s\n", m.Path, m.Version, place, only)
			}
			if strings.Contains(tt.want, "note ") {
				for _, n := range append(p.Notes, p.Overrulings...) {
					b.WriteString("note " + n + "\n")
				}
			}
			wantText(t, "replaces", sorted(b.String()), sorted(tt.want))
		})
	}
}

// TestSiblingConflict has two plugins replace one module by folders of their
// own repositories.
func TestSiblingConflict(t *testing.T) {
	mono := func(name string) string {
		return "url github.com/acme/" + name + "\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.0\n" +
			"-- 1/go.mod --\nmodule github.com/acme/" + name + "\n\nrequire corp.example/shared v1.0.0\n\nreplace corp.example/shared => ./shared\n" +
			"-- 1/shared/go.mod --\nmodule corp.example/shared\n"
	}
	w := newWorld(t, mono("a"), mono("b"))
	text := "[plugins.a]\nmodule_name = \"github.com/acme/a\"\nref = \"v1.0.0\"\n[plugins.b]\nmodule_name = \"github.com/acme/b\"\nref = \"v1.0.0\"\n"
	_, err := w.resolve(text)
	wantError(t, err, fmt.Sprintf("corp.example/shared is replaced twice: by a with https://github.com/acme/a at %.12s folder shared, and by b with https://github.com/acme/b at %.12s folder shared",
		w.commit("acme/a", "v1.0.0"), w.commit("acme/b", "v1.0.0")),
		`decide in the config:
  [[replaces]]
  old = "corp.example/shared"
  new = "MODULE@VERSION or ./DIRECTORY"`)

	if err := os.MkdirAll(filepath.Join(w.dir, "shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "shared", "go.mod"), []byte("module corp.example/shared\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := w.mustResolve(text + "[[replaces]]\nold = \"corp.example/shared\"\nnew = \"./shared\"\n")
	wantText(t, "modules", modules(p), "corp.example/shared v1.0.0\ngithub.com/acme/a v1.0.0\ngithub.com/acme/b v1.0.0")
}

// TestPluginReplace has a plugin's own `replace` by another module.
func TestPluginReplace(t *testing.T) {
	w := newWorld(t, release("beta", "v1.0.0", requires("github.com/acme/gone", "v1.0.0")), release("fork", "v2.5.0", ""),
		strings.Replace(release("fork5", "v5.1.0", ""), "module github.com/acme/fork5", "module github.com/acme/fork5/v5", 1))
	const beta = "[plugins.beta]\nmodule_name = \"github.com/acme/beta\"\nref = \"v1.0.0\"\n"
	p := w.mustResolve(beta + "replace = \"github.com/acme/fork5/v5\"\n")
	m := p.Lookup("github.com/acme/beta")
	if m == nil || m.Version != "v1.0.0" || m.URL != "https://github.com/acme/fork5" || m.Ref != "latest" || m.Commit != w.commit("acme/fork5", "v5.1.0") {
		t.Errorf("beta is %+v", m)
	}
	wantText(t, "modules", modules(p), "github.com/acme/beta v1.0.0") // and nothing that its own go.mod requires
}

func sorted(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
