package parse

import (
	"testing"

	"github.com/vxlite/vxlite/internal/config"
)

// TestOrigin has what a plugin may come from, and its name then.
func TestOrigin(t *testing.T) {
	for in, want := range map[string]struct {
		config.Origin
		name string
	}{
		"http":                               {config.Origin{Name: "http"}, "http"},
		"app-logger@v5.0.0":                  {config.Origin{Name: "app-logger", Ref: "v5.0.0"}, "app-logger"},
		"github.com/acme/hello/v2@v2.1.0":    {config.Origin{Module: "github.com/acme/hello/v2", Ref: "v2.1.0"}, "hello"},
		"github.com/acme/hello@feature/x":    {config.Origin{Module: "github.com/acme/hello", Ref: "feature/x"}, "hello"},
		"gopkg.in/cache.v1":                  {config.Origin{Module: "gopkg.in/cache.v1"}, "cache"},
		"ssh://git@git.corp/team/cache.git":  {config.Origin{URL: "ssh://git@git.corp/team/cache.git"}, "cache"},
		"ssh://git@git.corp:22/t/c@v1":       {config.Origin{URL: "ssh://git@git.corp:22/t/c", Ref: "v1"}, "c"},
		"git@git.corp:team/cache.git@main":   {config.Origin{URL: "git@git.corp:team/cache.git", Ref: "main"}, "cache"},
		"git.corp:cache":                     {config.Origin{URL: "git.corp:cache"}, "cache"},
		"https://git.corp/@team/cache/@v1.0": {config.Origin{URL: "https://git.corp/@team/cache/", Ref: "v1.0"}, "cache"},
		"../mine":                            {config.Origin{Dir: "../mine"}, "mine"},
		"./a@b":                              {config.Origin{Dir: "./a@b"}, "a@b"},
	} {
		got, err := Origin(in)
		if err != nil || got != want.Origin || got.PluginName() != want.name {
			t.Errorf("%s: %+v, named %s, %v", in, got, got.PluginName(), err)
		}
	}
	for in, want := range map[string]string{
		"a\nb":                          "has a control character",
		"github.com/acme/hello@":        "has an @ with nothing behind it",
		"http@-x":                       "has a ref that begins with a dash",
		"plugins/mine":                  "is neither a module path nor a directory, which begins with ./, ../ or /",
		"https://u:hunter2@git.corp/a":  "has a name or password in it, which would be written down: use ~/.netrc, or [git.credentials]",
		"ssh://u:hunter2@git.corp/a@v1": "has a name or password in it, which would be written down: use ~/.netrc, or [git.credentials]",
		"ext::sh":                       "names a remote helper, which would be run as a program",
		"github.com/Acme/..":            `is a malformed module path "github.com/Acme/..": invalid path element ".."`,
		"":                              "names no plugin",
	} {
		if _, err := Origin(in); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}
