package portable

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestPortable reads what Portable wrote of every sample: it is the same
// config, but for what is of one machine, and writing it again changes nothing.
func TestPortable(t *testing.T) {
	samples, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "velox", "*.toml"))
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
			c, err := parse.Data("velox.toml", data, "/srv/build", env)
			if err != nil {
				t.Skip(err) // a sample of an error
			}
			withoutLocal(c)
			first, err := Write(c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			again, err := parse.Data("velox.toml", first, "/srv/build", func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatalf("%v\n%s", err, first)
			}
			strict, err := Read("velox.toml", first, "/srv/build")
			if err != nil || !reflect.DeepEqual(strict, again) {
				t.Errorf("it is refused, or means something else: %v", err)
			}
			second, err := Write(again, Options{})
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
func withoutLocal(c *config.Config) {
	c.Plugins = slices.DeleteFunc(c.Plugins, func(p config.Plugin) bool { return p.Path != "" || p.Replace != nil && p.Replace.Dir != "" })
	c.Modules = slices.DeleteFunc(c.Modules, func(m config.Module) bool { return m.Dir != "" })
	c.Replaces = slices.DeleteFunc(c.Replaces, func(r config.Replace) bool { return r.New.Dir != "" })
}

// comparable is a config without positions, in no order.
func comparable(c *config.Config) map[string]any {
	plugins := map[string]config.Plugin{}
	for _, p := range c.Plugins {
		p.Pos = config.Position{}
		plugins[p.Name] = p
	}
	modules := map[string]config.Module{}
	for _, m := range c.Modules {
		m.Pos = config.Position{}
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
	for i := range c.Audit.Ignore {
		c.Audit.Ignore[i].Pos = config.Position{}
	}
	build := c.Build
	build.CacheProg = "" // a program of this machine
	return map[string]any{"ref": c.RoadRunner.Ref, "url": c.RoadRunner.URL, "plugins": plugins, "modules": modules,
		"excludes": excludes, "replaces": replaces, "build": build, "audit": c.Audit}
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
	read := func(version string) *config.Config {
		c, err := parse.Data("velox.toml", []byte(doc), "/srv/build", func(string) (string, bool) { return version, true })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	got, err := Write(read("1.2.3"), Options{Private: []string{"git.corp/*", "github.com/acme/*"}, Profile: "build.pgo"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"version = '1.2.3'", "pgo = 'build.pgo'", "[check]\nallow_disabled = ['logger']\nallow = ['logger']", "modules = ['git.corp/*', 'github.com/acme/*']", `ldflags = ['-X', '"main.a=b c"', '-w']`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if _, err := Write(read("${OTHER}"), Options{}); err == nil {
		t.Error("no error for a value that would be expanded again")
	}
}

// TestPortableLocal names each directory.
func TestPortableLocal(t *testing.T) {
	c, err := parse.Data("velox.toml", []byte(`
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
	_, err = Write(c, Options{})
	const want = "local directories cannot be vendored: roadrunner: /src/rr, plugin mine: /srv/mine, plugin logger: /srv/build/logger, " +
		"module github.com/acme/lib: /srv/build/lib, module github.com/acme/other: /srv/build/other"
	if err == nil || testkit.Unix(err.Error()) != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

// TestParsePortable has configs that Portable does not write.
func TestParsePortable(t *testing.T) {
	const doc = `[roadrunner]
ref = "v2025.1.15"
[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
ref = "v5.1.9"
`
	const flags = "is not taken from a vendor folder: it may start a program or write a file"
	for more, want := range map[string]string{
		"": "",
		"[build]\nname = \"rr\"\npgo = \"build.pgo\"":                                                   "",
		"[build]\ncacheprog = \"/bin/evil\"":                                                            "velox.toml:7:1: build.cacheprog is not a key that vxlite vendor writes",
		"[Build]\nCacheProg = \"/bin/evil\"":                                                            "velox.toml:7:1: Build.CacheProg is not a key that vxlite vendor writes",
		"[plugins.mine]\npath = \"/etc\"":                                                               "velox.toml:7:1: plugins.mine.path is not a key that vxlite vendor writes",
		"[plugins.mine]\nmodule_name = \"a.b/c\"\nref = \"v1.0.0\"\nreplace = \"../../etc\"":            "velox.toml: plugin mine: /etc is a directory of the machine, which vxlite vendor does not write",
		"[[replaces]]\nold = \"a.b/c\"\nnew = \"/etc\"":                                                 "velox.toml: module a.b/c: /etc is a directory of the machine, which vxlite vendor does not write",
		"[[modules]]\nmodule = \"a.b/c\"\npath = \"/etc\"":                                              "velox.toml:8:1: modules.path is not a key that vxlite vendor writes",
		"[mirrors]\n\"https://github.com/\" = \"/srv/\"":                                                "velox.toml:6:2: mirrors is not a key that vxlite vendor writes",
		"[git]\nca_file = \"ca.pem\"":                                                                   "velox.toml:7:1: git.ca_file is not a key that vxlite vendor writes",
		"[git.credentials.\"a.b\"]\nssh_key = \"/root/k\"":                                              `velox.toml:6:2: git.credentials."a.b" is not a key that vxlite vendor writes`,
		"[[modules]]\nmodule = \"a.b/c\"\npatches = [\"/etc/passwd\"]":                                  `velox.toml: patches: "/etc/passwd" is not where vxlite vendor puts a patch`,
		"[[modules]]\nmodule = \"a.b/c\"\npatches = [\"patches/0123456789abcdef/../../x\"]":             `velox.toml: patches: "patches/0123456789abcdef/../../x" is not where vxlite vendor puts a patch`,
		"[[modules]]\nmodule = \"a.b/c\"\npatches = [\"patches/0123456789abcdef/..\"]":                  `velox.toml: patches: "patches/0123456789abcdef/.." is not where vxlite vendor puts a patch`,
		"[[modules]]\nmodule = \"a.b/c\"\npatches = [\"patches/0123456789abcdef/x.patch\"]":             `velox.toml:8:12: module "a.b/c": patches: patches/0123456789abcdef/x.patch: there is no such file`,
		"[image]\nbase = \"/etc\"":                                                                      "velox.toml:6:2: image is not a key that vxlite vendor writes",
		"[verify]\nsignatures = \"tag\"":                                                                "velox.toml:6:2: verify is not a key that vxlite vendor writes",
		"[limits]\nobject_size = \"1TB\"":                                                               "velox.toml:6:2: limits is not a key that vxlite vendor writes",
		"[github.token]\ntoken = \"x\"":                                                                 "velox.toml:6:2: github.token is not a key that vxlite vendor writes",
		"[velox]\nbuild_args = [\"-toolexec=/bin/evil\"]":                                               "velox.toml:6:2: velox is not a key that vxlite vendor writes",
		"[build]\npgo = \"/etc/passwd\"":                                                                "velox.toml: build.pgo: /etc/passwd lies outside of the folder",
		"[build]\npgo = \"../passwd\"":                                                                  "velox.toml: build.pgo: /srv/passwd lies outside of the folder",
		"[build]\nversion = \"${HOME}\"":                                                                "velox.toml:7:12: a variable, which vxlite vendor replaces by its value",
		"[build]\nldflags = [\"-s\", \"-X\", \"a.b=-extld=c\", \"'-extldflags=-static -Wl,-z,relro'\"]": "",
		"[build]\nldflags = [\"-extld=/bin/evil\"]":                                                     "velox.toml:7:1: build.ldflags: -extld=/bin/evil " + flags,
		"[build]\nldflags = [\"-s\", \"--extld\", \"/bin/evil\"]":                                       "velox.toml:7:1: build.ldflags: --extld " + flags,
		"[build]\nldflags = [\"-X\", \"-s\", \"-cpuprofile=/x\"]":                                       "velox.toml:7:1: build.ldflags: -cpuprofile=/x " + flags,
		"[build]\nldflags = [\"-extldflags=-fplugin=/x.so\"]":                                           "velox.toml:7:1: build.ldflags: -extldflags -fplugin=/x.so " + flags,
		"[build]\nldflags = [\"-extldflags\", \"'-s -wrapper /x'\"]":                                    "velox.toml:7:1: build.ldflags: -extldflags -wrapper " + flags,
		"[build]\ngcflags = [\"all=-N -l\", \"-d=checkptr=0\"]":                                         "",
		"[build]\ngcflags = [\"all=-N -cpuprofile=/x\"]":                                                "velox.toml:7:1: build.gcflags: -cpuprofile=/x is not taken from a vendor folder: it may write a file",
		"[plugins.b]\nurl = \"https://a:s3cret@b.c/d\"\nref = \"v1\"":                                   "velox.toml: https://b.c/d has a name or a password in front of its host, which vxlite vendor does not write",
	} {
		_, err := Read("velox.toml", []byte(doc+more), "/srv/build")
		got := ""
		if err != nil {
			got = testkit.Unix(err.Error())
		}
		if got != want {
			t.Errorf("%s\n%s\nwant\n%s", more, got, want)
		}
	}
	two := "[image]\n[build]\ncacheprog = \"x\"\nversion = \"${X}\""
	if _, err := Read("velox.toml", []byte(doc+two), "/srv/build"); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all at once: %v", err)
	}
}
