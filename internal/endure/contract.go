package endure

import (
	"fmt"
	"go/types"
	"slices"
)

// askedFor are the interfaces by which Endure asks a plugin for more than Init,
// and what becomes of a plugin that has a method of one in another form. Endure
// asks by type assertion, so another signature compiles and does not count.
var askedFor = []struct{ iface, fate string }{
	{"Service", "is never started"},
	{"Named", "has no name"},
	{"Provider", "provides nothing"},
	{"Collector", "collects nothing"},
	{"Weighted", "has the usual weight, 1"},
}

// rpcMethod is the method by which the rpc plugin collects the others. No plugin
// has one of this name for anything else, as it may have a Reset or a Status.
const rpcMethod = "RPC"

// shape is an interface that a plugin may have to meet.
type shape struct {
	*types.Interface
	// fate is what becomes of a plugin that does not.
	fate string
}

// readShapes takes the interfaces from the Endure that is linked. What cannot be
// read asks for nothing.
func (l *loader) readShapes() {
	pkg, err := l.importFor(&Package{}, l.in.Endure)
	if err != nil {
		return
	}
	for _, a := range askedFor {
		obj := pkg.Scope().Lookup(a.iface)
		if obj == nil {
			continue
		}
		if i, ok := obj.Type().Underlying().(*types.Interface); ok {
			l.shapes = append(l.shapes, shape{i, a.fate})
		}
	}
}

// lookup returns the interface's method of that name, or nil.
func (s shape) lookup(name string) *types.Func {
	for m := range s.Methods() {
		if m.Name() == name {
			return m
		}
	}
	return nil
}

// fits reports whether a signature is the one that Endure looks for.
func (r *reader) fits(name string, sig *types.Signature) bool {
	for _, s := range r.shapes {
		if m := s.lookup(name); m != nil {
			return types.Identical(m.Signature(), sig)
		}
	}
	return true
}

// contract compares the plugin's methods with what Endure looks for.
func (r *reader) contract() {
	r.initContract()
	for _, s := range r.shapes {
		for m := range s.Methods() {
			r.checkMethod(s, m.Name())
		}
	}
}

// checkMethod compares the plugin's method of that name, if it has one, with an
// interface that has it, and reports what keeps the plugin from being one.
func (r *reader) checkMethod(s shape, name string) {
	fn, want := r.method(name), s.lookup(name)
	if fn == nil {
		return
	}
	if !types.Identical(fn.Signature(), want.Signature()) {
		r.breach(fn.Pos(), false, fmt.Sprintf("%s%s: the plugin %s", name, r.signature(fn.Signature()), s.fate), "write "+r.form(word(name, want.Signature(), r.qualify)))
		return
	}
	for m := range s.Methods() {
		if r.method(m.Name()) == nil {
			r.breach(fn.Pos(), false, fmt.Sprintf("%s without %s: the plugin %s", name, m.Name(), s.fate), "add "+r.form(word(m.Name(), m.Signature(), r.qualify)))
		}
	}
}

// rpc compares the plugins' methods RPC with what is collected by one, in most
// servers by the plugin rpc. Its form has differed between RoadRunner's majors.
func (l *loader) rpc() {
	var shapes []shape
	for i, t := range l.types {
		for _, iface := range t.collects {
			if s := (shape{iface, fmt.Sprintf("has no RPC methods for %s", short(&l.plugins[i]))}); s.lookup(rpcMethod) != nil {
				shapes = append(shapes, s)
			}
		}
	}
	for _, r := range l.readers {
		fits := func(s shape) bool { return types.Implements(r.typ.ptr, s.Interface) }
		if r.typ.ptr != nil && len(shapes) > 0 && !slices.ContainsFunc(shapes, fits) {
			r.checkMethod(shapes[0], rpcMethod)
		}
	}
}

func (r *reader) form(s string) string { return fmt.Sprintf("func (*%s) %s", r.plugin.Symbol, s) }

// initContract checks Init. Endure refuses to start with a wrong one.
func (r *reader) initContract() {
	const advice = "Init(…interfaces) error"
	fn := r.method("Init")
	if fn == nil {
		r.breach(r.named.Obj().Pos(), true, r.plugin.Symbol+" has no method Init", "add "+r.form(advice))
		return
	}
	sig := fn.Signature()
	if sig.Results().Len() != 1 || !isError(sig.Results().At(0).Type()) {
		r.breach(fn.Pos(), true, fmt.Sprintf("Init%s does not return an error alone", r.signature(sig)), "write "+r.form(advice))
	}
	for i := range sig.Params().Len() {
		v := sig.Params().At(i)
		if types.IsInterface(v.Type()) {
			continue
		}
		pos := v.Pos()
		if !pos.IsValid() {
			pos = fn.Pos()
		}
		name := v.Name()
		if name == "" || name == "_" {
			name = fmt.Sprint(i + 1)
		}
		t := types.TypeString(v.Type(), r.qualify)
		if sig.Variadic() && i == sig.Params().Len()-1 {
			t = "..." + types.TypeString(v.Type().(*types.Slice).Elem(), r.qualify)
		}
		r.breach(pos, true, fmt.Sprintf("Init's parameter %s is a %s, which is not an interface", name, t), "declare an interface with the methods that are used, and take that")
	}
}

func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}
