package resolve

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// roadRunner is what RoadRunner's own source says about plugins.
type roadRunner struct {
	// bundled are the plugins that belong to every server.
	bundled []Plugin
	// release are the modules of all plugins of the release, at its versions,
	// sorted.
	release []module.Version
}

// PluginsFile is the file of RoadRunner's container package that lists the
// plugins of its release.
const PluginsFile = "container/plugins.go"

// alwaysIn are the plugins that RoadRunner's command line cannot do without:
// `rr workers` asks the informer, `rr reset` the resetter.
var alwaysIn = map[string]bool{"informer": true, "resetter": true}

// readRoadRunner reads the release's plugin list. The requirements that only
// that list needs are dropped from RoadRunner's go.mod: the list is replaced,
// and a server without amqp need not fetch it.
func readRoadRunner(m *Module) (roadRunner, error) {
	wrap := func(err error) error {
		return &ModuleError{Name: "roadrunner", Pos: m.Pos, Err: fmt.Errorf("%s does not look like RoadRunner: %w", m.place(), err)}
	}
	list := filepath.Join(m.Dir, filepath.FromSlash(PluginsFile))
	file, err := parser.ParseFile(token.NewFileSet(), list, nil, parser.SkipObjectResolution)
	if errors.Is(err, fs.ErrNotExist) {
		return roadRunner{}, wrap(fmt.Errorf("it has no %s", PluginsFile))
	}
	if err != nil {
		return roadRunner{}, wrap(err)
	}
	if !declaresPlugins(file) {
		return roadRunner{}, wrap(fmt.Errorf("%s has no func Plugins() []any", PluginsFile))
	}
	if _, err := os.Stat(filepath.Join(m.Dir, "cmd", "rr", "main.go")); err != nil {
		return roadRunner{}, wrap(errors.New("it has no cmd/rr/main.go"))
	}
	elsewhere, err := importsBesides(m.Dir, list)
	if err != nil {
		return roadRunner{}, wrap(err)
	}
	rr := roadRunner{bundled: bundled(file), release: released(m, file)}
	return rr, dropListed(m, file, elsewhere, rr.bundled)
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
		name := baseName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[name] = p
	}
	return out
}

// baseName is the last element of a module path that is not its major.
func baseName(p string) string {
	if prefix, _, ok := module.SplitPathVersion(p); ok {
		p = prefix
	}
	return p[strings.LastIndexByte(p, '/')+1:]
}

// bundled finds &informer.Plugin{} and &resetter.Plugin{} in the list.
func bundled(file *ast.File) []Plugin {
	var out []Plugin
	for _, p := range literals(file) {
		if name := baseName(p.Import); alwaysIn[name] {
			out = append(out, Plugin{Name: name, Import: p.Import, Symbol: p.Symbol, Module: p.Import, Bundled: true})
		}
	}
	return out
}

// literal is a struct of an imported package that a file makes a value of.
type literal struct{ Import, Symbol string }

// literals finds every &name.Symbol{} in a file, in its order.
func literals(file *ast.File) []literal {
	names := imports(file)
	var out []literal
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
			out = append(out, literal{names[id.Name], sel.Sel.Name})
		}
		return true
	})
	return out
}

// released finds the modules of the packages that the list imports.
func released(m *Module, list *ast.File) []module.Version {
	var out []module.Version
	listed := imports(list)
	for _, req := range m.GoMod.Require {
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

// missing returns the bundled plugins that the config does not list itself.
func (rr roadRunner) missing(listed []Plugin) []Plugin {
	have := map[string]bool{}
	for _, p := range listed {
		have[p.Import] = true
	}
	var out []Plugin
	for _, p := range rr.bundled {
		if !have[p.Import] {
			out = append(out, p)
		}
	}
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

// dropListed removes from m's go.mod what only the plugin list imports.
func dropListed(m *Module, list *ast.File, elsewhere []string, keep []Plugin) error {
	needed := elsewhere
	for _, p := range keep {
		needed = append(needed, p.Import)
	}
	listed := imports(list)
	for _, req := range append(m.GoMod.Require[:0:0], m.GoMod.Require...) {
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
		if err := m.GoMod.DropRequire(req.Mod.Path); err != nil {
			return err
		}
	}
	m.GoMod.Cleanup()
	return nil
}

// within reports whether an import path can be a package of a module.
func within(importPath, modulePath string) bool {
	return importPath == modulePath || strings.HasPrefix(importPath, modulePath+"/")
}
