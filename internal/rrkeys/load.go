package rrkeys

import (
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/disk"
)

// Module is one whose sources are at hand.
type Module struct{ Path, Dir string }

// Source says where a plugin's type is.
type Source struct{ Name, Module, Import, Symbol string }

// Input is what [Load] reads.
type Input struct {
	Plugins []Source
	// Modules are all that may be looked into. Of those that are neither a
	// plugin's nor RoadRunner's, what has the same owner as one of these is read.
	Modules []Module
	// RoadRunner is its module path. It reads keys itself, and so do the plugins
	// that it registers itself, which are named in Own.
	RoadRunner string
	Own        []string
	// GOOS, GOARCH and Tags choose files.
	GOOS, GOARCH string
	Tags         []string
}

// maxSchema bounds a schema, in bytes.
const maxSchema = 1 << 20

// Load reads the sources of the plugins and of RoadRunner. What cannot be read
// is left out; the error is the context's, or that of a directory.
func Load(ctx context.Context, in Input) (*Keys, error) {
	l := &loader{in: in, fset: token.NewFileSet(), packages: map[string]*pkg{}, modules: slices.Clone(in.Modules), build: build.Default,
		values: map[types.Object][]value{}, calls: map[string][]value{}, targets: map[types.Object][]string{}}
	for i, m := range l.modules { // a workspace has links
		if dir, err := filepath.EvalSymlinks(m.Dir); err == nil {
			l.modules[i].Dir = dir
		}
	}
	// The longest module path that fits an import path is its module.
	sort.Slice(l.modules, func(i, j int) bool { return len(l.modules[i].Path) > len(l.modules[j].Path) })
	l.build.GOOS, l.build.GOARCH, l.build.BuildTags, l.build.CgoEnabled = in.GOOS, in.GOARCH, in.Tags, false
	l.build.OpenFile = func(name string) (io.ReadCloser, error) { return disk.Open(name) }
	readers := append([]string{in.RoadRunner}, in.Own...)
	for _, p := range in.Plugins {
		readers = append(readers, p.Module)
	}
	slices.Sort(readers)
	for _, m := range slices.Compact(readers) {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := l.module(m); err != nil {
			return nil, err
		}
	}
	for _, p := range l.read {
		l.bind(p)
	}
	return l.keys(), nil
}

// loader holds what is known while sources are read.
type loader struct {
	in       Input
	build    build.Context
	fset     *token.FileSet
	modules  []Module
	packages map[string]*pkg // by import path
	read     []*pkg          // those whose functions count, in order
	// values are what is assigned to variables, fields and parameters; calls are
	// the arguments of interfaces' methods, by name, number of arguments and
	// position; targets are the keys that are decoded into a variable or field.
	values  map[types.Object][]value
	calls   map[string][]value
	targets map[types.Object][]string
	params  map[types.Object]string // made when it is first asked for
	// steps and nodes count what is done for one key and one type.
	steps, nodes int
}

// pkg is a package, type-checked as far as its imports can be read.
type pkg struct {
	path   string
	module Module
	types  *types.Package
	info   *types.Info
	files  []*ast.File
}

// owned reports whether a module's owner is that of a plugin or RoadRunner.
func (l *loader) owned(modulePath string) bool {
	if l.in.RoadRunner != "" && owner(modulePath) == owner(l.in.RoadRunner) {
		return true
	}
	return slices.ContainsFunc(l.in.Plugins, func(p Source) bool { return owner(p.Module) == owner(modulePath) })
}

// moduleOf finds the module of an import path.
func (l *loader) moduleOf(importPath string) (Module, bool) {
	for _, m := range l.modules {
		if importPath == m.Path || strings.HasPrefix(importPath, m.Path+"/") {
			return m, true
		}
	}
	return Module{}, false
}

// module reads all packages of a module.
func (l *loader) module(modulePath string) error {
	i := slices.IndexFunc(l.modules, func(m Module) bool { return m.Path == modulePath })
	if i < 0 {
		return nil
	}
	m := l.modules[i]
	return filepath.WalkDir(m.Dir, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); dir != m.Dir && (name == "testdata" || name == "vendor" || name == "tests" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || disk.Exists(filepath.Join(dir, "go.mod"))) {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(m.Dir, dir)
		if err != nil {
			return err
		}
		if p := l.load(path.Join(m.Path, filepath.ToSlash(rel)), true); p != nil {
			l.read = append(l.read, p)
		}
		return nil
	})
}

// load type-checks a package from its source, with the functions' bodies or
// without. It is nil for one that has no files.
func (l *loader) load(importPath string, bodies bool) *pkg {
	if p, ok := l.packages[importPath]; ok && (p == nil || !bodies || p.info != nil) {
		return p
	}
	l.packages[importPath] = nil // an import cycle ends here
	m, _ := l.moduleOf(importPath)
	dir := filepath.Join(m.Dir, filepath.FromSlash(strings.TrimPrefix(importPath, m.Path)))
	names, err := disk.List(dir, "", ".go")
	if err != nil {
		return nil
	}
	p := &pkg{path: importPath, module: m}
	for _, name := range names {
		if ok, err := l.build.MatchFile(filepath.Split(name)); err != nil || !ok || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if f, _ := parser.ParseFile(l.fset, name, nil, parser.SkipObjectResolution); f != nil {
			p.files = append(p.files, f) // as far as it parses
		}
	}
	if len(p.files) == 0 {
		return nil
	}
	if bodies {
		p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	}
	conf := types.Config{Importer: importer{l}, FakeImportC: true, IgnoreFuncBodies: !bodies, DisableUnusedImportCheck: true, Error: func(error) {}}
	p.types, _ = conf.Check(importPath, l.fset, p.files, p.info)
	l.packages[importPath] = p
	return p
}

// importer reads packages of the same owners, and makes empty ones of all
// others: what uses them has no type then, which counts as unknown.
type importer struct{ *loader }

// Import implements types.Importer.
func (l importer) Import(importPath string) (*types.Package, error) {
	if importPath == "unsafe" {
		return types.Unsafe, nil
	}
	if m, ok := l.moduleOf(importPath); ok && l.owned(m.Path) {
		if p := l.load(importPath, l.reads(m.Path)); p != nil {
			return p.types, nil
		}
	}
	name := importPath
	if prefix, _, ok := module.SplitPathVersion(importPath); ok {
		name = prefix
	}
	stub := types.NewPackage(importPath, path.Base(name))
	if importPath == "time" {
		obj := types.NewTypeName(token.NoPos, stub, "Duration", nil)
		types.NewNamed(obj, types.Typ[types.Int64], nil)
		stub.Scope().Insert(obj)
	}
	stub.MarkComplete()
	return stub, nil
}

// reads reports whether a module's functions count.
func (l *loader) reads(modulePath string) bool {
	return modulePath == l.in.RoadRunner || slices.Contains(l.in.Own, modulePath) ||
		slices.ContainsFunc(l.in.Plugins, func(p Source) bool { return p.Module == modulePath })
}

// place words a position as a path below the module's root.
func (l *loader) place(p *pkg, pos token.Pos) string {
	at := l.fset.Position(pos)
	file := at.Filename
	if rel, err := filepath.Rel(p.module.Dir, file); err == nil {
		file = filepath.ToSlash(rel)
	}
	return fmt.Sprintf("%s:%d", file, at.Line)
}

// schema reads the schema that a module ships.
func schema(dir string) []byte {
	data, err := disk.ReadRegular(filepath.Join(dir, "schema.json"), maxSchema)
	if err != nil {
		return nil
	}
	return data
}
