// Package endure knows what Endure, RoadRunner's container, asks of a plugin.
// It reads sources and runs none of them.
package endure

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
)

// SymbolError is a plugin whose package has no struct of the configured name.
type SymbolError struct {
	Plugin, Import, Symbol string
	Pos                    config.Position
	// Reason says what is there instead.
	Reason string
	// Candidates are the package's exported structs with an Init method, sorted.
	Candidates []string
}

// Error implements error.
func (e *SymbolError) Error() string {
	s := fmt.Sprintf("plugin %s: %s has no struct %s to register: %s", e.Plugin, e.Import, e.Symbol, e.Reason)
	if e.Pos.File != "" {
		s = fmt.Sprintf("%s:%d: %s", e.Pos.File, e.Pos.Line, s)
	}
	return s
}

// Hints names the structs that could be meant.
func (e *SymbolError) Hints() []string {
	if len(e.Candidates) == 0 {
		return []string{"name the plugin's package with import = \"…\" and its struct with symbol = \"…\""}
	}
	return []string{"structs with an Init method: " + brief.List(e.Candidates, 10) + "; name one with symbol = \"…\""}
}

// CheckSymbols makes sure that what main.go registers is there. Plugins that
// come from the module proxy are left to the compiler.
func CheckSymbols(p *plan.Plan) error {
	return checkSymbols(p, func(*plan.Module) bool { return true })
}

// CheckLocalSymbols does so with the plugins of local directories, the only ones
// that can change while a plan stands.
func CheckLocalSymbols(p *plan.Plan) error {
	return checkSymbols(p, func(m *plan.Module) bool { return m.Local })
}

func checkSymbols(p *plan.Plan, which func(*plan.Module) bool) error {
	var errs []error
	for _, plugin := range p.Plugins {
		m := p.Lookup(plugin.Module)
		if m == nil || !which(m) {
			continue
		}
		if err := checkSymbol(plugin, m); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func checkSymbol(p plan.Plugin, m *plan.Module) error {
	fail := &SymbolError{Plugin: p.Name, Import: p.Import, Symbol: p.Symbol, Pos: p.Pos}
	rel, ok := strings.CutPrefix(p.Import, m.Path)
	if !ok || rel != "" && rel[0] != '/' {
		fail.Reason = "the import path is not below its module path " + m.Path
		return fail
	}
	if slices.Contains(strings.Split(p.Import, "/"), "internal") {
		fail.Reason = "it is an internal package, which only its own module may import"
		return fail
	}
	pkg, err := readPackage(filepath.Join(m.Dir, filepath.FromSlash(rel)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fail.Reason = "no such directory"
	case err != nil:
		return fmt.Errorf("plugin %s: %w", p.Name, err)
	case pkg.name == "":
		fail.Reason = "no Go files"
	case pkg.name == "main":
		fail.Reason = "the package is a program"
	case pkg.structs[p.Symbol]:
		return nil
	default:
		fail.Reason = "no such type"
		if pkg.types[p.Symbol] {
			fail.Reason = "it is not a struct"
		}
		for name := range pkg.inits {
			if pkg.structs[name] && ast.IsExported(name) {
				fail.Candidates = append(fail.Candidates, name)
			}
		}
		sort.Strings(fail.Candidates)
	}
	return fail
}

// goPackage is what a package declares, as far as it is of interest here.
type goPackage struct {
	name    string
	types   map[string]bool
	structs map[string]bool
	inits   map[string]bool // types with a method Init
}

// readPackage parses the Go files of a directory, tests left out. Build
// constraints are not looked at: a plugin's struct is there for some platform.
func readPackage(dir string) (*goPackage, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	pkg := &goPackage{types: map[string]bool{}, structs: map[string]bool{}, inits: map[string]bool{}}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		pkg.take(file)
	}
	return pkg, nil
}

func (p *goPackage) take(file *ast.File) {
	if p.name == "" || p.name == "main" {
		p.name = file.Name.Name // a stray `package main` with ignore is common
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, s := range d.Specs {
				t, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				p.types[t.Name.Name] = true
				switch typ := t.Type.(type) {
				case *ast.StructType, *ast.SelectorExpr: // another package's type: the compiler knows
					p.structs[t.Name.Name] = true
				case *ast.Ident: // another type's name: likewise
					p.structs[t.Name.Name] = !doc.IsPredeclared(typ.Name)
				}
			}
		case *ast.FuncDecl:
			if d.Recv != nil && d.Name.Name == "Init" {
				p.inits[receiver(d)] = true
			}
		}
	}
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
