package plan

import (
	"fmt"
	"slices"
	"sort"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// Overruled lists the requirements that ask for a higher version of a
// git-sourced module than the one that is linked. The workspace excludes those
// versions, so that the build list says what is linked.
func Overruled(p *Plan) []Requirement {
	linked := map[string]string{}
	for _, m := range p.Modules {
		if m.OnlyVersion == "" {
			linked[m.Path] = m.Version
		}
	}
	var out []Requirement
	for _, m := range p.Modules {
		for _, req := range m.GoMod.Require {
			if v, ok := linked[req.Mod.Path]; ok && req.Mod.Path != m.Path && semver.Compare(req.Mod.Version, v) > 0 {
				out = append(out, Requirement{By: m.Path, Module: req.Mod})
			}
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Module != b.Module {
			return fmt.Sprint(a.Module) < fmt.Sprint(b.Module)
		}
		return a.By < b.By
	})
	return out
}

// HighestRequired returns the highest version of a module that the go.mod of one of
// these asks for, but for those that are excluded; empty for none.
func HighestRequired(ms []*Module, modulePath string, excluded ...module.Version) string {
	best := ""
	for _, m := range ms {
		for _, req := range m.GoMod.Require {
			if req.Mod.Path == modulePath && semver.Compare(req.Mod.Version, best) > 0 && !slices.Contains(excluded, req.Mod) {
				best = req.Mod.Version
			}
		}
	}
	return best
}

// LocalVersions gives directories of the user's a version for the build list:
// the highest that is required, else Go's own "no version".
func LocalVersions(ms []*Module) {
	for _, m := range ms {
		if m.Version != "" {
			continue
		}
		if m.Version = HighestRequired(ms, m.Path); m.Version == "" {
			_, major, _ := module.SplitPathVersion(m.Path)
			m.Version = module.ZeroPseudoVersion(module.PathMajorPrefix(major))
		}
	}
}
