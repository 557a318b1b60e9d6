package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPortable reads what Portable wrote of every sample: it is the same
// config, but for what is of one machine, and writing it again changes nothing.
func TestPortable(t *testing.T) {
	samples, err := filepath.Glob(filepath.Join("..", "..", "testdata", "velox", "*.toml"))
	if err != nil || len(samples) == 0 {
		t.Fatal("no samples", err)
	}
	env := func(name string) (string, bool) { return "s3cret-" + strings.ToLower(name), true }
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			data, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Parse("velox.toml", data, "/srv/build", env)
			if err != nil {
				t.Skip(err) // a sample of an error
			}
			withoutLocal(c)
			first, err := c.Portable(PortableOptions{})
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse("velox.toml", first, "/srv/build", func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatalf("%v\n%s", err, first)
			}
			second, err := again.Portable(PortableOptions{})
			if err != nil || string(second) != string(first) {
				t.Errorf("%v: written again it is\n%s\nnot\n%s", err, second, first)
			}
			if want, got := comparable(c), comparable(again); !reflect.DeepEqual(got, want) {
				t.Errorf("read again it is\n%+v\nwant\n%+v", got, want)
			}
			for _, cred := range c.Git.Credentials {
				if cred.Password != "" && strings.Contains(string(first), string(cred.Password)) {
					t.Error("a password is in it")
				}
			}
			for _, token := range c.Git.Tokens {
				if strings.Contains(string(first), string(token.Token)) {
					t.Error("a token is in it")
				}
			}
		})
	}
}

// withoutLocal takes out what is from a directory of this machine.
func withoutLocal(c *Config) {
	c.Plugins = slices.DeleteFunc(c.Plugins, func(p Plugin) bool { return p.Path != "" || p.Replace != nil && p.Replace.Dir != "" })
	c.Modules = slices.DeleteFunc(c.Modules, func(m Module) bool { return m.Dir != "" })
	c.Replaces = slices.DeleteFunc(c.Replaces, func(r Replace) bool { return r.New.Dir != "" })
}

// comparable is a config without positions, in no order.
func comparable(c *Config) map[string]any {
	plugins := map[string]Plugin{}
	for _, p := range c.Plugins {
		p.Pos = Position{}
		plugins[p.Name] = p
	}
	modules := map[string]Module{}
	for _, m := range c.Modules {
		m.Pos = Position{}
		modules[m.Path] = m
	}
	excludes := map[string]bool{}
	for _, e := range c.Excludes {
		excludes[e.Module.String()] = true
	}
	replaces := map[string]string{}
	for _, r := range c.Replaces {
		replaces[r.Old.String()] = r.New.Module.String()
	}
	build := c.Build
	build.CacheProg = "" // a program of this machine
	return map[string]any{"ref": c.RoadRunner.Ref, "url": c.RoadRunner.URL, "plugins": plugins, "modules": modules,
		"excludes": excludes, "replaces": replaces, "build": build}
}

// TestPortableExtras has what is not the config's own, and what cannot be
// carried.
func TestPortableExtras(t *testing.T) {
	const doc = `
[roadrunner]
ref = "v2025.1.15"
[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
ref = "v5.1.9"
[git]
modules = ["github.com/acme/*"]
[build]
version = "${VERSION}"
pgo = "my.pprof"
ldflags = ["-X 'main.a=b c'", "-w"]
[check]
allow_disabled = ["logger"]
allow = ["logger"]
`
	read := func(version string) *Config {
		c, err := Parse("velox.toml", []byte(doc), "/srv/build", func(string) (string, bool) { return version, true })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	got, err := read("1.2.3").Portable(PortableOptions{Private: []string{"git.corp/*", "github.com/acme/*"}, Profile: "build.pgo"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"version = '1.2.3'", "pgo = 'build.pgo'", "[check]\nallow_disabled = ['logger']\nallow = ['logger']", "modules = ['git.corp/*', 'github.com/acme/*']", `ldflags = ['-X', '"main.a=b c"', '-w']`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if _, err := read("${OTHER}").Portable(PortableOptions{}); err == nil {
		t.Error("no error for a value that would be expanded again")
	}
}

// TestPortableLocal names each directory.
func TestPortableLocal(t *testing.T) {
	c, err := Parse("velox.toml", []byte(`
[roadrunner]
path = "/src/rr"
[plugins.mine]
path = "../mine"
[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
ref = "v5.1.9"
replace = "./logger"
[[modules]]
module = "github.com/acme/lib"
path = "lib"
[[replaces]]
old = "github.com/acme/other"
new = "./other"
`), "/srv/build", func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Portable(PortableOptions{})
	const want = "local directories cannot be vendored: roadrunner: /src/rr, plugin mine: /srv/mine, plugin logger: /srv/build/logger, " +
		"module github.com/acme/lib: /srv/build/lib, module github.com/acme/other: /srv/build/other"
	if err == nil || testkit.Unix(err.Error()) != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}
