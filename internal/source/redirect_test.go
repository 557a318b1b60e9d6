package source

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// witness is a server's handler that notes what its guests bring along.
type witness struct {
	next http.Handler
	seen []http.Header
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.seen = append(w.seen, r.Header.Clone()) // a fetch is one request after the other
	w.next.ServeHTTP(rw, r)
}

// TestHTTPRedirect has a server send its guests to another host, port or scheme:
// whatever it gave them, and what they had for it, stays behind.
func TestHTTPRedirect(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r)})
	const secret = "s3cret"
	for _, tt := range []struct {
		name      string
		from, to  bool // with TLS
		otherName bool // not only another port
		want      string
	}{
		{name: "to another host, http", otherName: true},
		{name: "to another host, https", from: true, to: true, otherName: true},
		{name: "to another port", from: true, to: true},
		{name: "from http to https", to: true},
		{name: "from https to http", from: true, want: `http redirect: changes scheme from "https" to "http": `},
		{name: "from https to http on another host", from: true, otherName: true, want: `http redirect: changes scheme from "https" to "http": `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := func(tls bool, h http.Handler) *httptest.Server {
				s := httptest.NewUnstartedServer(h)
				if tls {
					s.StartTLS()
				} else {
					s.Start()
				}
				t.Cleanup(s.Close)
				return s
			}
			other := &witness{next: b}
			second := start(tt.to, other)
			target := second.URL
			if tt.otherName {
				target = strings.Replace(target, "127.0.0.1", "localhost", 1)
			}
			first := &witness{next: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: secret, Path: "/"})
				http.Redirect(w, req, target+req.URL.RequestURI(), http.StatusFound)
			})}
			url := start(tt.from, first).URL + "/" + r.Path()
			c := newClient(t, Options{Git: config.Git{Credentials: []config.Credential{{Host: strings.Split(url, "/")[2], Username: "ci", Password: secret}}}})
			trustTestServers(t, c)
			if tt.want == "" {
				mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
			} else {
				_, err := c.Find(t.Context(), Request{URL: url, Choose: refuse(t)})
				testkit.WantError(t, err, url+": "+tt.want+target+"/"+r.Path()+"/info/refs?service=git-upload-pack")
			}
			if len(first.seen) != 1 || first.seen[0].Get("Authorization") == "" {
				t.Errorf("the first host saw %v", first.seen)
			}
			if n := map[bool]int{true: 2, false: 0}[tt.want == ""]; len(other.seen) != n {
				t.Errorf("the other was asked %d times, want %d", len(other.seen), n)
			}
			for _, h := range other.seen {
				for _, name := range []string{"Authorization", "Cookie", "Referer", "Proxy-Authorization"} {
					if v := h.Get(name); v != "" {
						t.Errorf("the other saw %s: %s", name, v)
					}
				}
			}
		})
	}
}

// trustTestServers has a client trust the certificate of httptest's servers.
func trustTestServers(t *testing.T, c *Client) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	cfg := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	cfg.ServerName = "example.com" // the certificate's, by whatever name the server is called
	transportOf(c).TLSClientConfig = cfg
}

// TestHTTPRedirectElsewhere has another host ask for the credentials that the
// first one would get.
func TestHTTPRedirectElsewhere(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	other := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: testkit.WriteRepos(t, r), Username: "ci", Password: "s3cret"})
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+req.URL.RequestURI(), http.StatusFound)
	}))
	defer first.Close()
	home := t.TempDir()
	testkit.WriteFile(t, filepath.Join(home, ".netrc"), "machine 127.0.0.1 login ci password s3cret\n")
	url := first.URL + "/" + r.Path()
	_, err := newClient(t, Options{Env: testkit.Vars{"HOME": home}.Env}).Find(t.Context(), Request{URL: url, Choose: refuse(t)})
	testkit.WantError(t, err, url+": access denied: tried "+home+"/.netrc (401), then no credentials (401)",
		`put a credential into ~/.netrc, or name one in the config:
  [git.credentials."127.0.0.1"]
  username = "USER"
  password = "${TOKEN}"`)
	for _, req := range other.Requests() {
		if req.Username != "" {
			t.Errorf("the other host was told %q", req.Username)
		}
	}
}
