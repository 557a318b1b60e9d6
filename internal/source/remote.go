package source

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Remote is where a repository can be cloned from.
type Remote struct {
	// Scheme is "file" (a local path), "ssh", "http" or "https".
	Scheme string
	User   string
	// password stands only in a URL that carries one; it is never printed.
	password string
	// Host and Port are empty for a local path; Port also where it is the
	// scheme's own.
	Host, Port string
	// Path is as the server wants it: absolute for a URL, and for the scp
	// form as written, which a server takes as relative to the home directory.
	Path string
	scp  bool
}

// ParseRemote reads a clone URL in git's forms: a local path, a URL with the
// scheme ssh, http or https, or user@host:path. The error's text holds no
// password.
func ParseRemote(s string) (Remote, error) {
	switch {
	case s == "":
		return Remote{}, errors.New("empty clone URL")
	case strings.HasPrefix(s, "-"):
		return Remote{}, fmt.Errorf("clone URL %q begins with a dash", s)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Remote{}, fmt.Errorf("clone URL %q has a control character", s)
	case isLocalPath(s):
		return Remote{Scheme: "file", Path: filepath.Clean(s)}, nil
	case strings.Contains(s, "://"):
		return parseURL(s)
	}
	host, path, ok := strings.Cut(s, ":")
	if !ok || host == "" || path == "" || strings.HasPrefix(path, ":") || strings.ContainsAny(host, `/\`) {
		return Remote{}, fmt.Errorf("clone URL %q is neither a path, a URL nor user@host:path", s)
	}
	r := Remote{Scheme: "ssh", Path: path, scp: true}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		r.User, host = host[:at], host[at+1:]
	}
	r.Host = host
	return r, r.check(s)
}

func parseURL(s string) (Remote, error) {
	u, err := url.Parse(s)
	if err != nil {
		// url.Error repeats the URL, password and all.
		return Remote{}, errors.New("clone URL cannot be parsed: " + errors.Unwrap(err).Error())
	}
	r := Remote{Scheme: strings.ToLower(u.Scheme), Host: u.Hostname(), Port: u.Port(), Path: u.Path}
	if u.User != nil {
		r.User = u.User.Username()
		r.password, _ = u.User.Password()
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
		return Remote{}, fmt.Errorf("clone URL %q: write a local repository as a plain path", s)
	default:
		return Remote{}, fmt.Errorf("clone URL %q has the scheme %q; ssh, https, http, user@host:path and local paths work", r.redact(s), u.Scheme)
	}
	return r, r.check(s)
}

// check refuses what another program would take for an option.
func (r Remote) check(s string) error {
	if r.Host == "" {
		return fmt.Errorf("clone URL %q has no host", r.redact(s))
	}
	if strings.HasPrefix(r.Host, "-") || strings.HasPrefix(r.User, "-") || strings.HasPrefix(r.Path, "-") {
		return fmt.Errorf("clone URL %q has a part that begins with a dash", r.redact(s))
	}
	return nil
}

func (r Remote) redact(s string) string {
	if r.password == "" {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, url.QueryEscape(r.password), "xxxxx"), r.password, "xxxxx")
}

func isLocalPath(s string) bool {
	return filepath.IsAbs(s) || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || s == "." || s == ".." ||
		filepath.VolumeName(s) != ""
}

// Local reports whether r is a path on this machine.
func (r Remote) Local() bool { return r.Scheme == "file" }

// String returns r as a person would write it, without its password.
func (r Remote) String() string {
	if r.Local() {
		return r.Path
	}
	host := r.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if r.Port != "" {
		host += ":" + r.Port
	}
	if r.User != "" && (r.Scheme == "ssh" || r.password == "") {
		host = r.User + "@" + host
	}
	if r.scp {
		return host + ":" + r.Path
	}
	path := r.Path
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return r.Scheme + "://" + host + path
}

// hostPort returns HOST:PORT with the scheme's own port where none is given.
func (r Remote) hostPort() string {
	port := r.Port
	if port == "" {
		port = map[string]string{"ssh": "22", "http": "80", "https": "443"}[r.Scheme]
	}
	return r.Host + ":" + port
}
