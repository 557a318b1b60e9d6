package source

import (
	"crypto/x509"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestTLS has servers whose certificates are not to be trusted: each is refused
// with what is wrong with it, and a private authority is trusted by ca_file alone.
func TestTLS(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	clock := "check this machine's clock; if it is right, the server's administrator has to renew the certificate"
	name := "name the server as its certificate does, in the URL or by [mirrors]"
	for _, tt := range []struct {
		name  string
		cert  func(*x509.Certificate)
		known bool // its authority is in ca_file
		want  string
		hint  string
	}{
		{name: "good", known: true},
		{name: "unknown authority", want: `the server's certificate is signed by an authority that is not trusted here: "CN=vxlite test"`,
			hint: `trust a private certificate authority:
  [git]
  ca_file = "FILE.pem"`},
		{name: "expired", known: true, cert: func(c *x509.Certificate) { c.NotAfter = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC) },
			want: "the server's certificate expired at 2020-01-02T03:04:05Z", hint: clock},
		{name: "expired, of an unknown authority", cert: func(c *x509.Certificate) { c.NotAfter = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC) },
			want: "the server's certificate expired at 2020-01-02T03:04:05Z", hint: clock},
		{name: "of tomorrow", known: true, cert: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
		}, want: "the server's certificate is not valid before 2099-01-02T03:04:05Z", hint: clock},
		{name: "another name", known: true, cert: func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(127, 0, 0, 2)}, []string{"git.corp", "*.git.corp"}
		}, want: "the server's certificate is for git.corp, *.git.corp, 127.0.0.2, not for 127.0.0.1", hint: name},
		{name: "many names", known: true, cert: func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"a.corp", "b.corp", "c.corp", "d.corp", "e.corp", "f.corp", "g.corp"}
		}, want: "the server's certificate is for a.corp, b.corp, c.corp, d.corp, e.corp, 2 others, not for 127.0.0.1", hint: name},
		{name: "no name", known: true, cert: func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, nil },
			want: "the server's certificate is for no host, not for 127.0.0.1", hint: name},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos, TLS: true, Certificate: tt.cert})
			git := config.Git{Credentials: []config.Credential{{Host: "127.0.0.1", Username: "ci", Password: "s3cret"}}}
			if tt.known {
				git.CAFile = filepath.Join(t.TempDir(), "ca.pem")
				testkit.WriteFile(t, git.CAFile, string(b.CA))
			}
			c := newClient(t, Options{Git: git})
			url := b.URL + "/" + r.Path()
			if tt.want == "" {
				mustFind(t, c, Request{URL: url, Choose: tag("v1.0.0")}, r.Commit("v1.0.0"))
				res, err := c.HTTP().Get(url + "/HEAD")
				if err != nil {
					t.Fatalf("the client for other questions does not trust the authority: %v", err)
				}
				res.Body.Close()
				return
			}
			_, err := c.Find(t.Context(), Request{URL: url, Choose: refuse(t)})
			testkit.WantError(t, err, url+": "+tt.want, tt.hint)
			if got := asked(b); len(got) > 0 {
				t.Errorf("it was asked %q nevertheless", got)
			}
		})
	}
}

// TestTLSOtherAuthority has a ca_file with another authority than the server's.
func TestTLSOtherAuthority(t *testing.T) {
	r := testkit.MustParse(t, testkit.ModuleArchive("a"))
	repos := testkit.WriteRepos(t, r)
	b := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos, TLS: true})
	other := testkit.ServeHTTP(t, testkit.HTTPBackendOptions{Repos: repos, TLS: true, Certificate: func(c *x509.Certificate) { c.Subject.CommonName = "another" }})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	testkit.WriteFile(t, ca, string(b.CA))
	c := newClient(t, Options{Git: config.Git{CAFile: ca}})
	_, err := c.Find(t.Context(), Request{URL: other.URL + "/" + r.Path(), Choose: refuse(t)})
	testkit.WantError(t, err, other.URL+"/"+r.Path()+`: the server's certificate is signed by an authority that is not trusted here: "CN=another"`,
		"neither the system nor "+ca+", which is [git] ca_file, has that authority: add its certificate to the file")
}
