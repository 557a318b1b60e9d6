package resolve

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestSubgroups has repositories in groups of GitLab's within groups, the module
// in a folder or not, by a mirror that is a folder and by a private server.
func TestSubgroups(t *testing.T) {
	archive := func(repo, dir string) string {
		mod := strings.Trim("gitlab.com/"+repo+"/"+dir, "/")
		prefix := strings.TrimPrefix(dir+"/", "/")
		return "url gitlab.com/" + repo + "\nbranch main\nadd 1\ncommit 2026-01-05T09:00:00Z One\ntag v1.0.0\ntag " + prefix + "v1.1.0\n-- 1/" + prefix + "go.mod --\nmodule " + mod + "\n\ngo 1.25\n"
	}
	w := newWorld(t, archive("grp/sub/deep/name", ""), archive("grp/other", "a/b"), archive("grp/sub/two", "mod"), archive("grp/plain", ""))
	backend, err := testkit.StartHTTPBackend(context.Background(), testkit.HTTPBackendOptions{Repos: w.dir, Username: "reader", Password: "s3cret-marker"})
	testkit.Check(t, err)
	t.Cleanup(backend.Close)
	for name, mirrors := range map[string]string{
		"a folder": fmt.Sprintf("[mirrors]\n\"https://gitlab.com/\" = %q\n\"https://github.com/\" = %q\n", filepath.ToSlash(w.dir)+"/", filepath.ToSlash(w.dir)+"/"),
		"a server": fmt.Sprintf("[mirrors]\n\"https://gitlab.com/\" = %q\n\"https://github.com/\" = %q\n[git.credentials.\"127.0.0.1\"]\nusername = \"reader\"\npassword = \"s3cret-marker\"\n",
			backend.URL+"/", filepath.ToSlash(w.dir)+"/"),
	} {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct{ path, url, folder string }{
				{"gitlab.com/grp/sub/deep/name", "https://gitlab.com/grp/sub/deep/name", ""},
				{"gitlab.com/grp/other/a/b", "https://gitlab.com/grp/other", "a/b"},
				{"gitlab.com/grp/sub/two/mod", "https://gitlab.com/grp/sub/two", "mod"},
				{"gitlab.com/grp/plain", "https://gitlab.com/grp/plain", ""},
			} {
				w := w.fresh(t)
				text := fmt.Sprintf("[plugins.mine]\nmodule_name = %q\nref = \"v1.1.0\"\n", tt.path) + mirrors
				p := w.mustResolve(text)
				m := p.Lookup(tt.path)
				if m == nil || m.URL != tt.url || m.Folder != tt.folder || m.Version != "v1.1.0" {
					t.Errorf("%s: %+v, want %s folder %q", tt.path, m, tt.url, tt.folder)
					continue
				}
				w.withLock(text, lockOf(p), lockOf(p))
				if _, err := w.resolveWith(text, Options{Offline: true}); err != nil {
					t.Errorf("%s, offline: %v", tt.path, err)
				}
			}
		})
	}
	_, err = w.resolve("[plugins.mine]\nmodule_name = \"gitlab.com/grp/none/x\"\nref = \"v1.0.0\"\n[mirrors]\n\"https://gitlab.com/\" = \"" +
		filepath.ToSlash(w.dir) + "/\"\n\"https://github.com/\" = \"" + filepath.ToSlash(w.dir) + "/\"\n")
	want := fmt.Sprintf("velox.toml:1: mine: no repository found for gitlab.com/grp/none/x:\n  no repository at %[1]s/grp/none/x\n  no repository at %[1]s/grp/none", w.dir)
	if err == nil || testkit.Unix(err.Error()) != testkit.Unix(want) {
		t.Errorf("%v, want %s", err, want)
	} else if hint := `set url on the plugin, or for another module:
  [[modules]]
  module = "gitlab.com/grp/none/x"
  url = "https://HOST/PATH.git"
  ref = "TAG or BRANCH"`; !slices.Contains(allHints(err), hint) {
		t.Errorf("hints %q", allHints(err))
	}
}

// TestLocate has which of the ways to a repository comes first.
func TestLocate(t *testing.T) {
	r := &resolver{
		cfg: &config.Config{Modules: []config.Module{
			{Path: "github.com/acme/forked", URL: "ssh://git.corp/forked", Folder: "go"},
			{Path: "github.com/acme/plain"},
		}},
		meta: modurl.Finder{Offline: true},
	}
	r.roots.Learn("github.com/acme/mono/a", "a", "ssh://git.corp/mono")
	for _, tt := range []struct{ path, want, err string }{
		{path: "github.com/acme/forked", want: "ssh://git.corp/forked go"},
		{path: "github.com/acme/forked/v2", want: "https://github.com/acme/forked "},
		{path: "github.com/acme/plain", want: "https://github.com/acme/plain "},
		{path: "github.com/acme/mono/b/v3", want: "ssh://git.corp/mono b"},
		{path: "github.com/acme/lib/v5", want: "https://github.com/acme/lib "},
		{path: "github.com/acme/lib/sub/v5", want: "https://github.com/acme/lib sub"},
		{path: "gopkg.in/yaml.v3", err: "gopkg.in/yaml: its module path does not give its repository: its host cannot be asked with --offline"},
		{path: "github.com/acme/lib/v1", err: "github.com/acme/lib/v1 is not a module path"},
		{path: "github.com/../evil/x", err: "github.com/../evil/x is not a module path"},
		{path: "github.com/acme/lib?x", err: "github.com/acme/lib?x is not a module path"},
		{path: "fmt", err: "fmt is not a module path"},
	} {
		loc, err := r.whereIs(t.Context(), wanted{path: tt.path})
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%s: %v, want the error %s", tt.path, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		if got := loc.URL + " " + loc.Folder; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
	_, err := r.whereIs(t.Context(), wanted{path: "git.corp/lib"})
	wantError(t, err, "git.corp/lib: its module path does not give its repository: its host cannot be asked with --offline",
		`set url on the plugin, or for another module:
  [[modules]]
  module = "git.corp/lib"
  url = "https://HOST/PATH.git"
  ref = "TAG or BRANCH"`)
}
