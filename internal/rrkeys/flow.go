package rrkeys

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
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
