package rrkeys

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"
)

// eval returns the texts that an expression may be. Each * in them stands for
// what is not known. path are the variables on the way here.
func (l *loader) eval(p *pkg, e ast.Expr, path []types.Object) []string {
	e = ast.Unparen(e)
	if v := p.info.Types[e].Value; v != nil {
		if v.Kind() == constant.String {
			return []string{constant.StringVal(v)}
		}
		return []string{unknown}
	}
	switch e := e.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		if obj := p.object(e); obj != nil {
			return l.variable(obj, path)
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return join("%s%s", [][]string{l.eval(p, e.X, path), l.eval(p, e.Y, path)})
		}
	case *ast.TypeAssertExpr:
		return l.eval(p, e.X, path)
	case *ast.CallExpr:
		return l.evalCall(p, e, path)
	}
	return []string{unknown}
}

// variable returns the texts that a variable, field or parameter may have. One
// that is given none is never used: a driver whose plugin is not in the server.
func (l *loader) variable(obj types.Object, path []types.Object) []string {
	if slices.Contains(path, obj) || len(path) > most {
		return nil
	}
	if l.steps++; l.steps > mostSteps {
		return []string{unknown}
	}
	path = append(slices.Clone(path), obj)
	values := l.values[obj]
	if at, ok := l.parameters()[obj]; ok {
		values = append(slices.Clone(values), l.calls[at]...)
	}
	var out []string
	for _, v := range values {
		switch {
		case v.expr != nil:
			out = append(out, l.eval(v.pkg, v.expr, path)...)
		case v.of != nil:
			out = append(out, l.keyOf(v.pkg, v.of)...)
		default:
			out = append(out, unknown)
		}
	}
	return few(out)
}

// parameters are those of exported methods, each with its place in the calls of
// an interface's method of that name.
func (l *loader) parameters() map[types.Object]string {
	if l.params != nil {
		return l.params
	}
	l.params = map[types.Object]string{}
	for _, p := range l.read {
		if slices.Contains(l.in.Own, p.module.Path) {
			continue // it reads for the others whatever they ask for
		}
		for _, f := range p.files {
			for _, d := range f.Decls {
				decl, ok := d.(*ast.FuncDecl)
				if !ok || decl.Recv == nil || !decl.Name.IsExported() {
					continue
				}
				fn, ok := p.info.Defs[decl.Name].(*types.Func)
				if !ok {
					continue
				}
				for i, params := 0, fn.Signature().Params(); i < params.Len(); i++ {
					l.params[params.At(i)] = position(fn.Name(), params.Len(), i)
				}
			}
		}
	}
	return l.params
}

// few sorts texts, each once; many are none that is known.
func few(texts []string) []string {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) > most {
		return []string{unknown}
	}
	return texts
}

// keyOf returns what a key of a mapping that is ranged over stands for. The
// mapping was decoded itself, or is a field of a struct that was.
func (l *loader) keyOf(p *pkg, e ast.Expr) []string {
	var out []string
	for _, key := range l.mapping(p, e) {
		out = append(out, "{"+strings.ReplaceAll(strings.ToLower(key), ".", "/")+"}")
	}
	if len(out) == 0 {
		return []string{unknown}
	}
	return out
}

func (l *loader) mapping(p *pkg, e ast.Expr) []string {
	obj := p.object(e)
	if obj == nil {
		return nil
	}
	if keys := l.targets[obj]; len(keys) > 0 {
		return keys
	}
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	s := p.info.Selections[sel]
	if s == nil || len(s.Index()) != 1 {
		return nil
	}
	t := s.Recv()
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	name, _ := tag(st, s.Index()[0])
	return join("%s.%s", [][]string{l.mapping(p, sel.X), {name}})
}

// evalCall evaluates fmt.Sprintf, conversions, and functions of what is read.
func (l *loader) evalCall(p *pkg, call *ast.CallExpr, path []types.Object) []string {
	if tv := p.info.Types[call.Fun]; tv.IsType() && len(call.Args) == 1 {
		return l.eval(p, call.Args[0], path)
	}
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && sel.Sel.Name == "Sprintf" && len(call.Args) > 0 {
		if id, ok := sel.X.(*ast.Ident); ok {
			if name, ok := p.info.Uses[id].(*types.PkgName); ok && name.Imported().Path() == "fmt" {
				format := l.eval(p, call.Args[0], path)
				var args [][]string
				for _, a := range call.Args[1:] {
					args = append(args, l.eval(p, a, path))
				}
				if len(format) == 1 {
					return join(format[0], args)
				}
			}
		}
	}
	if p.dynamic(call) == "String" && len(call.Args) == 2 {
		return l.stored(p, call, path)
	}
	fn := p.callee(call)
	if fn == nil || slices.Contains(path, fn) {
		return []string{unknown}
	}
	for _, q := range l.read {
		if q.types == fn.Pkg() {
			return l.results(q, fn, append(slices.Clone(path), fn))
		}
	}
	return []string{unknown}
}

// stored returns what pipe.String(name, "") does: the API of jobs has
// pipe.With(name, value) to store something in a pipeline.
func (l *loader) stored(p *pkg, call *ast.CallExpr, path []types.Object) []string {
	name := l.eval(p, call.Args[0], path)
	out := l.eval(p, call.Args[1], path)
	names, values := l.calls[position("With", 2, 0)], l.calls[position("With", 2, 1)]
	found := false
	for i := range names {
		if slices.Equal(l.eval(names[i].pkg, names[i].expr, path), name) {
			out, found = append(out, l.eval(values[i].pkg, values[i].expr, path)...), true
		}
	}
	if !found || slices.Contains(name, unknown) {
		return []string{unknown}
	}
	return few(out)
}

// results returns what a function returns.
func (l *loader) results(p *pkg, fn types.Object, path []types.Object) []string {
	var out []string
	for _, f := range p.files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.FuncDecl)
			if !ok || p.info.Defs[decl.Name] != fn || decl.Body == nil {
				continue
			}
			ast.Inspect(decl.Body, func(n ast.Node) bool {
				if _, ok := n.(*ast.FuncLit); ok {
					return false
				}
				if ret, ok := n.(*ast.ReturnStmt); ok {
					if len(ret.Results) != 1 {
						out = append(out, unknown)
					} else {
						out = append(out, l.eval(p, ret.Results[0], path)...)
					}
				}
				return true
			})
		}
	}
	if len(out) == 0 {
		return []string{unknown}
	}
	return few(out)
}

// join fills each verb of a format with each of its argument's texts.
func join(format string, args [][]string) []string {
	out := []string{""}
	for format != "" {
		before, after, verb := strings.Cut(format, "%")
		for i := range out {
			out[i] += before
		}
		if !verb {
			break
		}
		var texts []string
		switch {
		case strings.HasPrefix(after, "%"):
			texts = []string{"%"}
		case len(args) == 0:
			return []string{unknown}
		default:
			texts, args = args[0], args[1:]
			if after == "" || !strings.ContainsAny(after[:1], "sv") {
				texts = []string{unknown}
			}
		}
		var next []string
		for _, o := range out {
			for _, t := range texts {
				next = append(next, o+t)
			}
		}
		out = few(next)
		format = after[min(1, len(after)):]
	}
	return out
}

// tag returns the name by which mapstructure knows a field, and its options.
func tag(s *types.Struct, i int) (name string, options []string) {
	text := reflect.StructTag(s.Tag(i)).Get("mapstructure")
	name, rest, _ := strings.Cut(text, ",")
	if name == "" {
		name = s.Field(i).Name()
	}
	for _, o := range strings.Split(rest, ",") {
		options = append(options, strings.TrimSpace(o))
	}
	return name, options
}
