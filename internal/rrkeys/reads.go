package rrkeys

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// keys puts together what was found.
func (l *loader) keys() *Keys {
	k := &Keys{Schemas: map[string][]byte{}}
	for _, src := range l.in.Plugins {
		p := Plugin{Name: src.Name, Module: src.Module}
		p.Title, p.Roles = l.named(src)
		p.Reads, p.Unknown = l.reading(src.Module)
		k.Plugins = append(k.Plugins, p)
	}
	for _, m := range append([]string{l.in.RoadRunner}, l.in.Own...) {
		own, _ := l.reading(m)
		k.Own = append(k.Own, own...)
	}
	sortReads(k.Own)
	for _, m := range l.modules {
		if !l.owned(m.Path) {
			continue
		}
		if data := schema(m.Dir); data != nil {
			k.Schemas[m.Path] = data
		}
	}
	return k
}

// named returns what a plugin's method Name returns, and its roles.
func (l *loader) named(src Source) (title string, roles []string) {
	p := l.packages[src.Import]
	if p == nil || p.info == nil {
		return "", nil
	}
	obj, ok := p.types.Scope().Lookup(src.Symbol).(*types.TypeName)
	if !ok {
		return "", nil
	}
	set := types.NewMethodSet(types.NewPointer(obj.Type()))
	for m := range set.Methods() {
		switch name := m.Obj().Name(); {
		case name == "Name":
			for _, q := range l.read {
				if q.types == m.Obj().Pkg() {
					if texts := l.results(q, m.Obj(), nil); len(texts) == 1 && !strings.Contains(texts[0], unknown) {
						title = texts[0]
					}
				}
			}
		case name == "Middleware" || strings.HasSuffix(name, "FromConfig") || strings.HasSuffix(name, "Interceptor"):
			roles = append(roles, name)
		}
	}
	return title, roles
}

// reading returns the keys that a module reads, and where it reads others.
func (l *loader) reading(modulePath string) (reads []Read, unknowns []string) {
	for _, p := range l.read {
		if p.module.Path != modulePath {
			continue
		}
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || l.reader(p, call) == "" {
					return true
				}
				l.steps = 0
				for _, key := range l.eval(p, call.Args[0], nil) {
					key = element(key)
					if key == unknown {
						unknowns = append(unknowns, l.place(p, call.Pos()))
					} else if key != "" {
						reads = append(reads, Read{Key: key, Into: l.into(p, call)})
					}
				}
				return true
			})
		}
	}
	sortReads(reads)
	return merge(reads), unknowns
}

// element makes whole elements of what is known in part.
func element(key string) string {
	parts := strings.Split(strings.ToLower(key), ".")
	for i, p := range parts {
		if strings.Contains(p, unknown) {
			parts[i] = unknown
		}
	}
	return strings.Join(parts, ".")
}

func sortReads(reads []Read) {
	slices.SortStableFunc(reads, func(a, b Read) int { return cmp.Compare(a.Key, b.Key) })
}

// merge leaves out what is only looked at, where it is decoded too, and what
// is decoded into the same type twice.
func merge(reads []Read) []Read {
	var out []Read
	for i, r := range reads {
		again := func(o Read) bool { return o.Key == r.Key && (r.Into == nil || o.Into != nil && same(o.Into, r.Into)) }
		if slices.ContainsFunc(out, again) || r.Into == nil && slices.ContainsFunc(reads[i+1:], again) {
			continue
		}
		out = append(out, r)
	}
	return out
}

func same(a, b *Type) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && same(a.Elem, b.Elem) && slices.EqualFunc(a.Fields, b.Fields, func(x, y Field) bool { return x.Name == y.Name && same(x.Type, y.Type) })
}

// into is the type that a call decodes into.
func (l *loader) into(p *pkg, call *ast.CallExpr) *Type {
	sel := call.Fun.(*ast.SelectorExpr)
	switch {
	case sel.Sel.Name == "UnmarshalKey" && len(call.Args) == 2:
		l.nodes = 0
		return l.typeOf(p.info.TypeOf(call.Args[1]), nil)
	case sel.Sel.Name == "Get":
		return &Type{}
	case sel.Sel.Name == "GetString":
		return &Type{Kind: String}
	case sel.Sel.Name == "GetStringSlice":
		return &Type{Kind: List, Elem: &Type{Kind: String}}
	}
	return nil
}

// readers are the methods of RoadRunner's config plugin, and of the viper
// behind it, that take a key.
var readers = []string{"Has", "UnmarshalKey", "Get", "IsSet", "GetString", "GetStringSlice"}

// reader returns the method by which a call reads a key, or "".
func (l *loader) reader(p *pkg, call *ast.CallExpr) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 || !slices.Contains(readers, sel.Sel.Name) {
		return ""
	}
	if fn, ok := p.info.Uses[sel.Sel].(*types.Func); ok {
		sig := fn.Signature()
		if sig.Recv() == nil || !isConfig(sig.Recv().Type()) || sig.Variadic() || !isString(sig.Params().At(0).Type()) {
			return ""
		}
		if sel.Sel.Name != "Get" || types.IsInterface(sig.Results().At(0).Type()) {
			return sel.Sel.Name
		}
		return ""
	}
	// Of what is not read, only names are known: viper.
	if sel.Sel.Name == "UnmarshalKey" {
		return sel.Sel.Name
	}
	var name string
	switch x := sel.X.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	name = strings.ToLower(name)
	if strings.Contains(name, "cfg") || strings.Contains(name, "conf") || name == "v" || name == "viper" {
		return sel.Sel.Name
	}
	return ""
}

// isConfig reports whether a type may be a config: plugins are handed one as an
// interface, and RoadRunner has the config plugin itself.
func isConfig(t types.Type) bool {
	return types.IsInterface(t) || types.NewMethodSet(t).Lookup(nil, "UnmarshalKey") != nil
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.String
}

// mostNodes bounds a type with all that is in it.
const mostNodes = 5_000

// typeOf describes a type. One that contains itself ends as Any there.
func (l *loader) typeOf(t types.Type, path []types.Type) *Type {
	if l.nodes++; t == nil || l.nodes > mostNodes || len(path) > 16 || slices.ContainsFunc(path, func(o types.Type) bool { return types.Identical(o, t) }) {
		return &Type{}
	}
	path = append(slices.Clone(path), t)
	if named, ok := types.Unalias(t).(*types.Named); ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "time" && named.Obj().Name() == "Duration" {
		return &Type{Kind: Duration}
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return l.typeOf(u.Elem(), path)
	case *types.Basic:
		return &Type{Kind: basic(u)}
	case *types.Slice:
		if b, ok := u.Elem().Underlying().(*types.Basic); ok && b.Kind() == types.Byte {
			return &Type{} // a string too
		}
		return &Type{Kind: List, Elem: l.typeOf(u.Elem(), path)}
	case *types.Map:
		return &Type{Kind: Map, Elem: l.typeOf(u.Elem(), path)}
	case *types.Struct:
		return l.structOf(u, path)
	}
	return &Type{}
}

func basic(b *types.Basic) Kind {
	switch info := b.Info(); {
	case info&types.IsBoolean != 0:
		return Bool
	case info&types.IsUnsigned != 0:
		return Uint
	case info&types.IsInteger != 0:
		return Int
	case info&types.IsFloat != 0:
		return Float
	case info&types.IsString != 0:
		return String
	}
	return Any
}

func (l *loader) structOf(s *types.Struct, path []types.Type) *Type {
	out := &Type{Kind: Struct}
	for i := range s.NumFields() {
		name, options := tag(s, i)
		if !s.Field(i).Exported() || name == "-" {
			continue
		}
		t := l.typeOf(s.Field(i).Type(), path)
		switch {
		case slices.Contains(options, "remain"):
			return &Type{Kind: Map, Elem: &Type{}} // whatever else there is
		case slices.Contains(options, "squash"):
			if t.Kind != Struct {
				return &Type{}
			}
			out.Fields = append(out.Fields, t.Fields...)
		default:
			out.Fields = append(out.Fields, Field{Name: name, Type: t})
		}
	}
	return out
}
