package mirror

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/testkit"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// outside is where a mirror is filled: a proxy with a password, which has the checksum
// database too.
type outside struct {
	goproxy string
	ca      string // its certificate's file
	sums    *testkit.SumDB
	repos   string
	release module.Version
	env     map[string]string

	mu    sync.Mutex
	asked []string // of the proxy, but for the database
}

const password = "s3cret-marker"

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{repos: filepath.Join(t.TempDir(), "repos")}
	git, err := testkit.Data("git")
	testkit.Check(t, err)
	repos, err := testkit.BuildRepos(o.repos, os.DirFS(git))
	testkit.Check(t, err)
	repos = slices.DeleteFunc(repos, func(r *testkit.Repo) bool { return strings.Contains(r.URL, "/acme/") })
	mods, err := testkit.Data("mod")
	testkit.Check(t, err)
	proxy, err := testkit.StartProxy(t.Context(), testkit.ProxyOptions{Archives: os.DirFS(mods), Repos: repos})
	testkit.Check(t, err)
	releases := t.TempDir()
	o.release, _, err = testkit.WriteGoRelease(releases, "go1.99.0", []byte("#!/bin/sh\n"))
	testkit.Check(t, err)
	files := http.FileServer(http.Dir(releases))
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/golang.org/toolchain/") {
			files.ServeHTTP(w, r)
		} else {
			proxy.ServeHTTP(w, r)
		}
	})
	o.sums, err = testkit.StartSumDB(t.Context(), "sum.example.com", all)
	testkit.Check(t, err)
	o.serve(t, all)
	o.env = map[string]string{"PATH": os.Getenv("PATH"), "HOME": testkit.TempHome(t), "GOENV": "off", "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local",
		"GOPROXY": o.goproxy, "SSL_CERT_FILE": o.ca, "GOSUMDB": o.sums.Key, "GOMODCACHE": filepath.Join(t.TempDir(), "mod"), "GOCACHE": filepath.Join(t.TempDir(), "build")}
	return o
}

// serve serves modules and the database to who has the password, which the go command
// tells by HTTPS alone.
func (o *outside) serve(t *testing.T, modules http.Handler) {
	t.Helper()
	target, err := url.Parse(o.sums.URL)
	testkit.Check(t, err)
	sums := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, given, _ := r.BasicAuth()
		at, isSums := strings.CutPrefix(r.URL.Path, "/sumdb/sum.example.com")
		switch {
		case given != password:
			w.WriteHeader(http.StatusUnauthorized)
		case at == "/supported" && isSums:
		case isSums:
			r.URL.Path = at
			sums.ServeHTTP(w, r)
		default:
			o.mu.Lock()
			o.asked = append(o.asked, r.URL.Path)
			o.mu.Unlock()
			modules.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o.goproxy = strings.Replace(server.URL, "://", "://me:"+password+"@", 1)
	o.ca = filepath.Join(t.TempDir(), "ca.pem")
	testkit.WriteFile(t, o.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
}

// workspace is that of a config whose plugin needs a module on Windows alone.
func (o *outside) workspace(t *testing.T, on string) *workspace.Workspace {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"velox.toml": "[roadrunner]\nref = \"v2025.1.15\"\n[mirrors]\n\"https://github.com/\" = \"" + filepath.ToSlash(o.repos) + "/\"\n" +
			"[git]\nca_file = \"" + filepath.ToSlash(o.ca) + "\"\n[plugins.headers]\nmodule_name = \"github.com/roadrunner-server/headers/v5\"\ntag = \"v5.2.0\"\n[plugins.mine]\npath = \"./mine\"\n",
		"mine/go.mod":            "module corp.example/mine\n\ngo 1.25\n\nrequire example.com/third/" + on + "\n",
		"mine/plugin.go":         "package mine\n\ntype Plugin struct{}\n\nfunc (*Plugin) Init() error { return nil }\n",
		"mine/plugin_windows.go": "package mine\n\nimport _ \"example.com/third/" + strings.Fields(on)[0] + "\"\n",
	} {
		testkit.WriteFile(t, filepath.Join(dir, name), text)
	}
	env := func(name string) (string, bool) { v, ok := o.env[name]; return v, ok }
	c, err := parse.File(filepath.Join(dir, "velox.toml"), env)
	testkit.Check(t, err)
	m := workspace.Machine{StoreDir: filepath.Join(dir, "store"), Jobs: 2, Env: env, Sink: func(event.Event) {}}
	w, err := workspace.Prepare(t.Context(), m, workspace.Project{Config: c}, workspace.Ask{})
	testkit.Check(t, err)
	return w
}

// fill fills a tree, with a stage beside it.
func fill(t *testing.T, w *workspace.Workspace, dir string, ask ProxyAsk) *ProxyResult {
	t.Helper()
	stage, err := os.MkdirTemp(filepath.Dir(dir), "stage")
	testkit.Check(t, err)
	ask.Dir, ask.Stage = dir, stage
	r, err := FillProxy(t.Context(), w.Kit, []*workspace.Workspace{w}, ask)
	testkit.Check(t, err)
	return r
}

// inside runs the go command with nothing but a tree, and what it remembers in a home.
func (o *outside) inside(t *testing.T, home, goproxy string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOPATH=" + filepath.Join(home, "go"), "GOENV=off", "GOFLAGS=-modcacherw", "GOTOOLCHAIN=local", "GOCACHE=" + filepath.Join(cmd.Dir, "build"),
		"GOMODCACHE=" + filepath.Join(cmd.Dir, "cache"), "GOPROXY=" + goproxy, "GOSUMDB=" + o.sums.Key}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// TestFillProxy fills a tree, again, and with more, and has the go command read it as
// files and by nginx.
func TestFillProxy(t *testing.T) {
	o := newOutside(t)
	dir := filepath.Join(t.TempDir(), "proxy")
	w := o.workspace(t, "forcing v1.0.0")
	r := fill(t, w, dir, ProxyAsk{Toolchains: []string{"go1.99.0"}, VulnDB: true})
	want := []string{"example.com/third/forcing@v1.0.0", "example.com/third/tally@v1.0.1", "example.com/third/text@v1.0.0",
		"github.com/roadrunner-server/config/v5@v5.1.9", "github.com/roadrunner-server/endure/v2@v2.6.2", "github.com/roadrunner-server/errors@v1.5.0",
		"github.com/roadrunner-server/informer/v5@v5.1.9", "github.com/roadrunner-server/pool@v1.1.3", "github.com/roadrunner-server/resetter/v5@v5.1.9",
		"github.com/roadrunner-server/rpc/v5@v5.1.9"}
	if got := r.Needs[0].Modules; !slices.Equal(got, want) {
		t.Errorf("needs: %q", got)
	}
	if r.Database != "sum.example.com" || len(r.Unknown) > 0 || r.Modules != len(want)+2 || r.Files == 0 || r.Bytes == 0 {
		t.Errorf("%+v", r)
	}
	tools := []string{o.release.String(), "golang.org/x/vulndb@v0.0.0-20260301120000-0123456789ab"}
	if !slices.Equal(r.Tools, tools) {
		t.Errorf("tools: %q", r.Tools)
	}
	file := vendordir.ProxyURL(dir)
	o.readable(t, o.env["HOME"], file, slices.Concat(want, tools))

	o.asked = nil
	again := fill(t, w, dir, ProxyAsk{Toolchains: []string{"go1.99.0"}, VulnDB: true, Known: r.Needs})
	if again.Files > 0 || again.Needs[0].Digest != r.Needs[0].Digest || slices.ContainsFunc(o.asked, func(p string) bool { return !strings.HasPrefix(p, "/golang.org/x/vulndb/") }) {
		t.Errorf("nothing is new: %+v, asked for %q", again, o.asked)
	}
	testkit.Check(t, os.Remove(filepath.Join(dir, "example.com", "third", "text", "@v", "v1.0.0.zip")))
	testkit.Check(t, os.Remove(filepath.Join(dir, "example.com", "third", "tally", "@v", "list")))
	if again := fill(t, w, dir, ProxyAsk{Known: r.Needs}); again.Files != 2 || again.Modules != 1 {
		t.Errorf("two files were missing: %+v", again)
	}

	// A newer config, and one for another platform alone.
	later := fill(t, o.workspace(t, "text v1.1.0"), dir, ProxyAsk{Known: r.Needs})
	if got := later.Needs[0].Modules; !slices.Contains(got, "example.com/third/text@v1.1.0") || later.Modules != 1 {
		t.Errorf("later: %d modules are new, of %q", later.Modules, got)
	}
	if list, err := os.ReadFile(filepath.Join(dir, "example.com", "third", "text", "@v", "list")); string(list) != "v1.0.0\nv1.1.0\n" {
		t.Errorf("list: %q, %v", list, err)
	}
	for _, f := range testkit.Files(t, filepath.Dir(dir)) {
		if strings.Contains(f, password) {
			t.Errorf("the proxy's password is in %.100q", f)
		}
	}
	fillWithout(t, o, w)

	nginx, err := testkit.StartNginx(t.Context(), filepath.Dir(dir), t.TempDir())
	testkit.Check(t, err)
	defer nginx.Close()
	o.readable(t, testkit.TempHome(t), nginx.URL+"/proxy", slices.Concat(want, tools, later.Needs[0].Modules))
	if got, err := o.inside(t, o.env["HOME"], nginx.URL+"/proxy", "list", "-m", "-f", "{{.Version}}", "golang.org/x/vulndb@latest", "example.com/third/text@latest"); got != "v0.0.0-20260301120000-0123456789ab\nv1.1.0" {
		t.Errorf("latest: %s, %v", got, err)
	}
}

// readable has the go command download modules from a tree.
func (o *outside) readable(t *testing.T, home, goproxy string, modules []string) {
	t.Helper()
	if out, err := o.inside(t, home, goproxy, append([]string{"mod", "download"}, modules...)...); err != nil {
		t.Errorf("%s: %v: %s", goproxy, err, out)
	}
}

// fillWithout has no database, or one that does not know what is private.
func fillWithout(t *testing.T, o *outside, w *workspace.Workspace) {
	t.Helper()
	for _, tt := range []struct{ sums, private, want string }{
		{"off", "", ""},
		{o.sums.Key, "example.com/third/text,github.com/roadrunner-server", "lookup/example.com/third/forcing@v1.0.0 lookup/example.com/third/tally@v1.0.1"},
	} {
		kit := *w.Kit
		kit.Tool = kit.Tool.With(map[string]string{"GOSUMDB": tt.sums, "GONOSUMDB": tt.private})
		dir := filepath.Join(t.TempDir(), "proxy")
		r, err := FillProxy(t.Context(), &kit, []*workspace.Workspace{w}, ProxyAsk{Dir: dir, Stage: t.TempDir(), Platforms: []config.Target{{OS: "windows", Arch: runtime.GOARCH}}})
		testkit.Check(t, err)
		var got []string
		for _, f := range testkit.Files(t, dir) {
			if _, name, ok := strings.Cut(f, "sum.example.com/"); ok && strings.HasPrefix(name, "lookup/") {
				name, _, _ = strings.Cut(name, ": ")
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != tt.want || r.Modules != 10 {
			t.Errorf("%s: %q, %+v", tt.sums, got, r)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FillProxy(ctx, w.Kit, []*workspace.Workspace{w}, ProxyAsk{Dir: filepath.Join(t.TempDir(), "proxy"), Stage: t.TempDir()}); err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestListed has lists of versions, and the latest of each.
func TestListed(t *testing.T) {
	for _, tt := range []struct{ versions, want string }{
		{"v1.0.0", "v1.0.0 latest v1.0.0"},
		{"v1.10.0 v1.9.0", "v1.9.0 v1.10.0 latest v1.10.0"},
		{"v2.0.0-rc.1 v1.0.0", "v1.0.0 v2.0.0-rc.1 latest v1.0.0"},
		{"v2.0.0-rc.1 v0.0.0-20260301120000-0123456789ab", "v2.0.0-rc.1 latest v2.0.0-rc.1"},
		{"v0.0.0-20260401120000-0123456789ab v0.0.0-20260301120000-0123456789ab", "latest v0.0.0-20260401120000-0123456789ab"},
		{"v2.0.0+incompatible v1.0.0", "v1.0.0 v2.0.0+incompatible latest v2.0.0+incompatible"},
	} {
		list, latest := listed(strings.Fields(tt.versions))
		if got := strings.Join(append(strings.Fields(list), "latest", latest), " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.versions, got, tt.want)
		}
	}
}
