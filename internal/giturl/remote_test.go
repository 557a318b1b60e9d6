package giturl

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseRemote(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want Remote
		text string // what String says, where it is not the input
		addr string // of a server
	}{
		{in: "/srv/git/lib.git", want: Remote{Scheme: "file", Path: "/srv/git/lib.git"}},
		{in: "/srv//git/../lib/", want: Remote{Scheme: "file", Path: "/srv/lib"}, text: "/srv/lib"},
		{in: "./lib", want: Remote{Scheme: "file", Path: "lib"}},
		{in: "../lib", want: Remote{Scheme: "file", Path: "../lib"}},
		{in: ".", want: Remote{Scheme: "file", Path: "."}},
		{in: "/srv/a:b", want: Remote{Scheme: "file", Path: "/srv/a:b"}},
		{in: "./a:b", want: Remote{Scheme: "file", Path: "a:b"}},

		{in: "https://git.corp/acme/lib", want: Remote{Scheme: "https", Host: "git.corp", Path: "/acme/lib"}, addr: "git.corp:443"},
		{in: "http://git.corp/acme/lib.git", want: Remote{Scheme: "http", Host: "git.corp", Path: "/acme/lib.git"}, addr: "git.corp:80"},
		{in: "HTTPS://git.corp:8443/lib", want: Remote{Scheme: "https", Host: "git.corp", Port: "8443", Path: "/lib"}, text: "https://git.corp:8443/lib", addr: "git.corp:8443"},
		{in: "https://ci@git.corp/lib", want: Remote{Scheme: "https", User: "ci", Host: "git.corp", Path: "/lib"}, text: "https://git.corp/lib", addr: "git.corp:443"},
		{in: "https://ci:s3cret@git.corp/lib", want: Remote{Scheme: "https", User: "ci", Password: "s3cret", Host: "git.corp", Path: "/lib"}, text: "https://git.corp/lib", addr: "git.corp:443"},
		{in: "https://:s3cret@git.corp/lib", want: Remote{Scheme: "https", Password: "s3cret", Host: "git.corp", Path: "/lib"}, text: "https://git.corp/lib", addr: "git.corp:443"},
		{in: "https://git.corp/a%20b%25%3Fc", want: Remote{Scheme: "https", Host: "git.corp", Path: "/a b%?c"}, addr: "git.corp:443"},
		{in: "https://[::1]:8443/lib", want: Remote{Scheme: "https", Host: "::1", Port: "8443", Path: "/lib"}, addr: "[::1]:8443"},
		{in: "https://[::1]/lib", want: Remote{Scheme: "https", Host: "::1", Path: "/lib"}, addr: "[::1]:443"},

		{in: "ssh://git@git.corp/acme/lib.git", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "/acme/lib.git"}, addr: "git.corp:22"},
		{in: "ssh://git.corp:2222/lib", want: Remote{Scheme: "ssh", Host: "git.corp", Port: "2222", Path: "/lib"}, addr: "git.corp:2222"},
		{in: "git+ssh://git@git.corp/lib", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "/lib"}, text: "ssh://git@git.corp/lib", addr: "git.corp:22"},
		{in: "ssh+git://git@git.corp/lib", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "/lib"}, text: "ssh://git@git.corp/lib", addr: "git.corp:22"},
		{in: "ssh://git.corp/~ann/lib", want: Remote{Scheme: "ssh", Host: "git.corp", Path: "~ann/lib"}, addr: "git.corp:22"},
		{in: "ssh://git:s3cret@git.corp/lib", want: Remote{Scheme: "ssh", User: "git", Password: "s3cret", Host: "git.corp", Path: "/lib"}, text: "ssh://git@git.corp/lib", addr: "git.corp:22"},

		{in: "git@git.corp:acme/lib.git", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "acme/lib.git", scp: true}, addr: "git.corp:22"},
		{in: "git@git.corp:/srv/lib.git", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "/srv/lib.git", scp: true}, addr: "git.corp:22"},
		{in: "git.corp:lib", want: Remote{Scheme: "ssh", Host: "git.corp", Path: "lib", scp: true}, addr: "git.corp:22"},
		{in: "git@[::1]:acme/lib", want: Remote{Scheme: "ssh", User: "git", Host: "::1", Path: "acme/lib", scp: true}, addr: "[::1]:22"},
		{in: "[fe80::1%eth0]:/lib", want: Remote{Scheme: "ssh", Host: "fe80::1%eth0", Path: "/lib", scp: true}, addr: "[fe80::1%eth0]:22"},
		{in: "git@[git.corp:2222]:lib", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Port: "2222", Path: "lib", scp: true}, addr: "git.corp:2222"},
		{in: "[git@git.corp:2222]:lib", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Port: "2222", Path: "lib", scp: true}, text: "git@[git.corp:2222]:lib", addr: "git.corp:2222"},
		{in: "git@[git.corp]:a[b]:c", want: Remote{Scheme: "ssh", User: "git", Host: "git.corp", Path: "a[b]:c", scp: true}, text: "git@git.corp:a[b]:c", addr: "git.corp:22"},
		{in: "git.corp:a[b]:c", want: Remote{Scheme: "ssh", Host: "git.corp", Path: "a[b]:c", scp: true}, addr: "git.corp:22"},
		{in: "a@b@git.corp:lib", want: Remote{Scheme: "ssh", User: "a@b", Host: "git.corp", Path: "lib", scp: true}, addr: "git.corp:22"},
		{in: "https://a%40b@git.corp", want: Remote{Scheme: "https", User: "a@b", Host: "git.corp", Path: "/"}, text: "https://git.corp/", addr: "git.corp:443"},
	} {
		if tt.in == "./a:b" && runtime.GOOS == "windows" {
			continue // is no file's name there
		}
		got, err := Parse(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if got.Local() {
			got.Path = filepath.ToSlash(got.Path)
		}
		if got != tt.want {
			t.Errorf("%q: %#v, want %#v", tt.in, got, tt.want)
		}
		if tt.text == "" {
			tt.text = tt.in
		}
		if got.String() != tt.text {
			t.Errorf("%q: String %q, want %q", tt.in, got, tt.text)
		}
		if local := tt.want.Scheme == "file"; got.Local() != local {
			t.Errorf("%q: Local %v, want %v", tt.in, got.Local(), local)
		}
		if tt.addr != "" && got.HostPort() != tt.addr {
			t.Errorf("%q: hostPort %q, want %q", tt.in, got.HostPort(), tt.addr)
		}
	}
}

// TestParseRemoteErrors has what is refused, most of it because git, ssh or a
// credential helper would take it for something else.
func TestParseRemoteErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "empty clone URL"},
		{"--upload-pack=touch /tmp/x", `clone URL "--upload-pack=touch /tmp/x" begins with a dash`},
		{"-oProxyCommand=x:y", `clone URL "-oProxyCommand=x:y" begins with a dash`},
		{"ssh://-oProxyCommand=x/lib", `clone URL "ssh://-oProxyCommand=x/lib" has a part that begins with a dash`},
		{"ssh://-l@git.corp/lib", `clone URL "ssh://-l@git.corp/lib" has a part that begins with a dash`},
		{"git@git.corp:-lib", `clone URL "git@git.corp:-lib" has a part that begins with a dash`},
		{"git@-oProxyCommand=x:lib", `clone URL "git@-oProxyCommand=x:lib" has a part that begins with a dash`},
		{"ext::sh -c touch% /tmp/x", `clone URL "ext::sh -c touch% /tmp/x" is neither a path, a URL nor user@host:path`},
		{"fd::17", `clone URL "fd::17" is neither a path, a URL nor user@host:path`},
		{"file:///srv/lib", `clone URL "file:///srv/lib": write a local repository as a plain path`},
		{"git://git.corp/lib", `clone URL "git://git.corp/lib" has the scheme "git"; ssh, https, http, user@host:path and local paths work`},
		{"ftp://git.corp/lib", `clone URL "ftp://git.corp/lib" has the scheme "ftp"; ssh, https, http, user@host:path and local paths work`},
		{"git.corp/acme/lib", `clone URL "git.corp/acme/lib" is neither a path, a URL nor user@host:path`},
		{"acme/lib:x", `clone URL "acme/lib:x" is neither a path, a URL nor user@host:path`},
		{`C\lib:x`, `clone URL "C\\lib:x" is neither a path, a URL nor user@host:path`},
		{"git.corp:", `clone URL "git.corp:" is neither a path, a URL nor user@host:path`},
		{":lib", `clone URL ":lib" is neither a path, a URL nor user@host:path`},
		{"git@[1:2:3]:lib", `clone URL "git@[1:2:3]:lib" has the host "1:2:3", which is neither a name nor an address`},
		{"git@[git.corp:ssh]:lib", `clone URL "git@[git.corp:ssh]:lib" has the port "ssh", which is not a number`},
		{"git@[git.corp:lib", `clone URL "git@[git.corp:lib" is neither a path, a URL nor user@host:path`},
		{"git@[-x]:lib", `clone URL "git@[-x]:lib" has a part that begins with a dash`},
		{"https://git.corp/lib?ref=v1.0.0", `clone URL "https://git.corp/lib?ref=v1.0.0" has a query or a fragment, which no repository has`},
		{"https://git.corp/lib#main", `clone URL "https://git.corp/lib#main" has a query or a fragment, which no repository has`},
		{"git@:lib", `clone URL "git@:lib" has no host`},
		{"ssh://::/lib", `clone URL "ssh://::/lib" has the host ":", which is neither a name nor an address`},
		{"https:///lib", `clone URL "https:///lib" has no host`},
		{"https://ci:s3cret@/lib", `clone URL "https://***@/lib" has no host`},
		{"git@git.corp:a\nb", `clone URL "git@git.corp:a\nb" has a control character`},
		{"/srv/a\x00b", `clone URL "/srv/a\x00b" has a control character`},
		{"/srv/a\x7fb", `clone URL "/srv/a\x7fb" has a control character`},

		// What a credential helper would read as lines of its own.
		{"https://git.corp/%0ahost=github.com", `clone URL "https://git.corp/%0ahost=github.com" has a control character`},
		{"https://a%0ahost=github.com@git.corp/x", `clone URL "https://***@git.corp/x" has a control character`},
		{"ssh://git.corp/a%00b", `clone URL "ssh://git.corp/a%00b" has a control character`},

		// No password in any of them.
		{"ftp://ci:s3cret@git.corp/lib", `clone URL "ftp://***@git.corp/lib" has the scheme "ftp"; ssh, https, http, user@host:path and local paths work`},
		{"ftp://ci:s3c%20ret%2F@git.corp/lib", `clone URL "ftp://***@git.corp/lib" has the scheme "ftp"; ssh, https, http, user@host:path and local paths work`},
		{"file://ci:s3cret@git.corp/lib", `clone URL "file://***@git.corp/lib": write a local repository as a plain path`},
		{"https://ci:s3cret@git.corp/%0a", `clone URL "https://***@git.corp/%0a" has a control character`},
		{"https://ci:s3cret@git.corp/\x01", `clone URL "https://***@git.corp/\x01" has a control character`},
		{"-https://ci:s3cret@git.corp/", `clone URL "-https://***@git.corp/" begins with a dash`},
		{"https://ci:s3cr/et@git.corp/lib", `clone URL "https://***@git.corp/lib" cannot be parsed: invalid port`},
		{"https://ci:s3cr#et@git.corp/lib", `clone URL "https://***@git.corp/lib" cannot be parsed: invalid port`},
		{"https://ci:s3c%zzret@git.corp/lib", `clone URL "https://***@git.corp/lib" cannot be parsed: invalid URL escape`},
		{"https://ci:s3cr et@git.corp/lib", `clone URL "https://***@git.corp/lib" cannot be parsed: net/url: invalid userinfo`},
	} {
		got, err := Parse(tt.in)
		if err == nil {
			t.Errorf("%q: %#v, want the error %s", tt.in, got, tt.want)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("%q:\n%s\nwant:\n%s", tt.in, err, tt.want)
		}
	}
}

// FuzzParseRemote wants that what is taken is safe to hand on, and that its
// text, by which a repository is found again, means the same.
func FuzzParseRemote(f *testing.F) {
	for _, s := range []string{
		"/srv/git", "../lib", "https://ci:s3cret@git.corp:8443/a%20b", "ssh://git@[::1]/~ann/lib", "git@git.corp:lib.git",
		"ext::sh", "file:///x", "https://h/%0a", "git@[::1]:x", "-x", "https://h/%2e%2e/%3f#", "ssh://h//a", "https://h",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		for _, part := range []string{r.User, r.Host, r.Port, r.Path} {
			if strings.HasPrefix(part, "-") && !r.Local() {
				t.Errorf("%q: part %q begins with a dash", s, part)
			}
			if strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q: part %q has a control character", s, part)
			}
		}
		again, err := Parse(r.String())
		if err != nil {
			t.Fatalf("%q: its text %q: %v", s, r, err)
		}
		r.Password = ""
		if r.Scheme == "http" || r.Scheme == "https" {
			r.User = ""
		}
		if again != r {
			t.Errorf("%q: %#v, and by its text %#v", s, r, again)
		}
	})
}
