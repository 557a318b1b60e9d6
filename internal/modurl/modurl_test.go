package modurl

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vxlite/vxlite/internal/giturl"
)

func TestKnownHost(t *testing.T) {
	for _, tt := range []struct {
		path string
		want string // url, root, folder
	}{
		{"github.com/acme/lib", "https://github.com/acme/lib github.com/acme/lib "},
		{"github.com/acme/lib/sub/deep", "https://github.com/acme/lib github.com/acme/lib sub/deep"},
		{"gitlab.com/acme/lib", "https://gitlab.com/acme/lib gitlab.com/acme/lib "},
		{"bitbucket.org/acme/lib/x", "https://bitbucket.org/acme/lib bitbucket.org/acme/lib x"},
		{"git.corp/a/b/c.git", "https://git.corp/a/b/c.git git.corp/a/b/c.git "},
		{"git.corp/a/b/c.git/sub/x", "https://git.corp/a/b/c.git git.corp/a/b/c.git sub/x"},
		{"gitlab.com/group/sub/lib.git/x", "https://gitlab.com/group/sub/lib.git gitlab.com/group/sub/lib.git x"},
		{"git.corp/lib.github", ""},
		{"github.com/acme", ""},
		{"github.com", ""},
		{"git.corp/acme/lib", ""},
		{"gopkg.in/yaml", ""},
		{"github.com.evil.example/acme/lib", ""},
	} {
		loc, ok := KnownHost(tt.path)
		got := ""
		if ok {
			got = loc.URL + " " + loc.Root + " " + loc.Folder
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
}

// TestRepoRoots has what one module's URL tells of others.
func TestRepoRoots(t *testing.T) {
	var roots Roots
	for _, m := range []struct{ path, folder, url string }{
		{"git.corp/team/cache/plugins/rr", "plugins/rr", "ssh://git.corp/cache"},
		{"git.corp/team/root", "", "ssh://git.corp/root"},
		{"git.corp/team/root/nested/api", "api", "ssh://git.corp/nested"}, // deeper: wins below it
		{"git.corp/team/major/v5", "", "ssh://git.corp/major"},
		{"git.corp/team/folder/v3", "v3", "ssh://git.corp/folder"},
		{"git.corp/team/both/sub/v4", "sub/v4", "ssh://git.corp/both"},
		{"git.corp/strange", "elsewhere", "ssh://git.corp/strange"}, // the path does not tell of the folder
		{"corp", "corp", "ssh://git.corp/corp"},                     // it would be the root of everything
	} {
		roots.Learn(m.path, m.folder, m.url)
	}
	for _, tt := range []struct{ path, want string }{
		{"git.corp/team/cache", "ssh://git.corp/cache "},
		{"git.corp/team/cache/plugins/other", "ssh://git.corp/cache plugins/other"},
		{"git.corp/team/cached", ""},
		{"git.corp/team", ""},
		{"git.corp/team/root", "ssh://git.corp/root "},
		{"git.corp/team/root/sub", "ssh://git.corp/root sub"},
		{"git.corp/team/root/nested/x", "ssh://git.corp/nested x"},
		{"git.corp/team/major", "ssh://git.corp/major "},
		{"git.corp/team/major/sub", "ssh://git.corp/major sub"},
		{"git.corp/team/folder", "ssh://git.corp/folder "},
		{"git.corp/team/both/x", "ssh://git.corp/both x"},
		{"git.corp/strange", ""},
		{"corp/x", ""},
	} {
		loc, ok := roots.Find(tt.path)
		got := ""
		if ok {
			got = loc.URL + " " + loc.Folder
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
}

// TestParseMeta reads go-import tags.
func TestParseMeta(t *testing.T) {
	page := func(content string) string {
		return `<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="go-import" content="` + content + `"></head><body></body></html>`
	}
	const none = "the page has no go-import meta tag for git"
	for _, tt := range []struct {
		name, page, want string
	}{
		{"plain", page("corp.example/lib git https://git.corp/lib"), "https://git.corp/lib corp.example/lib sub"},
		{"the whole path", page("corp.example/lib/sub git https://git.corp/sub"), "https://git.corp/sub corp.example/lib/sub "},
		{"a folder", page("corp.example/lib git https://git.corp/mono go/lib"), "https://git.corp/mono corp.example/lib go/lib/sub"},
		{"a folder outside", page("corp.example/lib git https://git.corp/mono ../lib"), none},
		{"an absolute folder", page("corp.example/lib git https://git.corp/mono /lib"), none},
		{"spaces", page(" corp.example/lib\n  git\thttps://git.corp/lib "), "https://git.corp/lib corp.example/lib sub"},
		{"attributes turned round", `<meta content="corp.example/lib git https://git.corp/lib" name=go-import>`, "https://git.corp/lib corp.example/lib sub"},
		{"capitals", `<META NAME="go-import" CONTENT="corp.example/lib git https://git.corp/lib">`, "https://git.corp/lib corp.example/lib sub"},
		{"closed", `<meta name="go-import" content="corp.example/lib git https://git.corp/lib"/>`, "https://git.corp/lib corp.example/lib sub"},
		{"entities", page("corp.example/lib git https://git.corp/a&amp;b"), "https://git.corp/a&b corp.example/lib sub"},
		{"the second of two", page("other.example/lib git https://git.corp/other") + page("corp.example/lib git https://git.corp/lib"), none}, // in the body
		{"the second in the head", `<head><meta name="go-import" content="corp.example/li git x://y"><meta name="go-import" content="corp.example/lib git https://git.corp/lib"></head>`, "https://git.corp/lib corp.example/lib sub"},
		{"a proxy's before it", `<head><meta name="go-import" content="corp.example/lib mod https://proxy.corp"><meta name="go-import" content="corp.example/lib git https://git.corp/lib">`, "https://git.corp/lib corp.example/lib sub"},
		{"not closed at all", `<meta name="go-import" content="corp.example/lib git https://git.corp/lib"`, none},
		{"another module's", page("corp.example/library git https://git.corp/lib"), none},
		{"a deeper one's", page("corp.example/lib/sub/deep git https://git.corp/lib"), none},
		{"a program", page("corp.example/lib git ext::sh+-c+evil"), none},
		{"a file", page("corp.example/lib git file:///etc/lib"), none},
		{"a path", page("corp.example/lib git /etc/lib"), none},
		{"a relative path", page("corp.example/lib git ../lib"), none},
		{"an option", page("corp.example/lib git --upload-pack=evil"), none},
		{"an option for ssh", page("corp.example/lib git ssh://-oProxyCommand=evil/lib"), none},
		{"no URL", page("corp.example/lib git git.corp:lib"), none},
		{"hg", page("corp.example/lib hg https://hg.corp/lib"), none},
		{"two fields", page("corp.example/lib git"), none},
		{"five fields", page("corp.example/lib git https://git.corp/lib a b"), none},
		{"go-source", `<meta name="go-source" content="corp.example/lib git https://git.corp/lib">`, none},
		{"in a comment", `<!--` + page("corp.example/lib git https://git.corp/lib") + `-->`, none},
		{"in the body", `<body>` + page("corp.example/lib git https://git.corp/lib"), none},
		{"empty", "", none},
		{"text", "not found", none},
	} {
		loc, err := parseMeta(strings.NewReader(tt.page), "corp.example/lib/sub")
		got := loc.URL + " " + loc.Root + " " + loc.Folder
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzParseMeta wants a location that fits the path, or an error.
func FuzzParseMeta(f *testing.F) {
	for _, s := range []string{
		`<meta name="go-import" content="corp.example/lib git https://git.corp/lib">`,
		`<META NAME=go-import CONTENT='corp.example/lib git x a/b'>`,
		"<meta", "<body><meta name=go-import", "<!--", "&lt;meta", "<meta name=\"go-import\" content=\"corp.example/lib git x ../../..\">",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		const path = "corp.example/lib/sub"
		loc, err := parseMeta(strings.NewReader(page), path)
		if err != nil {
			return
		}
		if remote, err := giturl.Parse(loc.URL); err != nil || remote.Local() {
			t.Errorf("%q: the repository %q", page, loc.URL)
		}
		if loc.URL == "" || path != loc.Root && !strings.HasPrefix(path, loc.Root+"/") {
			t.Errorf("%q: %+v does not fit %s", page, loc, path)
		}
		for _, elem := range strings.Split(loc.Folder, "/") {
			if elem == "." || elem == ".." || loc.Folder != "" && elem == "" {
				t.Errorf("%q: folder %q", page, loc.Folder)
			}
		}
	})
}

// TestMetaFind asks a module's own host.
func TestMetaFind(t *testing.T) {
	var asked []string
	var sent atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		switch r.URL.Path {
		case "/lib":
			fmt.Fprint(w, `<meta name="go-import" content="corp.example/lib git https://git.corp/lib">`)
		case "/gone": // the go command takes the tag from any page
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `<meta name="go-import" content="corp.example/gone git https://git.corp/gone">`)
		case "/endless": // it has the tag, but where nobody looks for it
			for range 1 << 10 {
				n, _ := w.Write(bytes.Repeat([]byte("<p>"), 64<<10))
				sent.Add(int64(n))
			}
			fmt.Fprint(w, `<meta name="go-import" content="corp.example/endless git https://git.corp/endless">`)
		case "/circle":
			http.Redirect(w, r, r.URL.RequestURI(), http.StatusFound)
		default:
			fmt.Fprint(w, "<html>Welcome</html>")
		}
	}))
	defer s.Close()
	client := s.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !strings.HasPrefix(addr, "corp.example:") {
			return nil, fmt.Errorf("no such host %s", addr)
		}
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // the test certificate's
	m := Finder{Client: client}
	for _, tt := range []struct{ path, want string }{
		{"corp.example/lib", "https://git.corp/lib"},
		{"corp.example/gone", "https://git.corp/gone"},
		{"corp.example/none", "corp.example/none: its module path does not give its repository: corp.example: the page has no go-import meta tag for git"},
		{"corp.example/endless", "corp.example/endless: its module path does not give its repository: corp.example: the page has no go-import meta tag for git"},
		{"nowhere.example/lib", "nowhere.example/lib: its module path does not give its repository: no such host nowhere.example:443"},
	} {
		loc, err := m.Find(t.Context(), tt.path)
		got := loc.URL
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, got, tt.want)
		}
	}
	const onItsWay = 12 << 20 // bytes in the kernel's buffers
	if n := sent.Load(); n > onItsWay {
		t.Errorf("%d bytes of a page were taken", n)
	}
	if _, err := m.Find(t.Context(), "corp.example/circle"); err == nil || !strings.Contains(err.Error(), "stopped after 10 redirects") {
		t.Errorf("a redirect in a circle: %v", err)
	}
	asked = asked[:min(4, len(asked))]
	if got, want := strings.Join(asked, " "), "/lib?go-get=1 /gone?go-get=1 /none?go-get=1 /endless?go-get=1"; got != want {
		t.Errorf("asked %s, want %s", got, want)
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
		for _, loc := range Deeper(Location{URL: tt.url, Root: root, Folder: below(tt.path, root)}, tt.path) {
			got = append(got, loc.URL+" "+loc.Folder)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, s, tt.want)
		}
	}
}
