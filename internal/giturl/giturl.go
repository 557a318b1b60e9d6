// Package giturl says where a repository can be cloned from, after mirrors and git's
// insteadOf, and with which credentials. Begin at [Remote].
package giturl

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
)

// Env looks up an environment variable.
type Env = func(name string) (value string, ok bool)

// Remote is where a repository can be cloned from.
type Remote struct {
	// Scheme is "file" (a local path), "ssh", "http" or "https".
	Scheme string
	// User is the name to log in with. In a URL of http or https it may be a
	// token, so there it is never printed.
	User string
	// password stands only in a URL that carries one; it is never printed.
	Password string
	// Host and Port are empty for a local path; Port also where it is the
	// scheme's own.
	Host, Port string
	// Path is as the server wants it: absolute for a URL, and for the scp
	// form as written, which a server takes as relative to the home directory.
	Path string
	scp  bool
}

// Parse reads a clone URL in git's forms: a local path, a URL with the
// scheme ssh, http or https, or user@host:path. The error's text holds no
// password.
func Parse(s string) (Remote, error) {
	switch {
	case s == "":
		return Remote{}, errors.New("empty clone URL")
	case strings.HasPrefix(s, "-"):
		return Remote{}, fmt.Errorf("clone URL %q begins with a dash", Redact(s))
	case HasControl(s):
		return Remote{}, fmt.Errorf("clone URL %q has a control character", Redact(s))
	case isLocalPath(s):
		return Remote{Scheme: "file", Path: filepath.Clean(s)}, nil
	case strings.Contains(s, "://"):
		return parseURL(s)
	}
	host, path, ok := config.CutSCP(s)
	if !ok || host == "" || path == "" || strings.HasPrefix(path, ":") || strings.ContainsAny(host, `/\[]`) {
		return Remote{}, fmt.Errorf("clone URL %q is neither a path, a URL nor user@host:path", s)
	}
	r := Remote{Scheme: "ssh", Path: path, scp: true}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		r.User, host = host[:at], host[at+1:]
	}
	r.Host = host
	if name, port, ok := strings.Cut(host, ":"); ok && !strings.Contains(port, ":") { // of brackets
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return Remote{}, fmt.Errorf("clone URL %q has the port %q, which is not a number", s, port)
		}
		r.Host, r.Port = name, port
	}
	return r, r.check(s)
}

func parseURL(s string) (Remote, error) {
	u, err := url.Parse(s)
	if err != nil {
		// url.Error repeats the URL, password and all, and its cause quotes from it.
		reason, _, _ := strings.Cut(errors.Unwrap(err).Error(), ` "`)
		return Remote{}, fmt.Errorf("clone URL %q cannot be parsed: %s", Redact(s), reason)
	}
	r := Remote{Scheme: strings.ToLower(u.Scheme), Host: u.Hostname(), Port: u.Port(), Path: u.Path}
	if u.User != nil {
		r.User = u.User.Username()
		r.Password, _ = u.User.Password()
	}
	switch r.Scheme {
	case "ssh", "git+ssh", "ssh+git":
		r.Scheme = "ssh"
		// ssh://host/~user/x is git's way to write a home directory.
		if strings.HasPrefix(r.Path, "/~") {
			r.Path = r.Path[1:]
		}
	case "http", "https":
	case "file":
		return Remote{}, fmt.Errorf("clone URL %q: write a local repository as a plain path", Redact(s))
	default:
		return Remote{}, fmt.Errorf("clone URL %q has the scheme %q; ssh, https, http, user@host:path and local paths work", Redact(s), u.Scheme)
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return Remote{}, fmt.Errorf("clone URL %q has a query or a fragment, which no repository has", Redact(s))
	}
	if r.Path == "" {
		r.Path = "/"
	}
	return r, r.check(s)
}

// check refuses what another program would take for an option, or, where the
// URL has it in percent form, for a line of its own.
func (r Remote) check(s string) error {
	if r.Host == "" {
		return fmt.Errorf("clone URL %q has no host", Redact(s))
	}
	if _, err := netip.ParseAddr(r.Host); err != nil && strings.Contains(r.Host, ":") {
		return fmt.Errorf("clone URL %q has the host %q, which is neither a name nor an address", Redact(s), r.Host)
	}
	if HasControl(r.User + r.Password + r.Host + r.Path) {
		return fmt.Errorf("clone URL %q has a control character", Redact(s))
	}
	if strings.HasPrefix(r.Host, "-") || strings.HasPrefix(r.User, "-") || strings.HasPrefix(r.Path, "-") {
		return fmt.Errorf("clone URL %q has a part that begins with a dash", Redact(s))
	}
	return nil
}

// HasControl reports whether s has a control character.
func HasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Redact hides what stands in front of a URL's host, which need not be a URL
// that can be parsed. A name without a password stays with SSH, where it is no
// secret.
func Redact(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 || strings.Contains(scheme, "ssh") && !strings.Contains(rest[:at], ":") {
		return s
	}
	return scheme + "://***" + rest[at:]
}

// isLocalPath reports whether s can be nothing but a path: it begins with a
// separator, a dot or two, or Windows' name of a drive.
func isLocalPath(s string) bool {
	first, _, more := strings.Cut(filepath.ToSlash(s), "/")
	return more && first == "" || first == "." || first == ".." || filepath.VolumeName(s) != ""
}

// Local reports whether r is a path on this machine.
func (r Remote) Local() bool { return r.Scheme == "file" }

// String returns r as a person would write it, without what is there to log in
// with: a password, and the name in a URL of http or https, since many forges
// take a token there. Parse gives the same Remote for it, but for that.
func (r Remote) String() string {
	switch {
	case r.Local() && !isLocalPath(r.Path):
		return "./" + r.Path
	case r.Local():
		return r.Path
	case r.scp:
		host := r.Host
		if r.Port != "" {
			host += ":" + r.Port
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if r.User != "" {
			host = r.User + "@" + host
		}
		return host + ":" + r.Path
	}
	u := url.URL{Scheme: r.Scheme, Host: r.Host, Path: r.Path}
	if strings.Contains(r.Host, ":") {
		u.Host = "[" + r.Host + "]"
	}
	if r.Port != "" {
		u.Host += ":" + r.Port
	}
	if r.User != "" && r.Scheme == "ssh" {
		u.User = url.User(r.User)
	}
	if !strings.HasPrefix(r.Path, "/") {
		u.Path = "/" + r.Path
	}
	return u.String()
}

// HostOf returns the host of a remote's text, with its scheme and port.
func HostOf(url string) string {
	r, err := Parse(url)
	if err != nil {
		return url
	}
	return r.Scheme + "://" + r.HostPort()
}

// PortOrUsual returns the scheme's own port where none is given.
func (r Remote) PortOrUsual() string {
	if r.Port != "" {
		return r.Port
	}
	return map[string]string{"ssh": "22", "http": "80", "https": "443"}[r.Scheme]
}

// HostPort returns HOST:PORT.
func (r Remote) HostPort() string { return net.JoinHostPort(r.Host, r.PortOrUsual()) }
