package workspace

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/inspect"
	"golang.org/x/mod/module"
)

// Contents is what a binary of the workspace would say of itself.
func (w *Workspace) Contents(ctx context.Context) (*inspect.Binary, error) {
	m, err := w.Kit.Manifest(w.Planned)
	if err != nil {
		return nil, err
	}
	out := &inspect.Binary{Manifest: m, Go: w.Tool.Version()}
	sources := map[module.Version]module.Version{} // of the third-party modules
	var targets []string
	for _, t := range w.Targets() {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return nil, err
		}
		pkgs, err := w.Tool.Packages(ctx, w.Dir, c)
		if err != nil {
			return nil, w.Explain(ctx, w.Dir, c, err)
		}
		for _, p := range pkgs {
			if p.Version != "" && m.Lookup(p.Module) == nil {
				sources[module.Version{Path: p.Module, Version: p.Version}] = p.Source
			}
		}
		targets = append(targets, t.String())
	}
	out.Target = strings.Join(targets, " ")
	lines, err := readSums(filepath.Join(w.Dir, gen.SumFile))
	if err != nil {
		return nil, err
	}
	sums := sumLines(lines)
	for mod, from := range sources {
		e := inspect.Module{Path: mod.Path, Version: mod.Version, Sum: sums[from]}
		switch {
		case from.Version == "":
			e.ReplacedBy = inspect.Folder
		case from != mod:
			e.ReplacedBy = from.Path + "@" + from.Version
		}
		out.ThirdParty = append(out.ThirdParty, e)
	}
	slices.SortFunc(out.ThirdParty, func(a, b inspect.Module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}
