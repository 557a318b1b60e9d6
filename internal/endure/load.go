package endure

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/tools/go/gcexportdata"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// Package is what the go command knows of a package that takes part in a build.
type Package struct {
	Path, Dir string
	// Files are base names of the Go files that are compiled for the target.
	Files []string
	// Export is the file with the compiler's export data, empty for none.
	Export string
	// Imports are the import paths in the build, ImportMap those that differ
	// from what the source says.
	Imports   []string
	ImportMap map[string]string
	// Module is its module's path, empty for the standard library. ModuleDir
	// is the module's root.
	Module, ModuleDir string
	// Version is the module's.
	Version string
}

// Source says where a registered plugin's type is.
type Source struct {
	Name, Version, Module, Import, Symbol string
	Pos                                   config.Position
}

// Input is all that a [Set] is read from.
type Input struct {
	// Plugins are in the order in which they are registered. What RoadRunner
	// registers behind them is found in its source.
	Plugins []Source
	// Packages are all of the build, dependencies first.
	Packages []Package
	// Endure is the module path of the Endure that is linked.
	Endure string
	// RoadRunner is its module path.
	RoadRunner string
}

// Load reads the plugins' sources and the export data of what they import. It
// runs none of them. What it cannot read is noted as unknown; the error is the
// context's, or that of a file that cannot be opened.
func Load(ctx context.Context, in Input) (*Set, error) {
	l := &loader{in: in, fset: token.NewFileSet(), packages: map[string]*Package{}, imported: map[string]*types.Package{}, checked: map[string]*checkedPackage{}}
	for i := range in.Packages {
		l.packages[in.Packages[i].Path] = &in.Packages[i]
	}
	own, err := l.registered()
	if err != nil {
		return nil, err
	}
	l.in.Plugins = append(slices.Clone(in.Plugins), own...)
	in = l.in
	want := map[string]bool{}
	for _, p := range in.Plugins {
		want[p.Import] = true
	}
	// Dependencies come first, so that a plugin's types are those of its source
	// before anything that mentions them is imported.
	for i := range in.Packages {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if p := &in.Packages[i]; want[p.Path] {
			if err := l.check(p); err != nil {
				return nil, err
			}
		}
	}
	l.read()
	s := &Set{Plugins: l.plugins, Mixed: mixed(in)}
	for _, p := range in.Packages {
		if p.Module == in.Endure {
			s.Endure = p.Version
		}
	}
	l.offers(s)
	return s, nil
}

// registered finds the plugins that `rr serve` registers besides those it is
// given: the config plugin. They are made in the file that makes the container.
func (l *loader) registered() ([]Source, error) {
	var out []Source
	for i := range l.in.Packages {
		p := &l.in.Packages[i]
		if l.in.RoadRunner == "" || p.Module != l.in.RoadRunner || !slices.Contains(p.Imports, l.in.Endure) {
			continue
		}
		for _, name := range p.Files {
			f, err := parser.ParseFile(l.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if f == nil {
				return nil, err
			}
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				sel, ok := lit.Type.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Plugin" {
					return true
				}
				id, ok := sel.X.(*ast.Ident)
				if dep := l.packages[importPath(f, fmt.Sprint(id))]; ok && dep != nil {
					prefix, _, _ := module.SplitPathVersion(dep.Module)
					out = append(out, Source{Name: path.Base(prefix), Version: dep.Version, Module: dep.Module, Import: dep.Path, Symbol: sel.Sel.Name})
				}
				return true
			})
		}
	}
	return out, nil
}

// loader holds what is known while a set is read.
type loader struct {
	in       Input
	fset     *token.FileSet
	packages map[string]*Package
	imported map[string]*types.Package // complete ones, by path
	checked  map[string]*checkedPackage
	shapes   []shape
	plugins  []Plugin
	readers  []*reader // by plugin, as are the types
	types    []*pluginType
}

// checkedPackage is a plugin's package, type-checked from its source.
type checkedPackage struct {
	*Package
	types *types.Package
	info  *types.Info
	decls map[types.Object]*ast.FuncDecl
	err   error // the first that was found
}

// pluginType is what offers and wants are compared by.
type pluginType struct {
	pkg      *checkedPackage
	ptr      *types.Pointer // nil where it could not be read
	init     []*types.Interface
	collects []*types.Interface
	provides []*types.Interface
}

// check type-checks a package from its source. Bodies are left out but for
// those of the few methods whose values are read.
func (l *loader) check(p *Package) error {
	c := &checkedPackage{Package: p, decls: map[types.Object]*ast.FuncDecl{}}
	l.checked[p.Path] = c
	var files []*ast.File
	for _, name := range p.Files {
		f, err := parser.ParseFile(l.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if f == nil {
			return err
		}
		files = append(files, f)
	}
	c.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !slices.Contains(readBodies, fn.Name.Name) {
				fn.Body = nil
			}
		}
	}
	conf := types.Config{Importer: importerFunc(func(path string) (*types.Package, error) { return l.importFor(p, path) }), FakeImportC: true,
		Error: func(err error) {
			var te types.Error
			if c.err == nil && !(errors.As(err, &te) && te.Soft) { // soft: an import that only a dropped body uses
				c.err = err
			}
		}}
	c.types, _ = conf.Check(p.Path, l.fset, files, c.info)
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				c.decls[c.info.Defs[fn.Name]] = fn
			}
		}
	}
	l.imported[p.Path] = c.types
	return nil
}

// readBodies are the methods whose bodies say something that their signatures
// do not.
var readBodies = []string{"Provides", "Collects", "Weight", "Name"}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// importFor reads the export data of what a package imports.
func (l *loader) importFor(p *Package, path string) (*types.Package, error) {
	if mapped, ok := p.ImportMap[path]; ok {
		path = mapped
	}
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if pkg := l.imported[path]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	dep := l.packages[path]
	if dep == nil || dep.Export == "" {
		return nil, fmt.Errorf("no export data for %s", path)
	}
	f, err := disk.Open(dep.Export)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	//lint:ignore SA1019 it takes the data out of the archive that Go 1.28 and before write
	r, err := gcexportdata.NewReader(f)
	if err != nil { // no archive: the data as it is
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		r = f
	}
	return gcexportdata.Read(r, l.fset, l.imported, path)
}

// read takes each plugin's facts from its package.
func (l *loader) read() {
	l.readShapes()
	l.plugins = make([]Plugin, len(l.in.Plugins))
	for i, src := range l.in.Plugins {
		l.plugins[i] = Plugin{Name: src.Name, Version: src.Version, Module: src.Module, Import: src.Import, Symbol: src.Symbol, Pos: src.Pos, Weight: 1}
		r := &reader{loader: l, plugin: &l.plugins[i], typ: &pluginType{pkg: l.checked[src.Import]}}
		r.read()
		l.readers = append(l.readers, r)
		l.types = append(l.types, r.typ)
	}
	l.rpc()
	for _, p := range l.plugins {
		sort.SliceStable(p.Broken, func(i, j int) bool { return comparePos(p.Broken[i].Pos, p.Broken[j].Pos) < 0 })
	}
}

// offers finds who implements what, by the rules of Endure's registrar: a
// plugin that implements an interface itself is not asked what it provides.
func (l *loader) offers(s *Set) {
	for i := range s.Plugins {
		for n, t := range l.types[i].init {
			l.offer(s, i, &s.Plugins[i].Init[n], t)
		}
		for n, t := range l.types[i].collects {
			l.offer(s, i, &s.Plugins[i].Collects[n], t)
		}
	}
	for i := range s.Plugins { // once all methods are known
		for n, t := range l.types[i].init {
			if w := &s.Plugins[i].Init[n]; len(w.Offers) == 0 {
				w.Near = l.near(i, t)
			}
		}
	}
}

func (l *loader) offer(s *Set, asks int, w *Want, t *types.Interface) {
	for j, from := range l.types {
		if j == asks || from.ptr == nil {
			continue
		}
		if types.Implements(from.ptr, t) {
			w.Offers = append(w.Offers, Offer{Plugin: j})
			continue
		}
		for k, out := range from.provides {
			if types.Implements(out, t) {
				w.Offers = append(w.Offers, Offer{Plugin: j, Method: s.Plugins[j].Provides[k].Method})
			}
		}
	}
}

// place words a position as a path below the module's root.
func (c *checkedPackage) place(fset *token.FileSet, pos token.Pos) string {
	at := fset.Position(pos)
	file := at.Filename
	root := c.ModuleDir
	if root == "" {
		root = c.Dir
	}
	if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) {
		file = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", file, at.Line)
}

// comparePos compares FILE:LINE, lines as numbers.
func comparePos(a, b string) int {
	fileA, lineA, _ := strings.Cut(a, ":")
	fileB, lineB, _ := strings.Cut(b, ":")
	if fileA != fileB {
		return strings.Compare(fileA, fileB)
	}
	if len(lineA) != len(lineB) {
		return len(lineA) - len(lineB)
	}
	return strings.Compare(lineA, lineB)
}

// importPath returns the import path of a name in a file.
func importPath(f *ast.File, name string) string {
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if spec.Name != nil {
			if spec.Name.Name == name {
				return path
			}
			continue
		}
		base := path
		if prefix, _, ok := module.SplitPathVersion(path); ok {
			base = prefix
		}
		if base[strings.LastIndexByte(base, '/')+1:] == name {
			return path
		}
	}
	return ""
}
