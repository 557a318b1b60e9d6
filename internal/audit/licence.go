package audit

import (
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/sbom"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Licence is a linked module that is not under the licences that are allowed.
type Licence struct {
	Module  string `json:"module"`
	Version string `json:"version,omitempty"`
	// Found are the licences in its files that are not allowed, by their SPDX names;
	// none where no licence was found.
	Found []string `json:"found,omitempty"`
}

// licences are the modules of packages that are not under the licences that are
// allowed, sorted. All that a module's files have must be allowed: which one holds
// for which part, only a person can tell.
func licences(w *workspace.Workspace, tool *gotool.Tool, imports []gotool.Import, allowed []string) []Licence {
	seen := map[string]bool{"": true}
	var out []Licence
	for _, p := range imports {
		if seen[p.Module] || p.Version == "" { // ./app is vxlite's
			continue
		}
		seen[p.Module] = true
		dir := tool.ModuleDir(p.Source.Path, p.Source.Version)
		if m := w.Plan.Lookup(p.Module); m != nil {
			dir = m.Dir
		} else if p.Source.Version == "" {
			dir = p.Source.Path
		}
		l := Licence{Module: p.Module, Version: p.Version}
		found := sbom.Licences(dir)
		for _, id := range found {
			if !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, id) }) {
				l.Found = append(l.Found, id)
			}
		}
		if len(found) == 0 || len(l.Found) > 0 {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Licence) int { return strings.Compare(a.Module, b.Module) })
	return out
}
