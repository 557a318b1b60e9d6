// Package modurl leads from a module path to its repository: by the rules of known
// hosts, begin at [KnownHost]; by what other modules told, [Roots]; or by asking the
// module's own host, [Finder].
package modurl

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
)

// Location is where a module's repository is, as far as its path tells.
type Location struct {
	URL string
	// Folder is the module's folder without a major version's own.
	Folder string
	// Root is the import path of the repository's root.
	Root string
}

// KnownHost applies the rule of the hosts whose repositories are two names
// deep, and Go's rule that ".git" in a path ends the repository.
func KnownHost(p string) (Location, bool) {
	if i := strings.Index(p+"/", ".git/"); i > 0 {
		root := p[:i+len(".git")]
		return Location{URL: "https://" + root, Root: root, Folder: below(p, root)}, true
	}
	elem := strings.Split(p, "/")
	switch elem[0] {
	case "github.com", "gitlab.com", "bitbucket.org":
		if len(elem) >= 3 {
			root := path.Join(elem[:3]...)
			return Location{URL: "https://" + root, Root: root, Folder: below(p, root)}, true
		}
	}
	return Location{}, false
}

func below(p, root string) string { return strings.Trim(strings.TrimPrefix(p, root), "/") }

// Deeper returns the repositories further down a path than loc, the longest
// first. On GitLab a repository may lie in groups within groups, and to who is
// not logged in it says of a private one that it is two names deep.
func Deeper(loc Location, p string) []Location {
	if loc.Folder == "" || loc.Root == "" || p != loc.Root+"/"+loc.Folder {
		return nil
	}
	base, git := strings.CutSuffix(loc.URL, ".git")
	if !strings.HasSuffix(base, loc.Root) {
		return nil // its address does not follow from the path
	}
	var out []Location
	for root := p; root != loc.Root; root = root[:strings.LastIndexByte(root, '/')] {
		url := base + strings.TrimPrefix(root, loc.Root)
		if git {
			url += ".git"
		}
		out = append(out, Location{URL: url, Root: root, Folder: below(p, root)})
	}
	return out
}

// Roots remembers which repository serves which import paths, from the
// modules whose URL the config names.
type Roots []Location

// Learn derives a root from a module path and the folder it was found in.
func (rs *Roots) Learn(modulePath, folder, url string) {
	prefix, major, _ := module.SplitPathVersion(modulePath)
	if folder != "" {
		folder = strings.TrimSuffix("/"+folder, major)
	}
	if root, ok := strings.CutSuffix(prefix, folder); ok { // else the path does not tell of the folder
		*rs = append(*rs, Location{URL: url, Root: root})
	}
}

// Find returns the location of a path in the deepest root that holds it.
func (rs Roots) Find(p string) (Location, bool) {
	best := -1
	for i, loc := range rs {
		if (p == loc.Root || strings.HasPrefix(p, loc.Root+"/")) && (best < 0 || len(loc.Root) > len(rs[best].Root)) {
			best = i
		}
	}
	if best < 0 {
		return Location{}, false
	}
	loc := rs[best]
	loc.Folder = below(p, loc.Root)
	return loc, true
}

// NoURLError is a module whose repository is not known.
type NoURLError struct {
	Module string
	Reason string
}

// Error implements error.
func (e *NoURLError) Error() string {
	return fmt.Sprintf("%s: its module path does not give its repository: %s", e.Module, brief.Line(e.Reason))
}

// Hints asks for the URL.
func (e *NoURLError) Hints() []string {
	return []string{Hint(e.Module)}
}

// Hint says how the config names a module's repository.
func Hint(modulePath string) string {
	return config.Snippet("set url on the plugin, or for another module", "[[modules]]",
		config.Setting{Key: "module", Value: modulePath}, config.Setting{Key: "url", Value: "https://HOST/PATH.git"}, config.Setting{Key: "ref", Value: "TAG or BRANCH"})
}
