package endure

import (
	"path"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"
)

// owners are the hosts' folders in which RoadRunner's own modules are.
var owners = []string{"github.com/roadrunner-server", "github.com/spiral"}

// shared are RoadRunner's modules whose types stand in the interfaces between
// plugins. Types of two majors never fit each other.
var shared = []string{"api", "endure", "goridge", "pool"}

// mixed finds the majors among RoadRunner's plugins, and of the modules they
// share, where there are several.
func mixed(in Input) []Mixed {
	uses := usedModules(in)
	var out []Mixed
	plugins := map[string][]string{}
	byModule := map[string]map[string][]string{}
	for _, p := range in.Plugins {
		if _, major, ok := roadRunners(p.Module); ok {
			plugins[major] = append(plugins[major], p.Name)
		}
		for _, m := range uses[p.Import] {
			name, major, _ := roadRunners(m)
			if byModule[name] == nil {
				byModule[name] = map[string][]string{}
			}
			byModule[name][major] = append(byModule[name][major], p.Name)
		}
	}
	if len(plugins) > 1 {
		out = append(out, Mixed{Name: "plugins", Sides: sides(plugins)})
	}
	for _, name := range shared {
		if len(byModule[name]) > 1 {
			out = append(out, Mixed{Name: name, Sides: sides(byModule[name])})
		}
	}
	return out
}

// roadRunners takes the path of a module of RoadRunner's apart.
func roadRunners(modulePath string) (name, major string, ok bool) {
	prefix, major, ok := module.SplitPathVersion(modulePath)
	if !ok || !slices.Contains(owners, path.Dir(prefix)) {
		return "", "", false
	}
	if major = strings.TrimLeft(major, "/."); major == "" {
		major = "v1" // or v0
	}
	return path.Base(prefix), major, true
}

func sides(byMajor map[string][]string) []Side {
	var out []Side
	for major, names := range byMajor {
		sort.Strings(names)
		out = append(out, Side{Major: major, Plugins: slices.Compact(names)})
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i].Major, out[j].Major
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	return out
}

// usedModules returns, for each plugin's package, which of the shared modules it
// needs, those left out that are reached over another plugin's package.
func usedModules(in Input) map[string][]string {
	plugin := map[string]bool{}
	for _, p := range in.Plugins {
		plugin[p.Import] = true
	}
	all := map[string]map[string]bool{} // by package
	for _, p := range in.Packages {     // dependencies first
		mods := map[string]bool{}
		if name, _, ok := roadRunners(p.Module); ok && slices.Contains(shared, name) {
			mods[p.Module] = true
		}
		for _, imp := range p.Imports {
			if plugin[imp] {
				continue
			}
			for m := range all[imp] {
				mods[m] = true
			}
		}
		all[p.Path] = mods
	}
	out := map[string][]string{}
	for imp := range plugin {
		for m := range all[imp] {
			out[imp] = append(out[imp], m)
		}
		sort.Strings(out[imp])
	}
	return out
}
