package config

import (
	"path/filepath"
	"slices"
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
// element that is no major version, or that of the directory.
func (o Origin) PluginName() string {
	switch {
	case o.Module != "":
		prefix, _, _ := module.SplitPathVersion(o.Module)
		return lastName(prefix)
	case o.URL != "":
		url := strings.TrimSuffix(strings.TrimRight(o.URL, "/"), ".git")
		return lastName(strings.ReplaceAll(url, ":", "/"))
	case o.Dir != "":
		return filepath.Base(o.Dir)
	}
	return o.Name
}

// lastName is the last element of a path that says what is there: not RoadRunner's own
// name, and not that there are plugins.
func lastName(p string) string {
	elements := strings.Split(p, "/")
	for _, e := range slices.Backward(elements) {
		if !strings.EqualFold(e, RoadRunnerName) && e != "plugins" && e != "plugin" {
			return e
		}
	}
	return elements[len(elements)-1]
}
