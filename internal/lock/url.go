package lock

import (
	"net/url"
	"path/filepath"
	"strings"
)

// URL returns a clone URL as a lock has it: without what may be a secret, and
// without a directory of this machine. written are the local repositories that a
// config has as relative paths: what is written, by the absolute path.
func URL(repo string, written map[string]string) string {
	if rel, ok := written[repo]; ok {
		return filepath.ToSlash(rel)
	}
	if filepath.IsAbs(repo) {
		return "local:" + strings.TrimSuffix(filepath.Base(repo), ".git")
	}
	u, err := url.Parse(repo)
	if err != nil || u.User == nil {
		return repo
	}
	// Over SSH the user is part of the address; over HTTP it can be a token.
	if name := u.User.Username(); strings.Contains(u.Scheme, "ssh") && name != "" {
		u.User = url.User(name)
	} else {
		u.User = nil
	}
	return u.String()
}
