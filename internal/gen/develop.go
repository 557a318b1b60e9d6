package gen

import (
	"fmt"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/plan"
)

// Develop makes a workspace to work in by hand: every module's files are
// copies that may be changed, and `go test` works in their folders. at says
// where a module is that is not copied, by module path: a directory relative
// to the workspace, or absolute. Local directories must be among them, but
// RoadRunner's, of which some files are replaced.
func Develop(p *plan.Plan, o Options, at map[string]string) (*Workspace, error) {
	w := &Workspace{}
	places := map[string]string{}
	for _, m := range p.Modules {
		if dir, ok := at[m.Path]; ok {
			places[m.Path] = dir
			continue
		}
		place, err := ModulePlace(m)
		if err != nil {
			return nil, err
		}
		places[m.Path] = place
		w.Modules = append(w.Modules, Place{Path: place, Dir: m.Dir, Copy: true})
	}
	g := &generator{plan: p, options: o}
	return w.generate(g, func() ([]File, error) { return g.developWork(places) }, o)
}

// developWork uses the modules themselves, since `go test` works in no other's
// folder. A used module may not have a replace for all versions, and the go
// command asks the proxy for the go.mod of each version that is required
// (golang/go issues 54264 and 66516): so each of these versions has a replace
// of its own. A module whose own replace directives must not count is not used,
// since they would.
func (g *generator) developWork(places map[string]string) ([]File, error) {
	use := []string{"./app"}
	var replaces []string
	versions := g.required()
	for _, m := range g.plan.Modules { // sorted by path
		to := modfile.AutoQuote(workPath(places[m.Path]))
		old := modfile.AutoQuote(m.Path)
		switch {
		case m.OnlyVersion != "":
			replaces = append(replaces, fmt.Sprintf("%s %s => %s", old, m.OnlyVersion, to))
		case !usable(m):
			replaces = append(replaces, fmt.Sprintf("%s => %s", old, to))
		default:
			use = append(use, to)
			for _, v := range versions[m.Path] {
				replaces = append(replaces, fmt.Sprintf("%s %s => %s", old, v, to))
			}
		}
	}
	for _, r := range g.plan.Replaces { // two go.mod files that are used may disagree
		replaces = append(replaces, strings.TrimSpace(modfile.AutoQuote(r.Old.Path)+" "+r.Old.Version)+" => "+r.New.Path+" "+r.New.Version)
	}
	sort.Strings(use[1:])
	text := fmt.Sprintf("%s\nuse (\n\t%s\n)\n\nreplace (\n\t%s\n)\n", g.settings(), strings.Join(use, "\n\t"), strings.Join(replaces, "\n\t"))
	f, err := modfile.ParseWork("go.work", []byte(text), nil)
	if err != nil {
		return nil, err
	}
	return []File{{Path: "go.work", Data: modfile.Format(f.Syntax)}}, nil
}

// usable reports whether a module can be one of the workspace's own.
func usable(m *plan.Module) bool { return m.ReplacesCount || len(m.GoMod.Replace) == 0 }

// required lists the versions at which each git-sourced module is required,
// and its own, sorted.
func (g *generator) required() map[string][]string {
	seen := map[string]map[string]bool{}
	for _, m := range g.plan.Modules {
		seen[m.Path] = map[string]bool{m.Version: true}
	}
	for _, m := range g.plan.Modules {
		for _, req := range m.GoMod.Require {
			if at := seen[req.Mod.Path]; at != nil {
				at[req.Mod.Version] = true
			}
		}
	}
	out := map[string][]string{}
	for p, at := range seen {
		for v := range at {
			out[p] = append(out[p], v)
		}
		semver.Sort(out[p])
	}
	return out
}

// workPath writes a directory as go.work has it: a relative one begins with
// ./ or ../.
func workPath(dir string) string {
	dir = filepath.ToSlash(dir)
	if path.IsAbs(dir) || filepath.IsAbs(dir) || dir == ".." || strings.HasPrefix(dir, "../") || strings.HasPrefix(dir, "./") {
		return dir
	}
	return "./" + dir
}
