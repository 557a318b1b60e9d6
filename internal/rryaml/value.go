package rryaml

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is a value of a .rr.yaml.
type Value struct {
	// File and Line are where it stands; Line is 0 for what is set over the file,
	// and File the flag and the key then.
	File string
	Line int
	// Keys are a mapping's, in their order.
	Keys []Key
	// Items are a list's.
	Items []*Value
	// Split is the key with a dot that made a mapping of what is below; empty where
	// the file has a mapping.
	Split string

	kind   yaml.Kind
	scalar any
	unset  bool
	anchor bool // it has one that an alias refers to
}

// Key is a key of a mapping.
type Key struct {
	// Name is in lower case, as viper compares; Written is as it stands in the file.
	Name, Written string
	File          string
	Line          int
	Value         *Value
}

// IsMap reports whether a value is a mapping.
func (v *Value) IsMap() bool { return v.kind == yaml.MappingNode }

// IsList reports whether a value is a list.
func (v *Value) IsList() bool { return v.kind == yaml.SequenceNode }

// IsNull reports whether a value is missing or null, which is the same to a
// server.
func (v *Value) IsNull() bool { return v == nil || v.kind == yaml.ScalarNode && v.scalar == nil }

// Unknown reports whether a value has a placeholder that is not set now, but
// may be when the server starts.
func (v *Value) Unknown() bool { return v.unset }

// Anchors reports whether a value, or one that it holds, has an anchor that an
// alias refers to. What an alias stands for has none.
func (v *Value) Anchors() bool {
	return v.anchor || slices.ContainsFunc(v.Items, (*Value).Anchors) || slices.ContainsFunc(v.Keys, func(k Key) bool { return k.Value.Anchors() })
}

// Scalar returns a string, bool, int, float64 or the like, nil for what is none
// of these.
func (v *Value) Scalar() any { return v.scalar }

// Text returns a string, and whether the value is one that is known.
func (v *Value) Text() (string, bool) {
	s, ok := v.scalar.(string)
	return s, ok && !v.unset
}

// Get returns a value of a mapping, or nil.
func (v *Value) Get(name string) *Value {
	if k := v.Key(name); k != nil {
		return k.Value
	}
	return nil
}

// Key returns a key of a mapping, or nil.
func (v *Value) Key(name string) *Key {
	if v == nil {
		return nil
	}
	i := slices.IndexFunc(v.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &v.Keys[i]
}

// List returns the elements of a list, or a scalar alone.
func (v *Value) List() []*Value { return list(v) }

// Data returns the value as encoding/json would have it, what is not known as
// null.
func (v *Value) Data() any {
	switch {
	case v.IsMap():
		out := map[string]any{}
		for _, k := range v.Keys {
			out[k.Name] = k.Value.Data()
		}
		return out
	case v.IsList():
		out := []any{}
		for _, i := range v.Items {
			out = append(out, i.Data())
		}
		return out
	case v.unset:
		return nil
	}
	return v.scalar
}

// put sets a key of a mapping.
func (v *Value) put(k Key) {
	if old := v.Key(k.Name); old != nil {
		*old = k
		return
	}
	v.Keys = append(v.Keys, k)
}

// clone copies the mappings, so that something may be set in them.
func clone(v *Value) *Value {
	if v == nil || !v.IsMap() {
		return v
	}
	out := *v
	out.Keys = slices.Clone(v.Keys)
	for i := range out.Keys {
		out.Keys[i].Value = clone(out.Keys[i].Value)
	}
	return &out
}

// builder makes values of YAML.
type builder struct {
	env func(string) (string, bool)
	// aliased are the nodes that an alias refers to.
	aliased map[*yaml.Node]bool
}

// aliases adds the nodes that an alias below a node refers to.
func aliases(n *yaml.Node, to map[*yaml.Node]bool) {
	if n.Kind == yaml.AliasNode {
		to[n.Alias] = true
	}
	for _, c := range n.Content {
		aliases(c, to)
	}
}

// value makes a value of a node. Placeholders are filled in only where the
// config plugin does: in scalars, and directly in lists, but in no mapping
// that a list has.
func (b builder) value(file string, n *yaml.Node, fill bool) *Value {
	anchor := b.aliased[n]
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	v := &Value{File: file, Line: n.Line, kind: n.Kind, anchor: anchor}
	switch n.Kind {
	case yaml.MappingNode:
		b.mapping(v, n, fill)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			v.Items = append(v.Items, b.value(file, c, fill && c.Kind == yaml.ScalarNode))
		}
	case yaml.ScalarNode:
		if err := n.Decode(&v.scalar); err != nil {
			v.scalar = n.Value
		}
		if s, ok := v.scalar.(string); ok && fill {
			v.scalar, v.unset = b.expanded(s)
		}
	}
	return v
}

// mapping makes the keys of a mapping; its own are before merged ones.
func (b builder) mapping(v *Value, n *yaml.Node, fill bool) {
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		b.add(v, key, b.value(v.File, value, fill), fill)
	}
	for len(merged) > 0 {
		m := merged[0]
		merged = merged[1:]
		for m.Kind == yaml.AliasNode {
			m = m.Alias
		}
		if m.Kind == yaml.SequenceNode {
			merged = append(slices.Clone(m.Content), merged...)
			continue
		}
		for _, k := range b.value(v.File, m, fill).Keys {
			if v.Key(k.Name) == nil {
				v.put(k)
			}
		}
	}
}

// add adds a key. Each dot of it begins a section of its own, but not below a
// list.
func (b builder) add(v *Value, key *yaml.Node, value *Value, split bool) {
	at := v
	names, written := []string{strings.ToLower(key.Value)}, []string{key.Value}
	if split {
		names, written = strings.Split(names[0], "."), strings.Split(key.Value, ".")
	}
	for i := range names[:len(names)-1] {
		next := at.Get(names[i])
		if next == nil || !next.IsMap() {
			next = &Value{File: v.File, Line: key.Line, Split: key.Value, kind: yaml.MappingNode}
			at.put(Key{names[i], written[i], v.File, key.Line, next})
		}
		at = next
	}
	last := len(names) - 1
	at.merge(Key{names[last], written[last], v.File, key.Line, value})
}

// merge sets a key of a mapping. A mapping joins one that is there.
func (v *Value) merge(k Key) {
	old := v.Get(k.Name)
	if old == nil || !old.IsMap() || !k.Value.IsMap() {
		v.put(k)
		return
	}
	for _, inner := range k.Value.Keys {
		old.merge(inner)
	}
}

// expanded fills in the placeholders of a text, and reports whether one is not
// set.
func (b builder) expanded(s string) (text string, unset bool) {
	text = expand(s, func(name string) string {
		v, ok := b.env(name)
		unset = unset || !ok
		return v
	}, func() { unset = false })
	return text, unset
}
