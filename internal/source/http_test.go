package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/testkit"
)

// asked are the requests of a server, "METHOD USERNAME refused" for each.
func asked(b *testkit.HTTPBackend) []string {
	var out []string
	for _, r := range b.Requests() {
		s := r.Method
		if r.Username != "" {
			s += " " + r.Username
		}
		if r.Refused {
			s += " refused"
		}
		out = append(out, s)
	}
	return out
}

// TestHTTPCredentials fetches with each kind of credential.
func TestHTTPCredentials(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	home := t.TempDir()
	netrc := filepath.Join(home, ".netrc")
	testkit.WriteFile(t, netrc, "machine 127.0.0.1 login ci password s3cret\n")
	git := testkit.FakeGit(t, "username=ci\npassword=s3cret\n")
	badGit := testkit.FakeGit(t, "username=helped\npassword=wrong\n")
	named := func(username, password string) config.Git {
		return config.Git{Credentials: []config.Credential{{Host: "127.0.0.1", Username: username, Password: config.Secret(password)}}}
	}
	token := config.Git{Tokens: []config.Token{{Host: "127.0.0.1", User: "ci", Token: "s3cret", Key: "gitlab.token"}}}
	wrong := named("ci", "wrong")
	wrong.Tokens = []config.Token{{Host: "127.0.0.1", User: "oauth2", Token: "expired", Key: "gitlab.token"}}
	for _, tt := range []struct {
		name  string
		env   testkit.Vars
		git   config.Git
		user  string // in the URL
		asked []string
		want  string // error, after the URL
	}{
		{name: "config", git: named("ci", "s3cret"), asked: []string{"GET ci", "POST ci"}},
		{name: "token", git: token, asked: []string{"GET ci", "POST ci"}},
		{name: "netrc", env: testkit.Vars{"HOME": home}, asked: []string{"GET ci", "POST ci"}},
		{name: "URL", user: "ci:s3cret@", asked: []string{"GET ci", "POST ci"}},
		{name: "helper", env: testkit.Vars{"PATH": git}, asked: []string{"GET refused", "GET ci", "POST ci"}},
		{name: "wrong, then right", env: testkit.Vars{"HOME": home}, git: wrong, asked: []string{"GET ci refused", "GET oauth2 refused", "GET ci", "POST ci"}},

		{name: "none", asked: []string{"GET refused"}, want: "no credentials (401)"},
		{name: "wrong", git: named("ci", "wrong"), asked: []string{"GET ci refused", "GET refused"},
			want: "git.credentials of the config (401), then no credentials (401)"},
		{name: "all wrong", user: "ann:wrong@", env: testkit.Vars{"HOME": home, "PATH": badGit}, git: wrong,
			asked: []string{"GET ann refused", "GET ci refused", "GET oauth2 refused", "GET refused", "GET helped refused"},
			want:  "the URL's password (401), then git.credentials of the config (401), then gitlab.token of the config (401), then no credentials (401), then git's credential helper (401)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos, Username: "ci", Password: "s3cret"})
			url := b.URL + "/" + r.Path()
			c := newClient(t, Options{Env: tt.env.Env, Git: tt.git})
			found, err := c.Find(t.Context(), Request{URL: strings.Replace(url, "://", "://"+tt.user, 1), Choose: tag("v1.0.0")})
			if tt.want != "" {
				testkit.WantError(t, err, url+": access denied: tried "+tt.want,
					`put a credential into ~/.netrc, or name one in the config:
  [git.credentials."127.0.0.1"]
  username = "USER"
  password = "${TOKEN}"`)
			} else if err != nil {
				t.Fatal(err)
			} else if found.Commit != r.Commit("v1.0.0") || found.From != url {
				t.Errorf("commit %s from %s, want %s from %s", found.Commit, found.From, r.Commit("v1.0.0"), url)
			}
			if got := asked(b); !slices.Equal(got, tt.asked) {
				t.Errorf("asked %q, want %q", got, tt.asked)
			}
		})
	}
}

// TestHTTPRemembersCredential has what a host took offered to it first.
func TestHTTPRemembersCredential(t *testing.T) {
	repos := several(t, "a", "b")
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, repos...), Username: "ci", Password: "s3cret"})
	git := testkit.FakeGit(t, "username=ci\npassword=s3cret\n")
	c := newClient(t, Options{Env: testkit.Vars{"PATH": git}.Env})
	for _, r := range repos {
		mustFind(t, c, Request{URL: b.URL + "/" + r.Path(), Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	}
	if got, want := asked(b), []string{"GET refused", "GET ci", "POST ci", "GET ci", "POST ci"}; !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

// TestHTTPForbidden has a server that knows the user but lets him not in.
func TestHTTPForbidden(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer s.Close()
	c := newClient(t, Options{})
	_, err := c.Find(t.Context(), Request{URL: s.URL + "/lib", Choose: refuse(t)})
	testkit.WantError(t, err, s.URL+"/lib: access denied: tried no credentials (403)",
		`put a credential into ~/.netrc, or name one in the config:
  [git.credentials."127.0.0.1"]
  username = "USER"
  password = "${TOKEN}"`)
}

// TestHTTPDotGit has a repository named without ".git", by a server that has
// it with that.
func TestHTTPDotGit(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	c := newClient(t, Options{})
	url := b.URL + "/acme/a"
	found := mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	if found.From != url {
		t.Errorf("from %s, want %s", found.From, url)
	}
	mustFind(t, newClient(t, Options{}), Request{URL: b.URL + "/acme/a.git/", Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
	for _, missing := range []struct{ url, tried string }{
		{b.URL + "/acme/b.git", b.URL + "/acme/b.git"},
		{b.URL + "/acme/b", b.URL + "/acme/b"},
		{b.URL + "/acme/b/", b.URL + "/acme/b/"},
	} {
		_, err := c.Find(t.Context(), Request{URL: missing.url, Choose: refuse(t)})
		testkit.WantError(t, err, "no repository at "+missing.tried, "check the URL; a server may also hide what the credentials may not see")
	}
}

func TestHTTPErrors(t *testing.T) {
	answer := func(status int, contentType, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL + "/lib.git"
	}
	closed := closedAddr(t)
	broken := answer(500, "text/plain", "out of memory")
	page := answer(200, "text/html", "<html>Welcome</html>")
	empty := answer(200, "application/x-git-upload-pack-advertisement", "")
	toLogin := httptest.NewServer(http.RedirectHandler(page+"/sign_in?next=s3cret", http.StatusFound))
	defer toLogin.Close()
	check := "check the URL: it has to be the one that git clones from"
	login := "a page to log in is such an answer too: name a credential in the config:\n  [git.credentials.\"127.0.0.1\"]\n  username = \"USER\"\n  password = \"${TOKEN}\""
	json := answer(200, "application/json; charset=utf-8", "{}")
	untyped := answer(200, "", "hello")
	busy := answer(503, "text/html", "<html>Come back later</html>")
	long := answer(502, "text/plain", strings.Repeat("x", 1<<20))
	for _, tt := range []struct {
		url, want string
		hints     []string
	}{
		{"http://" + closed + "/lib", "http://" + closed + "/lib: dial tcp " + closed + ": connect: connection refused", nil},
		{broken, broken + ": the server answers 500 Internal Server Error: out of memory", nil},
		{busy, busy + ": the server answers 503 Service Unavailable", nil},
		{long, long + ": the server answers 502 Bad Gateway", nil},
		{page, page + ": the server does not speak git there: it answers 200 OK with a page of HTML", []string{check, login}},
		{toLogin.URL + "/lib", toLogin.URL + "/lib: the server does not speak git there: it answers 200 OK with a page of HTML at " + page + "/sign_in", []string{check, login}},
		{json, json + ": the server does not speak git there: it answers 200 OK with application/json", []string{check}},
		{untyped, untyped + ": the server does not speak git there: it answers 200 OK with something without a type", []string{check}},
		{empty, empty + ": empty input", nil},
	} {
		c := newClient(t, Options{})
		_, err := c.Find(t.Context(), Request{URL: tt.url, Choose: refuse(t)})
		testkit.WantError(t, err, tt.want, tt.hints...)
	}
}

// TestHTTPPackError has a server that offers a repository and then will not
// give it.
func TestHTTPPackError(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost {
			http.Error(w, "no packs on Sundays", http.StatusTeapot)
			return
		}
		b.ServeHTTP(w, req)
	}))
	defer s.Close()
	url := s.URL + "/" + r.Path()
	_, err := newClient(t, Options{}).Find(t.Context(), Request{URL: url, Choose: tag("v1.0.0")})
	testkit.WantError(t, err, url+": the server answers 418 I'm a teapot: no packs on Sundays")
}

// TestHTTPProxy has the variables of the options count, not the process's.
func TestHTTPProxy(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	var mu sync.Mutex
	var hosts []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		hosts = append(hosts, req.Method+" "+req.Host)
		mu.Unlock()
		b.ServeHTTP(w, req)
	}))
	defer proxy.Close()
	elsewhere := "http://" + closedAddr(t)
	t.Setenv("HTTP_PROXY", elsewhere)
	t.Setenv("http_proxy", elsewhere)
	for _, tt := range []struct {
		name string
		env  testkit.Vars
		want []string
	}{
		{"HTTP_PROXY", testkit.Vars{"HTTP_PROXY": proxy.URL, "HTTPS_PROXY": elsewhere}, []string{"GET git.invalid", "POST git.invalid"}},
		{"http_proxy", testkit.Vars{"http_proxy": proxy.URL, "NO_PROXY": "other.invalid"}, []string{"GET git.invalid", "POST git.invalid"}},
		{"NO_PROXY", testkit.Vars{"HTTP_PROXY": proxy.URL, "NO_PROXY": ".invalid"}, nil},
		{"no_proxy", testkit.Vars{"HTTP_PROXY": proxy.URL, "no_proxy": "git.invalid"}, nil},
		{"none", testkit.Vars{}, nil},
		{"in a CGI script", testkit.Vars{"http_proxy": proxy.URL, "REQUEST_METHOD": "GET"}, nil},
	} {
		hosts = nil
		c := newClient(t, Options{Env: tt.env.Env})
		dial := transportOf(c).DialContext
		transportOf(c).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "git.invalid") {
				return nil, errors.New("dialled itself")
			}
			return dial(ctx, network, addr)
		}
		_, err := c.Find(t.Context(), Request{URL: "http://git.invalid/" + r.Path(), Choose: tag("v1.0.0")})
		if tt.want == nil && (err == nil || !strings.Contains(err.Error(), "dialled itself") && tt.name != "in a CGI script") || tt.want != nil && err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !slices.Equal(hosts, tt.want) {
			t.Errorf("%s: the proxy was asked %q, want %q", tt.name, hosts, tt.want)
		}
	}
}

func TestCAFileErrors(t *testing.T) {
	dir := t.TempDir()
	rubbish := filepath.Join(dir, "rubbish.pem")
	testkit.WriteFile(t, rubbish, "no certificate\n")
	for _, tt := range []struct{ file, want string }{
		{filepath.Join(dir, "none.pem"), "open " + dir + "/none.pem: no such file or directory"},
		{rubbish, rubbish + " has no certificate in PEM form"},
	} {
		_, err := NewClient(Options{Store: newStore(t), Env: testkit.Vars{}.Env, Git: config.Git{CAFile: tt.file}})
		testkit.WantError(t, err, tt.want)
	}
}

// TestHTTPUserInURL has a token as the name in a URL, wherever a URL can come
// from. It is used for that URL, also when only the store knows the commit, and
// never shown or kept.
func TestHTTPUserInURL(t *testing.T) {
	const token = "s3cret-token"
	r, unnamed := testkit.Lib(t)
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r), Username: token})
	url := b.URL + "/" + r.Path()
	with := strings.Replace(url, "://", "://"+token+"@", 1)
	gitconfig := filepath.Join(t.TempDir(), "gitconfig")
	testkit.WriteFile(t, gitconfig, "[url \""+with+"\"]\n\tinsteadOf = https://git.corp/lib\n")
	for _, tt := range []struct {
		name, url string
		o         Options
	}{
		{"written", with, Options{}},
		{"config", url, Options{Git: config.Git{InURLs: []config.URLCredential{
			{URL: b.URL + "/acm", Username: "other"}, {URL: b.URL, Username: "short"}, {URL: b.URL + "/acme", Username: token}}}}},
		{"mirror", "https://git.corp/lib", Options{Mirrors: mirrorTo("https://git.corp/lib", with)}},
		{"mirror of a URL with a name", "https://git.corp/lib", Options{Mirrors: mirrorTo("https://x@git.corp/lib", with)}},
		{"insteadOf", "https://git.corp/lib", Options{Env: testkit.Vars{"GIT_CONFIG_GLOBAL": gitconfig}.Env}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen testkit.Events
			tt.o.Store, tt.o.Sink = newStore(t), seen.Sink
			if tt.o.Env == nil {
				tt.o.Env = testkit.Vars{}.Env
			}
			for range 2 { // the second time the store knows the commit, and the server is asked for its history
				c := newClient(t, tt.o)
				found := mustFind(t, c, Request{URL: tt.url, Commit: unnamed, Choose: commit(unnamed)}, unnamed)
				if _, _, err := c.Reachable(t.Context(), found, func(string) bool { return true }); err != nil {
					t.Error(err)
				}
				if text := fmt.Sprint(found, seen.All); strings.Contains(text, "s3cret") {
					t.Errorf("the token can be seen: %s", text)
				}
			}
			for _, f := range testkit.Files(t, tt.o.Store.Dir()) {
				if strings.Contains(f, "s3cret") || strings.Contains(f, store.Key(with)) {
					t.Errorf("the token is in the store: %s", f)
				}
			}
		})
	}
	c := newClient(t, Options{})
	bad := strings.Replace(url, "://", "://s3cret-old@", 1)
	_, err := c.Find(t.Context(), Request{URL: bad, Choose: refuse(t)})
	testkit.WantError(t, err, url+": access denied: tried the URL's user (401), then no credentials (401)",
		`put a credential into ~/.netrc, or name one in the config:
  [git.credentials."127.0.0.1"]
  username = "USER"
  password = "${TOKEN}"`)
}
