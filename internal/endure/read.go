package endure

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// reader reads one plugin's type.
type reader struct {
	*loader
	plugin  *Plugin
	typ     *pluginType
	named   *types.Named
	methods *types.MethodSet
}

func (r *reader) read() {
	c := r.typ.pkg
	if c == nil || c.types == nil {
		r.unknown("types", token.NoPos, "its package is not part of the build")
		return
	}
	obj, ok := c.types.Scope().Lookup(r.plugin.Symbol).(*types.TypeName)
	if ok {
		r.named, ok = types.Unalias(obj.Type()).(*types.Named)
	}
	if !ok {
		r.unknown("types", token.NoPos, r.plugin.Symbol+" cannot be read")
		return
	}
	if _, isStruct := r.named.Underlying().(*types.Struct); !isStruct {
		r.unreadable("it is not a struct")
		return
	}
	if c.err != nil {
		// A type that could not be read fits nothing, which would be a guess.
		r.unknown("types", token.NoPos, c.err.Error())
		return
	}
	r.typ.ptr = types.NewPointer(r.named)
	r.plugin.Type = types.TypeString(r.typ.ptr, (*types.Package).Name)
	r.methods = types.NewMethodSet(r.typ.ptr)
	r.init()
	r.contract()
	r.name()
	r.weight()
	r.provides()
	r.collects()
}

func (r *reader) unreadable(why string) {
	r.breach(r.named.Obj().Pos(), true, r.plugin.Symbol+": "+why, "register a struct: type "+r.plugin.Symbol+" struct")
	r.unknown("types", r.named.Obj().Pos(), why)
}

// method returns a method of the plugin's pointer, or nil.
func (r *reader) method(name string) *types.Func {
	sel := r.methods.Lookup(r.named.Obj().Pkg(), name)
	if sel == nil {
		return nil
	}
	return sel.Obj().(*types.Func)
}

func (r *reader) unknown(what string, pos token.Pos, text string) {
	r.plugin.Unknown = append(r.plugin.Unknown, Unknown{What: what, Pos: r.at(pos), Text: text})
}

func (r *reader) breach(pos token.Pos, fatal bool, text, advice string) {
	r.plugin.Broken = append(r.plugin.Broken, Breach{Pos: r.at(pos), Text: text, Advice: advice, Fatal: fatal})
}

func (r *reader) at(pos token.Pos) string {
	if !pos.IsValid() {
		return ""
	}
	return r.typ.pkg.place(r.fset, pos)
}

// init reads the parameters of Init.
func (r *reader) init() {
	fn := r.method("Init")
	if fn == nil {
		return // the contract says so
	}
	params := fn.Signature().Params()
	for i := range params.Len() {
		v := params.At(i)
		t, ok := v.Type().Underlying().(*types.Interface)
		if !ok {
			continue
		}
		w := r.want(v.Type(), t, v.Pos())
		w.Param = v.Name()
		if w.Param == "" || w.Param == "_" {
			w.Param = fmt.Sprint(i + 1)
		}
		if !v.Pos().IsValid() {
			w.Pos = r.at(fn.Pos())
		}
		r.plugin.Init = append(r.plugin.Init, w)
		r.typ.init = append(r.typ.init, t)
	}
}

func (r *reader) want(t types.Type, iface *types.Interface, pos token.Pos) Want {
	w := Want{Interface: types.TypeString(t, r.qualify), Pos: r.at(pos)}
	for i := range iface.NumMethods() {
		m := iface.Method(i)
		w.Methods = append(w.Methods, word(m.Name(), m.Signature(), r.qualify))
	}
	slices.Sort(w.Methods)
	return w
}

// qualify names other packages as the source does, and leaves out its own.
func (r *reader) qualify(p *types.Package) string {
	if p == r.typ.pkg.types {
		return ""
	}
	return p.Name()
}

// result returns the expression that a method returns, where there is one
// return statement, and reports as unknown what is otherwise.
func (r *reader) result(name string) ast.Expr {
	fn := r.method(name)
	decl := r.typ.pkg.decls[fn]
	if decl == nil || decl.Body == nil {
		r.unknown(name, token.NoPos, "is declared in another package")
		return nil
	}
	var returns []*ast.ReturnStmt
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if ret, ok := n.(*ast.ReturnStmt); ok {
			returns = append(returns, ret)
		}
		return true
	})
	if len(returns) != 1 || len(returns[0].Results) != 1 {
		r.unknown(name, decl.Pos(), fmt.Sprintf("has %d return statements, so what it returns is known at run time only", len(returns)))
		return nil
	}
	return returns[0].Results[0]
}

func (r *reader) name() {
	if !r.has("Name") {
		return
	}
	if e := r.result("Name"); e != nil {
		if v := r.constant("Name", e); v != nil && v.Kind() == constant.String {
			r.plugin.Title = constant.StringVal(v)
		}
	}
}

func (r *reader) weight() {
	if !r.has("Weight") {
		return
	}
	if e := r.result("Weight"); e != nil {
		if v := r.constant("Weight", e); v != nil {
			if w, exact := constant.Uint64Val(constant.ToInt(v)); exact {
				r.plugin.Weight = uint(w)
			}
		}
	}
}

// constant returns an expression's value, which is unknown unless the compiler
// Knows it.
func (r *reader) constant(method string, e ast.Expr) constant.Value {
	v := r.typ.pkg.info.Types[e].Value
	if v == nil {
		r.unknown(method, e.Pos(), "returns a value that is known at run time only")
	}
	return v
}

// has reports whether a method is there as Endure wants it; what is there in
// another form does not count, for Endure neither.
func (r *reader) has(name string) bool {
	fn := r.method(name)
	return fn != nil && r.fits(name, fn.Signature())
}

// calls returns the calls of a function of Endure's package dep in the slice
// that a method returns.
func (r *reader) calls(method, function string) []*ast.CallExpr {
	e := r.result(method)
	if e == nil || r.typ.pkg.info.Types[e].IsNil() {
		return nil
	}
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok {
		r.unknown(method, e.Pos(), "returns a slice that is made at run time")
		return nil
	}
	var out []*ast.CallExpr
	for _, elt := range lit.Elts {
		call, ok := ast.Unparen(elt).(*ast.CallExpr)
		if !ok || len(call.Args) != 2 || !r.isDep(call.Fun, function) {
			r.unknown(method, elt.Pos(), "has an element that is not a call of dep."+function)
			continue
		}
		out = append(out, call)
	}
	return out
}

// isDep reports whether an expression is a function of Endure's package dep.
func (r *reader) isDep(fun ast.Expr, name string) bool {
	var id *ast.Ident
	switch f := ast.Unparen(fun).(type) {
	case *ast.SelectorExpr:
		id = f.Sel
	case *ast.Ident: // by a dot import
		id = f
	default:
		return false
	}
	obj, ok := r.typ.pkg.info.Uses[id].(*types.Func)
	return ok && obj.Name() == name && obj.Pkg() != nil && strings.HasSuffix(obj.Pkg().Path(), "/dep")
}

// bound returns the interface I of an argument (*I)(nil).
func (r *reader) bound(method string, arg ast.Expr) (types.Type, *types.Interface) {
	t := r.typ.pkg.info.TypeOf(arg)
	if t == nil {
		r.unknown(method, arg.Pos(), "has an argument that cannot be read")
		return nil, nil
	}
	if ptr, ok := types.Unalias(t).(*types.Pointer); ok {
		if iface, ok := ptr.Elem().Underlying().(*types.Interface); ok {
			return ptr.Elem(), iface
		}
	}
	if _, ok := t.Underlying().(*types.Interface); ok && !r.typ.pkg.info.Types[arg].IsNil() {
		r.unknown(method, arg.Pos(), "has an argument whose type is known at run time only")
		return nil, nil
	}
	r.breach(arg.Pos(), true, fmt.Sprintf("%s names %s, which is not a pointer to an interface", method, types.TypeString(t, r.qualify)), "write (*I)(nil), where I is the interface")
	return nil, nil
}

func (r *reader) provides() {
	if !r.has("Provides") {
		return
	}
	for _, call := range r.calls("Provides", "Bind") {
		t, iface := r.bound("Provides", call.Args[0])
		if iface == nil {
			continue
		}
		fn := r.boundMethod(call.Args[1])
		if fn == nil || !r.makes(fn, t, iface, call.Args[1].Pos()) {
			continue
		}
		r.plugin.Provides = append(r.plugin.Provides, Bound{Interface: types.TypeString(t, r.qualify), Method: fn.Name(), Pos: r.at(call.Pos())})
		r.typ.provides = append(r.typ.provides, iface)
	}
}

// boundMethod returns the method p.M that dep.Bind is given. Endure looks it up
// by its name when the plugin is ready, so it must be an exported method.
func (r *reader) boundMethod(arg ast.Expr) *types.Func {
	if sel, ok := ast.Unparen(arg).(*ast.SelectorExpr); ok {
		if s := r.typ.pkg.info.Selections[sel]; s != nil && s.Kind() == types.MethodVal {
			fn := s.Obj().(*types.Func)
			if fn.Exported() && r.method(fn.Name()) == fn {
				return fn
			}
			r.breach(arg.Pos(), false, fmt.Sprintf("dep.Bind is given %s, which Endure cannot call: the server ends where a plugin takes it", fn.Name()), "bind an exported method of *"+r.plugin.Symbol)
			return nil
		}
	}
	if _, ok := r.typ.pkg.info.TypeOf(arg).Underlying().(*types.Signature); ok {
		r.breach(arg.Pos(), false, "dep.Bind is given a function, and Endure calls methods by their name: the server ends where a plugin takes it", "bind an exported method of *"+r.plugin.Symbol)
		return nil
	}
	r.unknown("Provides", arg.Pos(), "binds a method that is known at run time only")
	return nil
}

// makes reports whether a method gives one value of an interface. Endure
// panics where it does not.
func (r *reader) makes(fn *types.Func, t types.Type, iface *types.Interface, pos token.Pos) bool {
	sig := fn.Signature()
	name := types.TypeString(t, r.qualify)
	good := sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Implements(sig.Results().At(0).Type(), iface)
	if !good {
		r.breach(pos, true, fmt.Sprintf("dep.Bind is given %s%s, which does not give a %s", fn.Name(), r.signature(sig), name), fmt.Sprintf("write func (*%s) %s() %s", r.plugin.Symbol, fn.Name(), name))
	}
	return good
}

func (r *reader) collects() {
	if !r.has("Collects") {
		return
	}
	for _, call := range r.calls("Collects", "Fits") {
		t, iface := r.bound("Collects", call.Args[1])
		if iface == nil {
			continue
		}
		r.plugin.Collects = append(r.plugin.Collects, r.want(t, iface, call.Args[1].Pos()))
		r.typ.collects = append(r.typ.collects, iface)
	}
}

// signature words a signature without the word func.
func (r *reader) signature(sig *types.Signature) string {
	return strings.TrimPrefix(types.TypeString(sig, r.qualify), "func")
}
