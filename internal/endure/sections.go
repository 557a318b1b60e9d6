package endure

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// readers are the methods of RoadRunner's config plugin, and of the viper
// behind it, that take the key of a section.
var readers = map[string]bool{"Has": true, "UnmarshalKey": true, "Get": true, "IsSet": true, "GetString": true, "GetStringSlice": true}

// sections finds the sections of a .rr.yaml that each plugin's module reads,
// and that RoadRunner and the plugins it registers itself read.
func (l *loader) sections(s *Set, own []Source) error {
	for i := range s.Plugins {
		p := &s.Plugins[i]
		found, unknown, err := l.scan.module(p.Module)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(own, func(src Source) bool { return src.Import == p.Import }) {
			s.Sections = append(s.Sections, found...)
			continue // it reads for the others whatever they ask for
		}
		p.Sections = found
		p.Unknown = append(p.Unknown, unknown...)
	}
	found, _, err := l.scan.module(l.in.RoadRunner)
	s.Sections = append(s.Sections, found...)
	sort.Strings(s.Sections)
	s.Sections = slices.Compact(s.Sections)
	return err
}

// scanner reads constants and calls from sources. It goes by names alone, so
// that the packages below a plugin's own need not be type-checked.
type scanner struct {
	*loader
	consts map[string]map[string]constant.Value // package path, name
	files  map[string][]*ast.File
	reads  map[string]reads // by module
}

// module returns the sections that a module's packages read, sorted.
func (s *scanner) module(path string) ([]string, []Unknown, error) {
	if r, ok := s.reads[path]; ok {
		return r.found, r.unknown, nil
	}
	found, unknown, err := s.scan(path)
	s.reads[path] = reads{found, unknown}
	return found, unknown, err
}

// reads is what a module reads of a .rr.yaml.
type reads struct {
	found   []string
	unknown []Unknown
}

func (s *scanner) scan(path string) (found []string, unknown []Unknown, err error) {
	for i := range s.in.Packages {
		p := &s.in.Packages[i]
		if path == "" || p.Module != path {
			continue
		}
		files, err := s.parse(p)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 || !readsConfig(call) {
					return true
				}
				key, whole := s.key(p, f, call.Args[0])
				section, _, dotted := strings.Cut(key, ".")
				if section != "" && (whole || dotted) {
					found = append(found, strings.ToLower(section)) // as viper compares
				} else {
					at := (&checkedPackage{Package: p}).place(s.fset, call.Pos())
					unknown = append(unknown, Unknown{What: "section", Pos: at, Text: "reads a section whose name is known at run time only"})
				}
				return true
			})
		}
	}
	sort.Strings(found)
	sort.SliceStable(unknown, func(i, j int) bool { return comparePos(unknown[i].Pos, unknown[j].Pos) < 0 })
	return slices.Compact(found), unknown, nil
}

// readsConfig tells cfg.Has(key) from other methods of that name by what it is
// called on: something named for a config.
func readsConfig(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !readers[sel.Sel.Name] {
		return false
	}
	if sel.Sel.Name == "UnmarshalKey" {
		return true
	}
	var name string
	switch x := sel.X.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	name = strings.ToLower(name)
	return strings.Contains(name, "cfg") || strings.Contains(name, "conf") || name == "v" || name == "viper"
}

func (s *scanner) parse(p *Package) ([]*ast.File, error) {
	if files, ok := s.files[p.Path]; ok {
		return files, nil
	}
	var files []*ast.File
	for _, name := range p.Files {
		f, err := parser.ParseFile(s.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if f == nil {
			return nil, err
		}
		files = append(files, f)
	}
	s.files[p.Path] = files
	return files, nil
}

// key returns what is known of a string: all of it, or its beginning.
func (s *scanner) key(p *Package, f *ast.File, e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.key(p, f, e.X)
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.Ident:
		return s.constant(p, e.Name)
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if dep := s.packages[importPath(f, id.Name)]; dep != nil {
				return s.constant(dep, e.Sel.Name)
			}
		}
	case *ast.BinaryExpr:
		if text, whole = s.key(p, f, e.X); whole && e.Op == token.ADD {
			rest, all := s.key(p, f, e.Y)
			return text + rest, all
		}
	case *ast.CallExpr:
		return s.sprintf(p, f, e)
	}
	return text, false
}

// sprintf is fmt.Sprintf("%s.%s", A, b), as far as it is known.
func (s *scanner) sprintf(p *Package, f *ast.File, call *ast.CallExpr) (text string, whole bool) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Sprintf" {
		return "", false
	}
	format, ok := s.key(p, f, call.Args[0])
	args := call.Args[1:]
	for ok && format != "" {
		before, after, verb := strings.Cut(format, "%")
		text += before
		if !verb {
			return text, true
		}
		if !strings.HasPrefix(after, "s") || len(args) == 0 {
			return text, false
		}
		arg, all := s.key(p, f, args[0])
		text += arg
		if !all {
			return text, false
		}
		format, args = after[1:], args[1:]
	}
	return text, ok
}

// constant returns a package's string constant.
func (s *scanner) constant(p *Package, name string) (string, bool) {
	known, ok := s.consts[p.Path]
	if !ok {
		known = map[string]constant.Value{}
		s.consts[p.Path] = known
		files, err := s.parse(p)
		if err != nil {
			return "", false
		}
		for _, f := range files {
			s.declare(p, f, known)
		}
	}
	v := known[name]
	if v == nil {
		return "", false
	}
	return constant.StringVal(v), true
}

func (s *scanner) declare(p *Package, f *ast.File, known map[string]constant.Value) {
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			vs := spec.(*ast.ValueSpec)
			for i, v := range vs.Values {
				if text, whole := s.key(p, f, v); whole && i < len(vs.Names) {
					known[vs.Names[i].Name] = constant.MakeString(text)
				}
			}
		}
	}
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
