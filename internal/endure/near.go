package endure

import (
	"go/types"
	"sort"
	"strings"
)

// near finds the plugin, or the value that one provides, that has most of an
// interface's methods, or nil where none has any by name. Of equals the first
// registered counts.
func (l *loader) near(asks int, want *types.Interface) *Near {
	var best *Near
	bestSame, bestNamed := 0, 0
	try := func(plugin int, provided string, t types.Type) {
		if same, named, differs := compare(t, want); named > 0 && (same > bestSame || same == bestSame && named > bestNamed) {
			best, bestSame, bestNamed = &Near{Plugin: plugin, Provided: provided, Differs: differs}, same, named
		}
	}
	for j, t := range l.types {
		if j == asks || t.ptr == nil {
			continue
		}
		try(j, "", t.ptr)
		for k, out := range t.provides {
			try(j, l.plugins[j].Provides[k].Interface, out)
		}
	}
	return best
}

// compare counts the methods of an interface that a type has with the same
// signature, and by name, and lists those that differ or lack.
func compare(t types.Type, want *types.Interface) (same, named int, differs []Method) {
	set := types.NewMethodSet(t)
	for i := range want.NumMethods() {
		m := want.Method(i)
		sel := set.Lookup(m.Pkg(), m.Name())
		if sel == nil {
			differs = append(differs, Method{Want: word(m.Name(), m.Signature(), (*types.Package).Name)})
			continue
		}
		named++
		have := sel.Obj().(*types.Func).Signature()
		if types.Identical(have, m.Signature()) {
			same++
			continue
		}
		differs = append(differs, distinct(m.Name(), m.Signature(), have))
	}
	sort.Slice(differs, func(i, j int) bool { return differs[i].Want < differs[j].Want })
	return same, named, differs
}

// distinct words two signatures so that one sees where they differ: packages
// by name, or by path where the names are the same.
func distinct(name string, want, have *types.Signature) Method {
	m := Method{Want: word(name, want, (*types.Package).Name), Have: word(name, have, (*types.Package).Name)}
	if m.Want == m.Have {
		m = Method{Want: word(name, want, (*types.Package).Path), Have: word(name, have, (*types.Package).Path)}
	}
	return m
}

// word writes a method with its parameters' types, names left out.
func word(name string, sig *types.Signature, q types.Qualifier) string {
	var b strings.Builder
	b.WriteString(name + "(")
	tuple(&b, sig.Params(), sig.Variadic(), q)
	b.WriteString(")")
	switch sig.Results().Len() {
	case 0:
	case 1:
		b.WriteString(" ")
		tuple(&b, sig.Results(), false, q)
	default:
		b.WriteString(" (")
		tuple(&b, sig.Results(), false, q)
		b.WriteString(")")
	}
	return b.String()
}

func tuple(b *strings.Builder, t *types.Tuple, variadic bool, q types.Qualifier) {
	for i := range t.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		v := t.At(i).Type()
		if slice, ok := v.(*types.Slice); ok && variadic && i == t.Len()-1 {
			b.WriteString("...")
			v = slice.Elem()
		}
		b.WriteString(types.TypeString(v, q))
	}
}
