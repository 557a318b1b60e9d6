package mirror

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestNetrc has servers with and without a password in the netrc, and URLs with one.
func TestNetrc(t *testing.T) {
	home := t.TempDir()
	testkit.WriteFile(t, filepath.Join(home, ".netrc"), "machine 127.0.0.1 login me password "+password+"\n")
	env := func(name string) (string, bool) { return home, name == "HOME" }
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, given, _ := r.BasicAuth()
		w.Write([]byte(user + " " + given))
	})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	defer plain.Close()
	defer secure.Close()
	client := secure.Client()
	client.Transport = netrc{client.Transport, env}
	own, err := url.Parse(secure.URL)
	testkit.Check(t, err)
	own.User = url.UserPassword("you", "other")
	for at, want := range map[string]string{
		secure.URL:   "me " + password,
		plain.URL:    " ",
		own.String(): "you other",
	} {
		resp, err := client.Get(at)
		testkit.Check(t, err)
		got := make([]byte, 100)
		n, _ := resp.Body.Read(got)
		resp.Body.Close()
		if string(got[:n]) != want {
			t.Errorf("%s: %q, want %q", at, got[:n], want)
		}
	}
}
