package endure

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
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
	versions := map[string]string{}
	for _, p := range in.Packages {
		versions[p.Module] = p.Version
	}
	var out []Mixed
	byModule := map[string]map[string][]string{}
	for _, p := range in.Plugins {
		for _, m := range uses[p.Import] {
			name, major, _ := roadRunners(m)
			major = cmp.Or(major, semver.Major(versions[m]), "v1")
			if byModule[name] == nil {
				byModule[name] = map[string][]string{}
			}
			byModule[name][major] = append(byModule[name][major], p.Name)
		}
	}
	if all := mixedPlugins(in.Plugins); all != nil {
		out = append(out, *all)
	}
	for _, name := range shared {
		if len(byModule[name]) > 1 {
			out = append(out, Mixed{Name: name, Sides: sides(byModule[name])})
		}
	}
	return out
}

// mixedPlugins are the majors among RoadRunner's plugins where there are several, or
// nil. A path without a major says nothing of the RoadRunner it is for.
func mixedPlugins(all []Source) *Mixed {
	byMajor := map[string][]string{}
	for _, p := range all {
		if _, major, _ := roadRunners(p.Module); major != "" {
			byMajor[major] = append(byMajor[major], p.Name)
		}
	}
	if len(byMajor) < 2 {
		return nil
	}
	return &Mixed{Name: "plugins", Sides: sides(byMajor)}
}

// MixedPlugins words which majors of RoadRunner's plugins are mixed, as far as their
// module paths tell; empty for none.
func MixedPlugins(all []Source) string {
	if m := mixedPlugins(all); m != nil {
		return m.String()
	}
	return ""
}

// roadRunners takes the path of a module of RoadRunner's apart. The major of v0
// and v1, which stands in no path, is empty.
func roadRunners(modulePath string) (name, major string, ok bool) {
	prefix, major, ok := module.SplitPathVersion(modulePath)
	if !ok || !slices.Contains(owners, path.Dir(prefix)) {
		return "", "", false
	}
	return path.Base(prefix), strings.TrimLeft(major, "/."), true
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
