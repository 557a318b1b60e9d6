// Package roadrunner reads RoadRunner's own source, in a directory: which plugins a
// release has, which of them every server has, and what they expect of others.
// Begin at [Read].
package roadrunner

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Source is what RoadRunner's own source says about plugins.
type Source struct {
	// Bundled are the structs of the plugins that belong to every server.
	Bundled []Struct
	// Modules are those of all plugins of the release, at its versions, sorted.
	Modules []module.Version

	list *ast.File
	// elsewhere are the import paths of all other files, sorted.
	elsewhere []string
}

// Struct is a struct of an imported package that a file makes a value of.
type Struct struct{ Import, Symbol string }

// PluginsFile is the file of RoadRunner's container package that lists the
// plugins of its release.
const PluginsFile = "container/plugins.go"

// alwaysIn are the plugins that RoadRunner's command line cannot do without:
// `rr workers` asks the informer, `rr reset` the resetter.
var alwaysIn = map[string]bool{"informer": true, "resetter": true}

// Read reads the source in dir, whose go.mod is mod.
func Read(dir string, mod *modfile.File) (*Source, error) {
	name := filepath.Join(dir, filepath.FromSlash(PluginsFile))
	list, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it has no %s", PluginsFile)
	}
	if err != nil {
		return nil, err
	}
	if !declaresPlugins(list) {
		return nil, fmt.Errorf("%s has no func Plugins() []any", PluginsFile)
	}
	if _, err := os.Stat(filepath.Join(dir, "cmd", "rr", "main.go")); err != nil {
		return nil, errors.New("it has no cmd/rr/main.go")
	}
	elsewhere, err := importsBesides(dir, name)
	if err != nil {
		return nil, err
	}
	return &Source{Bundled: bundled(list), Modules: released(mod, list), list: list, elsewhere: elsewhere}, nil
}

func declaresPlugins(file *ast.File) bool {
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "Plugins" {
			return fn.Type.Params.NumFields() == 0 && fn.Type.Results.NumFields() == 1
		}
	}
	return false
}

// imports returns a file's import paths by the name they have in it.
func imports(file *ast.File) map[string]string {
	out := map[string]string{}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := BaseName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[name] = p
	}
	return out
}

// BaseName is the last element of a module path that is not its major.
func BaseName(p string) string {
	if prefix, _, ok := module.SplitPathVersion(p); ok {
		p = prefix
	}
	return p[strings.LastIndexByte(p, '/')+1:]
}

// bundled finds &informer.Plugin{} and &resetter.Plugin{} in the list.
func bundled(list *ast.File) []Struct {
	return slices.DeleteFunc(literals(list), func(s Struct) bool { return !alwaysIn[BaseName(s.Import)] })
}

// literals finds every &name.Symbol{} in a file, in its order.
func literals(file *ast.File) []Struct {
	names := imports(file)
	var out []Struct
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		sel, ok := lit.Type.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && names[id.Name] != "" {
			out = append(out, Struct{names[id.Name], sel.Sel.Name})
		}
		return true
	})
	return out
}

// released finds the modules of the packages that the list imports.
func released(mod *modfile.File, list *ast.File) []module.Version {
	var out []module.Version
	listed := imports(list)
	for _, req := range mod.Require {
		for _, p := range listed {
			if within(p, req.Mod.Path) {
				out = append(out, req.Mod)
				break
			}
		}
	}
	module.Sort(out)
	return out
}

// importsBesides collects the import paths of all of a module's Go files but
// one, tests left out, sorted.
func importsBesides(dir, but string) ([]string, error) {
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || p == but || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range imports(file) {
			seen[imp] = true
		}
		return nil
	})
	out := make([]string, 0, len(seen))
	for p := range seen {
		out = append(out, p)
	}
	sort.Strings(out)
	return out, err
}

// DropListed removes from RoadRunner's go.mod the requirements that only the
// plugin list needs: the list is replaced, and a server without amqp need not
// fetch it.
func (s *Source) DropListed(mod *modfile.File) error {
	needed := s.elsewhere
	for _, b := range s.Bundled {
		needed = append(needed, b.Import)
	}
	listed := imports(s.list)
	for _, req := range slices.Clone(mod.Require) {
		drop := false
		for _, p := range listed {
			drop = drop || within(p, req.Mod.Path)
		}
		for _, p := range needed {
			drop = drop && !within(p, req.Mod.Path)
		}
		if !drop {
			continue
		}
		if err := mod.DropRequire(req.Mod.Path); err != nil {
			return err
		}
	}
	mod.Cleanup()
	return nil
}

// within reports whether an import path can be a package of a module.
func within(importPath, modulePath string) bool {
	return importPath == modulePath || strings.HasPrefix(importPath, modulePath+"/")
}
