package endure

import (
	"fmt"
	"go/types"
	"path"
)

// shape is a method as Endure, or one of RoadRunner's plugins, looks for it.
type shape struct {
	name string
	// form is the signature as one writes it.
	form string
	// fate is what becomes of a plugin that has it otherwise.
	fate string
	fits func(*reader, *types.Signature) bool
}

// shapes are those of Endure's interfaces Service, Named, Provider, Weighted and
// Collector, and of the rpc plugin's RPCer. Endure asks for them by type
// assertion, so another signature compiles and does not count.
var shapes = []shape{
	{"Serve", "Serve() chan error", "is never started", func(r *reader, s *types.Signature) bool {
		return plain(s, 0, 1) && isChanError(s.Results().At(0).Type())
	}},
	{"Stop", "Stop(context.Context) error", "is never started", func(r *reader, s *types.Signature) bool {
		return plain(s, 1, 1) && isNamed(s.Params().At(0).Type(), "context", "Context") && isError(s.Results().At(0).Type())
	}},
	{"Name", "Name() string", "has no name", func(r *reader, s *types.Signature) bool {
		return plain(s, 0, 1) && types.Identical(s.Results().At(0).Type(), types.Typ[types.String])
	}},
	{"Provides", "Provides() []*dep.Out", "provides nothing", func(r *reader, s *types.Signature) bool {
		return plain(s, 0, 1) && r.isDepSlice(s.Results().At(0).Type(), "Out")
	}},
	{"Collects", "Collects() []*dep.In", "collects nothing", func(r *reader, s *types.Signature) bool {
		return plain(s, 0, 1) && r.isDepSlice(s.Results().At(0).Type(), "In")
	}},
	{"Weight", "Weight() uint", "has the usual weight, 1", func(r *reader, s *types.Signature) bool {
		return plain(s, 0, 1) && types.Identical(s.Results().At(0).Type(), types.Typ[types.Uint])
	}},
	{"RPC", "RPC() any", "has no RPC methods", func(r *reader, s *types.Signature) bool {
		if !plain(s, 0, 1) {
			return false
		}
		i, ok := s.Results().At(0).Type().Underlying().(*types.Interface)
		return ok && i.Empty()
	}},
}

// fits reports whether a signature is the one that Endure looks for.
func (r *reader) fits(name string, sig *types.Signature) bool {
	for _, s := range shapes {
		if s.name == name {
			return s.fits(r, sig)
		}
	}
	return false
}

// contract compares the plugin's methods with what Endure looks for.
func (r *reader) contract() {
	r.initContract()
	for _, s := range shapes {
		fn := r.method(s.name)
		if fn == nil || s.fits(r, fn.Signature()) {
			continue
		}
		r.breach(fn.Pos(), false, fmt.Sprintf("%s%s: the plugin %s", s.name, r.signature(fn.Signature()), s.fate), "write "+r.form(s.form))
	}
	for _, pair := range [][2]string{{"Serve", "Stop"}, {"Stop", "Serve"}, {"RPC", "Name"}} {
		if fn := r.method(pair[0]); fn != nil && r.method(pair[1]) == nil && r.has(pair[0]) {
			fate := "is never started"
			if pair[0] == "RPC" {
				fate = "has no RPC methods"
			}
			r.breach(fn.Pos(), false, fmt.Sprintf("%s without %s: the plugin %s", pair[0], pair[1], fate), "add "+r.form(formOf(pair[1])))
		}
	}
}

func (r *reader) form(s string) string { return fmt.Sprintf("func (*%s) %s", r.plugin.Symbol, s) }

func formOf(name string) string {
	for _, s := range shapes {
		if s.name == name {
			return s.form
		}
	}
	return name + "()"
}

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
		r.breach(pos, true, fmt.Sprintf("Init's parameter %s is a %s, which is no interface", name, t), "declare an interface with the methods that are used, and take that")
	}
}

// plain reports whether a signature has so many parameters and results, and
// nothing more to it.
func plain(s *types.Signature, params, results int) bool {
	return s.Params().Len() == params && s.Results().Len() == results && !s.Variadic()
}

func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}

// isChanError takes a channel of both directions only, as Endure's Service does.
func isChanError(t types.Type) bool {
	ch, ok := types.Unalias(t).(*types.Chan)
	return ok && ch.Dir() == types.SendRecv && isError(ch.Elem())
}

func isNamed(t types.Type, pkg, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == pkg && n.Obj().Name() == name
}

// isDepSlice reports whether t is []*dep.NAME of the Endure that is linked.
func (r *reader) isDepSlice(t types.Type, name string) bool {
	slice, ok := types.Unalias(t).(*types.Slice)
	if !ok {
		return false
	}
	ptr, ok := types.Unalias(slice.Elem()).(*types.Pointer)
	return ok && isNamed(ptr.Elem(), path.Join(r.in.Endure, "dep"), name)
}
