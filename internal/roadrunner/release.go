package roadrunner

import (
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Release is what a RoadRunner release says of itself.
type Release struct {
	// Path is its module path, Version its own; a pseudo-version for a commit
	// without a tag.
	Path, Version string
	// Ref is the tag, or what it was asked for by.
	Ref string
	// Plugins are those that its own server has, in its own order, without
	// those that are always in.
	Plugins []Plugin
	// GoMod is as the release has it.
	GoMod *modfile.File
	// GoSum is its go.sum's file name.
	GoSum string
}

// Plugin is one of a release's own plugins.
type Plugin struct {
	// Name is the module path's last element without the major version.
	Name            string
	Import, Symbol  string
	Module, Version string
}

// Plugins returns the &name.Symbol{} of the plugin list that a required module
// has, without those that are always in.
func (s *Source) Plugins(mod *modfile.File) []Plugin {
	var out []Plugin
	for _, l := range literals(s.list) {
		if alwaysIn[BaseName(l.Import)] {
			continue
		}
		p := Plugin{Import: l.Import, Symbol: l.Symbol}
		for _, req := range mod.Require {
			if within(p.Import, req.Mod.Path) && len(req.Mod.Path) > len(p.Module) {
				p.Module, p.Version = req.Mod.Path, req.Mod.Version
			}
		}
		if p.Module != "" {
			p.Name = strings.TrimPrefix(BaseName(p.Module), "roadrunner-")
			out = append(out, p)
		}
	}
	return out
}

// Require returns the version at which the release requires a module, or "".
func (r *Release) Require(modulePath string) string {
	for _, req := range r.GoMod.Require {
		if req.Mod.Path == modulePath {
			return req.Mod.Version
		}
	}
	return ""
}

// Uses returns the module of that path that the release requires, or else the one
// of another major, with its highest version. It is itself the one of RoadRunner's
// own path.
func (r *Release) Uses(modulePath string) (used module.Version) {
	prefix, _, _ := module.SplitPathVersion(modulePath)
	for _, req := range append([]*modfile.Require{{Mod: module.Version{Path: r.Path, Version: r.Version}}}, r.GoMod.Require...) {
		if req.Mod.Path == modulePath {
			return req.Mod
		}
		if p, _, _ := module.SplitPathVersion(req.Mod.Path); p == prefix && semver.Compare(req.Mod.Version, used.Version) > 0 {
			used = req.Mod
		}
	}
	return used
}
