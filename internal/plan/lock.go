package plan

import (
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/lock"
)

// Lock returns what a lock has of the plan's modules, sorted by path: those
// from git, without the user's own directories.
func (p *Plan) Lock() []lock.Module {
	var out []lock.Module
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		e := lock.Module{Path: m.Path, Version: m.Version, URL: lock.URL(m.URL, p.Written), Ref: m.Ref, Commit: m.Commit, Folder: m.Folder, H1: m.H1}
		if own := (module.Version{Path: m.Path, Version: m.Version}); m.Own != own && m.Own != (module.Version{}) {
			e.ReplacedBy = m.Own.Path + "@" + m.Own.Version
		}
		if m.InsteadOf != "" {
			e.InsteadOf = m.InsteadOf
		}
		if m.Patches != nil {
			for _, f := range m.Patches.Files {
				e.Patches = append(e.Patches, lock.Patch{File: f.Name, SHA256: f.SHA256})
			}
		}
		out = append(out, e)
	}
	return out
}
