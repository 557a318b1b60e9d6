package mirrordir

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/giturl"
)

// Layout says where a repository lies: a path with {host}, {owner} and {name} in
// it. An owner may have several parts.
type Layout string

// Layouts that have a name. Those of gitolite and GitLab have no hosts: a
// repository is called there as its path has it.
const (
	DefaultLayout Layout = "{host}/{owner}/{name}.git"
	ownersLayout  Layout = "{owner}/{name}.git"
)

// ParseLayout reads a layout, or the name of one.
func ParseLayout(s string) (Layout, error) {
	l := Layout(s)
	switch s {
	case "", "default":
		l = DefaultLayout
	case "gitolite", "gitlab":
		l = ownersLayout
	}
	return l, l.Check()
}

// Check refuses a layout in which repositories would lie outside of the mirror,
// or one in another's place.
func (l Layout) Check() error {
	if l == "" {
		return nil // of a mirror that has no repositories yet
	}
	trial := l.expand("host", "owner", "name")
	switch {
	case !strings.HasSuffix(string(l), ".git"):
		return fmt.Errorf("the layout %q does not end in .git", l)
	case !strings.Contains(string(l), "{name}"):
		return fmt.Errorf("the layout %q has no {name}", l)
	case !isName(trial) || strings.ContainsAny(trial, "{}"):
		return fmt.Errorf("the layout %q is not a path with {host}, {owner} and {name}", l)
	}
	return nil
}

func (l Layout) expand(host, owner, name string) string {
	return path.Clean(strings.NewReplacer("{host}", host, "{owner}", owner, "{name}", name).Replace(string(l)))
}

// Place is where a repository lies below the mirror's directory.
func (l Layout) Place(url string) (string, error) {
	host, owner, name, err := Parts(url)
	if err != nil {
		return "", err
	}
	place := path.Join(GitDir, l.expand(host, owner, name))
	if !isName(place) || strings.Contains("/"+owner+"/"+name+"/", "/../") { // it might lead to another host's
		return "", fmt.Errorf("%s cannot be mirrored: its path is not a valid name for a directory", giturl.Redact(url))
	}
	return place, nil
}

// Parts returns what a layout is made of: a port that is not the scheme's own goes
// with the host.
func Parts(url string) (host, owner, name string, err error) {
	r, err := giturl.Parse(url)
	if err != nil {
		return "", "", "", err
	}
	host = strings.ToLower(r.Host)
	if r.Port != "" {
		host += "+" + r.Port
	}
	if r.Local() {
		host = "local"
	}
	host = strings.ReplaceAll(host, ":", "+") // of an address of IPv6, which Windows takes for a drive
	p := strings.Trim(filepath.ToSlash(strings.TrimPrefix(r.Path, filepath.VolumeName(r.Path))), "/")
	owner, name = path.Split(strings.TrimSuffix(p, ".git"))
	return host, strings.TrimSuffix(owner, "/"), name, nil
}

// isName reports whether a slash-separated path is one that a list can have, and names
// something on every platform. What begins with a dot is the mirror's own.
func isName(name string) bool {
	return archive.IsName(name) && !strings.ContainsAny(name, `:*?"<>|`) &&
		!slices.ContainsFunc(strings.Split(name, "/"), func(p string) bool { return strings.HasPrefix(p, ".") })
}
