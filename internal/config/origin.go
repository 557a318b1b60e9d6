package config

import (
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// Origin is where a plugin comes from: one of Name, Module, URL and Dir is set.
type Origin struct {
	// Name is a plugin of RoadRunner's release.
	Name string
	// Module is a module path, URL a clone URL, Dir a directory.
	Module, URL, Dir string
	// Ref is a tag, a branch, a commit or a version query; empty for the newest
	// version, or the release's own. A directory has none.
	Ref string
}

// PluginName is what a plugin from there is called unless it is said: the last
// element that is no major version.
func (o Origin) PluginName() string {
	switch {
	case o.Module != "":
		prefix, _, _ := module.SplitPathVersion(o.Module)
		return path.Base(prefix)
	case o.URL != "":
		url := strings.TrimSuffix(strings.TrimRight(o.URL, "/"), ".git")
		return url[strings.LastIndexAny(url, "/:")+1:]
	case o.Dir != "":
		return filepath.Base(o.Dir)
	}
	return o.Name
}
