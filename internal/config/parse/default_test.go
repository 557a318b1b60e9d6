package parse

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestDefaults reads a few keys at a time and looks at one consequence.
func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		data string
		get  func(c *config.Config) any
		want any
	}{
		{"roadrunner", "", func(c *config.Config) any { return c.RoadRunner }, config.RoadRunner{Ref: "master", URL: "https://github.com/roadrunner-server/roadrunner"}},
		{"local roadrunner", "[roadrunner]\npath = '../rr'", func(c *config.Config) any { return []any{c.RoadRunner.Path, c.RoadRunner.Ref, c.RoadRunner.URL} }, []any{"/srv/acme/rr", "", ""}},
		{"roadrunner's bare repository", "[roadrunner]\nurl = '../rr.git/'", func(c *config.Config) any { return c.RoadRunner.URL }, "/srv/acme/rr.git/"},
		{"API path", "[github.endpoint]\nendpoint = 'https://git.corp/api/v3/'", func(c *config.Config) any { return c.RoadRunner.URL }, "https://git.corp/roadrunner-server/roadrunner"},
		{"token's host", "[gitlab]\nbase_url = 'https://Git.Corp:8443/gitlab'\ntoken.token = 'x'", func(c *config.Config) any { return c.Git.Tokens[0].Host }, "git.corp:8443"},
		{"undefined token", "[gitlab.token]\ntoken = '${NOPE}'\n[github.token]\ntoken = '${NOPE}'\n[github_token]\ntoken = '${NOPE}'", func(c *config.Config) any { return len(c.Git.Tokens) }, 0},
		{"equal tokens", "[github.token]\ntoken = 'x'\n[github_token]\ntoken = 'x'", func(c *config.Config) any { return len(c.Git.Tokens) }, 1},
		{"a URL's user", "[roadrunner]\nurl = 'https://t0ken@git.corp/rr'\n[plugins.a]\nurl = 'https://ann:s3cret%40@git.corp:8443/a@b'\nref = 'v1'\n[github]\nbase_url = 'https://t0ken@ghe.corp'\n[github.plugins.b]\nowner = 'acme'\nrepository = 'b'\nref = 'v1'\n[[modules]]\nmodule = 'git.corp/m'\nurl = 'https://t0ken@git.corp/rr'\nref = 'v1'",
			func(c *config.Config) any {
				return []any{c.RoadRunner.URL, c.Plugins[0].URL, c.Plugins[1].URL, c.Modules[0].URL, c.Git.InURLs}
			},
			[]any{"https://git.corp/rr", "https://git.corp:8443/a@b", "https://ghe.corp/acme/b", "https://git.corp/rr", []config.URLCredential{
				{URL: "https://ghe.corp", Username: "t0ken"}, {URL: "https://git.corp/rr", Username: "t0ken"}, {URL: "https://git.corp:8443/a@b", Username: "ann", Password: "s3cret@"}}}},
		{"what is no URL's user", "[roadrunner]\nurl = 'ssh://git@git.corp/rr'\n[plugins.a]\nurl = 'git@git.corp:a'\nref = 'v1'",
			func(c *config.Config) any { return []any{c.RoadRunner.URL, c.Plugins[0].URL, len(c.Git.InURLs)} },
			[]any{"ssh://git@git.corp/rr", "git@git.corp:a", 0}},
		{"half a platform", "[target_platform]\nos = 'plan9'", func(c *config.Config) any { return c.Build.Targets }, []config.Target{{OS: "plan9", Arch: runtime.GOARCH}}},
		{"the other half", "[target_platform]\narch = 'S390x'", func(c *config.Config) any { return c.Build.Targets }, []config.Target{{OS: runtime.GOOS, Arch: "s390x"}}},
		{"platform and targets agree", "[target_platform]\nos = 'linux'\narch = 'amd64'\n[build]\ntargets = 'linux/amd64'", func(c *config.Config) any { return c.Build.Targets }, []config.Target{{OS: "linux", Arch: "amd64"}}},
		{"race needs cgo", "[build]\nrace = true\ncgo = false", func(c *config.Config) any { return c.Build.CGO }, true},
		{"no pgo", "[build]\npgo = 'off'", func(c *config.Config) any { return c.Build.PGO }, "off"},
		{"root folder", "[plugins.a]\npath = 'a'\nfolder = './'", func(c *config.Config) any { return c.Plugins[0].Folder }, ""},
		{"no credentials", "[git]\n", func(c *config.Config) any { return c.Git.Credentials == nil }, true},
		{"variables are not expanded twice", "[build]\nversion = '${A}${B}'", func(c *config.Config) any { return c.Build.Version }, "${B}$B"},
		{"dollars", "[build]\nversion = '$A $$ }'", func(c *config.Config) any { return c.Build.Version }, "$A $$ }"},
		{"gitlab plugin with url", "[gitlab.plugins.a]\nrepository = '1'\nurl = 'https://git.corp/a'\nref = 'v1'", func(c *config.Config) any { return c.Plugins[0].URL }, "https://git.corp/a"},
		{"fork of a module", "[plugins.a]\nmodule_name = 'github.com/acme/a'\nowner = 'fork'\nrepository = 'a'\nref = 'v1'", func(c *config.Config) any { return c.Plugins[0].URL }, "https://github.com/fork/a"},
		{"another config plugin", "[plugins.a]\nmodule_name = 'github.com/acme/config'\nref = 'v1'", func(c *config.Config) any { return len(c.Plugins) }, 1},
		{"config", "[plugins.a]\nmodule_name = 'github.com/roadrunner-server/config/v5'\nref = 'v1'\n[plugins.b]\npath = '/b'", func(c *config.Config) any { return len(c.Plugins) }, 1},
		{"resetter by URL", "[plugins.a]\nurl = 'git@git.corp:resetter.git'\nref = 'v1'\n[plugins.b]\npath = '/b'", func(c *config.Config) any { return len(c.Plugins) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(fmt.Sprint(tt.want), "/srv/") {
				testkit.NeedsUnix(t, "what is wanted is a path with slashes")
			}
			data := tt.data
			if !strings.Contains(data, "plugins") {
				data += "\n[plugins.mine]\npath = '/mine'"
			}
			c, err := Data("acme.toml", []byte(data), dir, env(map[string]string{"A": "${B}", "B": "$B"}))
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.get(c); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestRepeatedTable wants equal values of a repeated table to pass with a
// note each, of whatever type.
func TestRepeatedTable(t *testing.T) {
	const data = `
[github.plugins]
a = { ref = "v1", owner = "acme", repository = "a" }
[build]
tags = ["a", "b"]
cgo = true
[github.plugins]
a = { owner = "acme", ref = "v1", repository = "a" }
[build]
tags = ["a", "b"]
cgo = true
`
	c, err := Data("acme.toml", []byte(data), dir, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"acme.toml:8:1: github.plugins.a is set again to the same value, see acme.toml:3:1",
		"acme.toml:10:1: build.tags is set again to the same value, see acme.toml:5:1",
		"acme.toml:11:1: build.cgo is set again to the same value, see acme.toml:6:1",
	}
	if got := noteLines(c); !reflect.DeepEqual(got, want) {
		t.Errorf("notes are %q\nwant %q", got, want)
	}
	if len(c.Plugins) != 1 || !c.Build.CGO {
		t.Errorf("read %+v", c)
	}

	_, err = Data("acme.toml", []byte(strings.Replace(data, `["a", "b"]`, `["a", "c"]`, 1)), dir, env(nil))
	if want := "acme.toml:10:1: build.tags is already set at acme.toml:5:1"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}
