package resolve

import (
	"context"
	"fmt"
	"path"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
)

// location is where a module's repository is, as far as its path tells.
type location struct {
	url string
	// folder is the module's folder without a major version's own.
	folder string
	// root is the import path of the repository's root.
	root string
}

// whereIs finds the repository of a module that comes without a URL. A lock
// saves asking the module's host.
func (r *resolver) whereIs(ctx context.Context, w wanted) (location, error) {
	if module.CheckPath(w.path) != nil {
		return location{}, fmt.Errorf("%s is not a module path", w.path)
	}
	if loc, ok := r.rules(w.path); ok {
		return loc, nil
	}
	if loc, ok := r.lock.location(w); ok {
		return loc, nil
	}
	prefix, _, _ := module.SplitPathVersion(w.path)
	return r.meta.find(ctx, prefix)
}

// rules finds the repository of a module path without asking anybody: the
// config's, one whose root another module has told, or a known host's.
func (r *resolver) rules(modulePath string) (location, bool) {
	prefix, _, _ := module.SplitPathVersion(modulePath)
	for _, m := range r.cfg.Modules {
		if m.Path == modulePath && m.URL != "" {
			return location{url: m.URL, folder: m.Folder}, true
		}
	}
	if loc, ok := r.roots.find(prefix); ok {
		return loc, true
	}
	return knownHost(prefix)
}

// knownHost applies the rule of the hosts whose repositories are two names
// deep, and Go's rule that ".git" in a path ends the repository.
func knownHost(p string) (location, bool) {
	if i := strings.Index(p+"/", ".git/"); i > 0 {
		root := p[:i+len(".git")]
		return location{url: "https://" + root, root: root, folder: below(p, root)}, true
	}
	elem := strings.Split(p, "/")
	switch elem[0] {
	case "github.com", "gitlab.com", "bitbucket.org":
		if len(elem) >= 3 {
			root := path.Join(elem[:3]...)
			return location{url: "https://" + root, root: root, folder: below(p, root)}, true
		}
	}
	return location{}, false
}

func below(p, root string) string { return strings.Trim(strings.TrimPrefix(p, root), "/") }

// repoRoots remembers which repository serves which import paths, from the
// modules whose URL the config names.
type repoRoots []location

// learn derives a root from a module path and the folder it was found in.
func (rs *repoRoots) learn(modulePath, folder, url string) {
	prefix, major, _ := module.SplitPathVersion(modulePath)
	if folder != "" {
		folder = strings.TrimSuffix("/"+folder, major)
	}
	if root, ok := strings.CutSuffix(prefix, folder); ok { // else the path does not tell of the folder
		*rs = append(*rs, location{url: url, root: root})
	}
}

// find returns the location of a path in the deepest root that holds it.
func (rs repoRoots) find(p string) (location, bool) {
	best := -1
	for i, loc := range rs {
		if (p == loc.root || strings.HasPrefix(p, loc.root+"/")) && (best < 0 || len(loc.root) > len(rs[best].root)) {
			best = i
		}
	}
	if best < 0 {
		return location{}, false
	}
	loc := rs[best]
	loc.folder = below(p, loc.root)
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
	return []string{urlSnippet(e.Module)}
}

// urlSnippet says how the config names a module's repository.
func urlSnippet(modulePath string) string {
	return config.Snippet("set url on the plugin, or for another module", "[[modules]]",
		config.Setting{Key: "module", Value: modulePath}, config.Setting{Key: "url", Value: "https://HOST/PATH.git"}, config.Setting{Key: "ref", Value: "TAG or BRANCH"})
}
