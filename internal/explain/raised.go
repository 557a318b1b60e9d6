package explain

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/plan"
)

// Raised is a module that is linked at a newer version than one that does not compile
// asks for, and that the compiler's words are about.
type Raised struct {
	// By is who does not compile, and Name what the config calls it, empty for nothing.
	By, Name string
	// Path is the module's, Asked the version that By asks for, and Linked the one that
	// Other asks for.
	Path, Asked, Linked, Other string
}

// hint words it.
func (r Raised) hint() string {
	s := fmt.Sprintf("%s asks for %s %s, but %s for %s, which may differ", r.By, r.Path, r.Asked, r.Other, r.Linked)
	if r.Name != "" {
		s += ": vxlite patch edit " + r.Name + " can adapt it"
	}
	return s
}

// raised adds such modules for the files of a module that the compiler complains of:
// each with its place in the workspace and its path in the module.
func (e *CompileError) raised(p *plan.Plan, m *plan.Module, place string, files [][]string, said string) {
	for _, f := range files {
		if f[1] != place {
			continue
		}
		for _, r := range raised(p, m, f[2], said) {
			if !slices.Contains(e.Raised, r) {
				e.Raised = append(e.Raised, r)
			}
		}
	}
}

// raised finds such modules for a file of a git-sourced module: those that it imports,
// and whose packages the compiler names.
func raised(p *plan.Plan, m *plan.Module, file, said string) (out []Raised) {
	if !filepath.IsLocal(filepath.FromSlash(file)) {
		return nil
	}
	data, err := disk.ReadText(filepath.Join(m.Dir, filepath.FromSlash(file)))
	if err != nil {
		return nil
	}
	src, err := parser.ParseFile(token.NewFileSet(), file, data, parser.ImportsOnly)
	if err != nil {
		return nil
	}
	for _, imp := range src.Imports {
		pkg, err := strconv.Unquote(imp.Path.Value)
		if err != nil || !strings.Contains(said, packageName(pkg)+".") {
			continue
		}
		asked := required(m, pkg)
		r := Raised{By: Label(m), Path: asked.Path, Asked: asked.Version, Linked: asked.Version}
		if !m.Local && len(m.Names) > 0 {
			r.Name = m.Names[0]
		}
		for _, other := range p.Modules {
			for _, req := range other.GoMod.Require {
				if req.Mod.Path == asked.Path && semver.Compare(req.Mod.Version, r.Linked) > 0 {
					r.Linked, r.Other = req.Mod.Version, Label(other)
				}
			}
		}
		replaced := slices.ContainsFunc(p.Replacements(), func(by plan.Replacement) bool { return by.Path == asked.Path })
		if r.Other != "" && !replaced {
			out = append(out, r)
		}
	}
	return out
}

// packageName is what a package is most likely called in a file that imports it.
func packageName(pkg string) string {
	if prefix, major, ok := module.SplitPathVersion(pkg); ok && major != "" {
		pkg = prefix
	}
	return path.Base(pkg)
}

// required is what a module's go.mod asks for of the module that has a package.
func required(m *plan.Module, pkg string) (found module.Version) {
	for _, req := range m.GoMod.Require {
		if (pkg == req.Mod.Path || strings.HasPrefix(pkg, req.Mod.Path+"/")) && len(req.Mod.Path) > len(found.Path) {
			found = req.Mod
		}
	}
	return found
}
