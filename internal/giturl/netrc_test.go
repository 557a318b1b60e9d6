package giturl

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestNetrcAsCurl asks curl about each netrc too.
func TestNetrcAsCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		testkit.Check(t, &testkit.MissingError{Program: "curl", Install: "curl", Err: err})
	}
	var heard atomic.Value // the last login, from the server's goroutine
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if !ok {
			heard.Store("")
			return
		}
		heard.Store(user + " " + password)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const other = "machine other.corp login bob password bobs\n"
	for _, tt := range []struct {
		name, netrc string
		user        string // in the URL
		want        string
		unlike      bool // curl may differ
	}{
		{name: "one line", netrc: other + "machine git.corp login ann password p1\n", want: "ann p1"},
		{name: "many lines", netrc: "machine\n  git.corp\nlogin\n\tann\n\npassword p1", want: "ann p1"},
		{name: "password first", netrc: "machine git.corp password p1 login ann\n", want: "ann p1"},
		{name: "with an account", netrc: "machine git.corp login ann account x password p1\n", want: "ann p1"},
		{name: "capitals", netrc: "Machine GIT.Corp Login ann PASSWORD p1\n", want: "ann p1"},
		{name: "default", netrc: other + "default login any password p1\n", want: "any p1"},
		{name: "before default", netrc: "machine git.corp login ann password p1\ndefault login any password p2\n", want: "ann p1"},
		{name: "default first", netrc: "default login any password p2\nmachine git.corp login ann password p1\n", want: "any p2"},
		{name: "none", netrc: other, want: ""},
		{name: "an empty file", netrc: "", want: ""},
		{name: "cut off", netrc: "machine", want: ""},
		{name: "cut off at the login", netrc: "machine git.corp login", want: ""},
		{name: "quotes", netrc: `machine "git.corp" login "an n" password "p \"1\" \\ #2\t3"`, want: "an n p \"1\" \\ #2\t3"},
		{name: "a quote within", netrc: `machine git.corp login an"n password p'1"`, want: `an"n p'1"`},
		{name: "a backslash without quotes", netrc: `machine git.corp login ann password p\n1`, want: `ann p\n1`},
		{name: "comments", netrc: "# machine git.corp login eve password p0\nmachine git.corp # login eve\n  login ann password p#1 # password p2\n", want: "ann p#1"},
		{name: "a macro", netrc: "macdef init\nmachine git.corp login eve password p0\n\nmachine git.corp login ann password p1\n", want: "ann p1"},
		{name: "a macro of another machine", netrc: other + "macdef init\nmachine git.corp login eve password p0\ncd x\n\n" + "machine git.corp login ann password p1\n", want: "ann p1"},
		{name: "a name that looks like a keyword", netrc: "machine other.corp login default password p0\nmachine git.corp login ann password p1\n", want: "ann p1"},
		{name: "two users", netrc: "machine git.corp login bob password p0\nmachine git.corp login ann password p1\n", want: "bob p0"},
		{name: "two users, one asked for", netrc: "machine git.corp login bob password p0\nmachine git.corp login ann password p1\n", user: "ann", want: "ann p1"},
		{name: "another user asked for", netrc: "machine git.corp login bob password p0\n", user: "ann", want: "", unlike: true}, // some versions mix the two
		{name: "the default's user asked for", netrc: other + "default login ann password p1\n", user: "ann", want: "ann p1"},
		{name: "Windows' ends of lines", netrc: "machine git.corp\r\nlogin ann\r\npassword p1\r\n", want: "ann p1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if login, password, ok := netrcLogin(tt.netrc, "git.corp", tt.user); ok {
				got = login + " " + password
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			file := filepath.Join(t.TempDir(), "netrc")
			testkit.WriteFile(t, file, tt.netrc)
			heard.Store("")
			at := "git.corp:" + port
			if tt.user != "" {
				at = tt.user + "@" + at
			}
			out, err := exec.CommandContext(context.WithoutCancel(t.Context()), curl, "-sS", "--noproxy", "*", "--netrc-file", file,
				"--resolve", "git.corp:"+port+":127.0.0.1", "http://"+at+"/").CombinedOutput()
			if err != nil {
				t.Errorf("curl: %v\n%s", err, out)
			}
			said := heard.Load().(string)
			if tt.want == "" && said == tt.user+" " {
				said = "" // curl sends the name alone
			}
			if said != tt.want && !tt.unlike {
				t.Errorf("curl has %q", said)
			}
		})
	}
}
