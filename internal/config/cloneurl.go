package config

import (
	neturl "net/url"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// IsDir reports whether s is a directory where a module or a URL might stand
// as well.
func IsDir(s string) bool {
	return modfile.IsDirectoryPath(s) || filepath.IsAbs(s) || strings.HasPrefix(s, "~/")
}

// CutSCP parts user@host:path at the colon that ends the host, which may be an
// address in brackets.
func CutSCP(s string) (host, path string, ok bool) {
	before, after, bracketed := strings.Cut(s, "[")
	if end := strings.Index(after, "]:"); bracketed && end >= 0 && !strings.ContainsAny(before, ":/") {
		return before + after[:end], after[end+2:], true
	}
	return strings.Cut(s, ":")
}

// SplitUser takes the name and the password out of a URL of http or https.
// They are there to log in with, not to be shown or kept. The URL comes back
// with its scheme, and the host of one of http or https, in small letters, so
// that one place has one name; a host of ssh may be ssh_config's own name for it.
func SplitUser(s string) (URLCredential, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || IsDir(s) {
		return URLCredential{URL: s}, false
	}
	scheme = strings.ToLower(scheme)
	if scheme != "https" && scheme != "http" {
		return URLCredential{URL: scheme + "://" + rest}, false
	}
	host, path := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		host, path = rest[:slash], rest[slash:]
	}
	at := strings.LastIndexByte(host, '@')
	url := scheme + "://" + strings.ToLower(host[at+1:]) + path
	u, err := neturl.Parse(scheme + "://" + host)
	switch {
	case err != nil:
		return URLCredential{URL: s}, false
	case at < 0:
		return URLCredential{URL: url}, false
	}
	password, _ := u.User.Password()
	return URLCredential{URL: url, Username: u.User.Username(), Password: Secret(password)}, true
}
