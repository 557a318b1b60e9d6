package rrkeys

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"
)

// value is an expression that something may have the value of. Without one, it
// is a key of the mapping that of is ranged over for, or not known.
type value struct {
	pkg  *pkg
	expr ast.Expr
	of   ast.Expr
}

// unknown stands for text that is not known.
const unknown = "*"

// most bounds the values that are followed, and mostSteps how often: many ways may
// lead from one variable to another.
const (
	most      = 64
	mostSteps = 10_000
)

// bind notes what is assigned to variables, fields and parameters. The order of
// statements does not count.
func (l *loader) bind(p *pkg) {
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					v := value{pkg: p}
					if len(n.Rhs) == len(n.Lhs) {
						v.expr = n.Rhs[i]
					}
					l.assign(p.object(to), v)
				}
			case *ast.ValueSpec:
				for i, v := range n.Values {
					if i < len(n.Names) && len(n.Names) == len(n.Values) {
						l.assign(p.info.Defs[n.Names[i]], value{pkg: p, expr: v})
					}
				}
			case *ast.CompositeLit:
				l.literal(p, n)
			case *ast.RangeStmt:
				if n.Key != nil {
					l.assign(p.object(n.Key), value{pkg: p, of: n.X})
				}
				if n.Value != nil {
					l.assign(p.object(n.Value), value{pkg: p})
				}
			case *ast.FuncLit:
				for _, field := range n.Type.Params.List {
					for _, name := range field.Names {
						l.assign(p.info.Defs[name], value{pkg: p})
					}
				}
			case *ast.CallExpr:
				l.call(p, n)
			}
			return true
		})
	}
}

func (l *loader) assign(to types.Object, v value) {
	if to != nil {
		l.values[to] = append(l.values[to], v)
	}
}

// literal notes the fields of a struct.
func (l *loader) literal(p *pkg, lit *ast.CompositeLit) {
	t := p.info.TypeOf(lit)
	if t == nil {
		return
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				l.assign(p.info.Uses[id], value{pkg: p, expr: kv.Value})
			}
		} else if i < s.NumFields() {
			l.assign(s.Field(i), value{pkg: p, expr: e})
		}
	}
}

// call notes a call's arguments, and the key that UnmarshalKey decodes.
func (l *loader) call(p *pkg, call *ast.CallExpr) {
	if l.reader(p, call) == "UnmarshalKey" && len(call.Args) == 2 {
		if u, ok := ast.Unparen(call.Args[1]).(*ast.UnaryExpr); ok && u.Op == token.AND {
			if to := p.object(u.X); to != nil {
				l.steps = 0
				l.targets[to] = append(l.targets[to], l.eval(p, call.Args[0], nil)...)
			}
		}
	}
	if name := p.dynamic(call); name != "" {
		for i, arg := range call.Args {
			at := position(name, len(call.Args), i)
			l.calls[at] = append(l.calls[at], value{pkg: p, expr: arg})
		}
		return
	}
	fn, ok := p.callee(call).(*types.Func)
	if !ok {
		return
	}
	params := fn.Signature().Params()
	for i, arg := range call.Args {
		if i < params.Len() {
			l.assign(params.At(i), value{pkg: p, expr: arg})
		}
	}
}

func position(method string, args, i int) string { return fmt.Sprintf("%s/%d/%d", method, args, i) }

// dynamic returns the name of the method that is called, where it is an
// interface's, or that of a type that could not be read.
func (p *pkg) dynamic(call *ast.CallExpr) string {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	fn, ok := p.info.Uses[sel.Sel].(*types.Func)
	if !ok && p.info.Uses[sel.Sel] != nil || ok && (fn.Signature().Recv() == nil || !types.IsInterface(fn.Signature().Recv().Type())) {
		return ""
	}
	return sel.Sel.Name
}

// callee returns the function that is called, or nil.
func (p *pkg) callee(call *ast.CallExpr) types.Object {
	switch f := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		return p.info.Uses[f]
	case *ast.SelectorExpr:
		return p.info.Uses[f.Sel]
	}
	return nil
}

// object returns the variable or field that an expression is, or nil.
func (p *pkg) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if obj := p.info.Defs[e]; obj != nil {
			return obj
		}
		if v, ok := p.info.Uses[e].(*types.Var); ok {
			return v
		}
	case *ast.SelectorExpr:
		if v, ok := p.info.Uses[e.Sel].(*types.Var); ok {
			return v
		}
	case *ast.StarExpr:
		return p.object(e.X)
	}
	return nil
}

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
