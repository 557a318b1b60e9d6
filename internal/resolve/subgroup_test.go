package resolve

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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

// TestDeeper has what a server says to who is not logged in: that a repository is
// two names deep.
func TestDeeper(t *testing.T) {
	for _, tt := range []struct{ url, path, want string }{
		{"https://git.corp/grp/sub.git", "git.corp/grp/sub/deep/name", "https://git.corp/grp/sub/deep/name.git  https://git.corp/grp/sub/deep.git name"},
		{"https://git.corp/grp/sub", "git.corp/grp/sub", ""},
		{"https://elsewhere.corp/x", "git.corp/grp/sub/deep", ""},
	} {
		var got []string
		root := "git.corp/grp/sub"
		for _, loc := range deeper(location{url: tt.url, root: root, folder: below(tt.path, root)}, tt.path) {
			got = append(got, loc.url+" "+loc.folder)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, s, tt.want)
		}
	}
}
