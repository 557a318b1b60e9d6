// Package tree reads TOML into a tree in which each value knows its place: begin
// at [Parse]. A [Reader] holds it against the table of keys, and collects what is
// wrong.
package tree

import (
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/keys"
)

// Node is a value of the document, and the key it stands under.
type Node struct {
	Kind unstable.Kind // an inline table's is Table, too
	// Name is the key as written; nothing for an array's element and the root.
	Name   string
	Key    config.Position // of the key; of the value where there is none
	Pos    config.Position // of the value
	Parent *Node
	// Text is a string's value, and what is written for a number or a boolean.
	Text string
	// Items are an array's elements, or a table's values in the order in which
	// their keys are first set.
	Items []*Node
	index map[string]*Node // items by folded key
	// closed is an inline table or array, to which no header adds.
	closed bool
	// header is where a [header] opens the table; of no line where none does.
	header config.Position
	// section is the ordinal of the header below which the node stands.
	section int
	// key is what may stand here; nil for what is in no table of keys.
	key *keys.Key
	// Broken is a value of which something is reported already, so that
	// nothing else need be.
	Broken bool
}

// add puts n into the table t.
func (t *Node) add(n *Node) *Node {
	if t.index == nil {
		t.index = map[string]*Node{}
	}
	t.index[t.fold(n.Name)] = n
	t.Items = append(t.Items, n)
	return n
}

// Get returns t's value of that key, and nil where there is none or t is nil.
func (t *Node) Get(key string) *Node {
	if t == nil {
		return nil
	}
	return t.index[t.fold(key)]
}

// At follows a path of keys, from table to table.
func (t *Node) At(path ...string) *Node {
	for _, key := range path {
		t = t.Get(key)
	}
	return t
}

// Str returns the string value of that key, or "".
func (t *Node) Str(key string) string {
	if n := t.Get(key); n != nil && n.Kind == unstable.String {
		return n.Text
	}
	return ""
}

// Bool reports whether the value of that key is true.
func (t *Node) Bool(key string) bool {
	n := t.Get(key)
	return n != nil && n.Kind == unstable.Bool && n.Text == "true"
}

// Texts returns the strings of the array of that key, or a single string.
func (t *Node) Texts(key string) []string {
	var texts []string
	for _, n := range t.Get(key).Strings() {
		texts = append(texts, n.Text)
	}
	return texts
}

// Table returns the table of that key, and nil where there is none.
func (t *Node) Table(key string) *Node {
	if n := t.Get(key); n != nil && n.Kind == unstable.Table {
		return n
	}
	return nil
}

// Tables returns the tables of the array of that key.
func (t *Node) Tables(key string) []*Node {
	n := t.Get(key)
	if n == nil || n.Kind != unstable.Array {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Items), func(item *Node) bool { return item.Kind != unstable.Table })
}

// Strings returns the strings of an array, or n itself where it is a string.
func (n *Node) Strings() []*Node {
	if n == nil {
		return nil
	}
	items := []*Node{n}
	if n.Kind == unstable.Array {
		items = slices.Clone(n.Items)
	}
	return slices.DeleteFunc(items, func(item *Node) bool { return item.Kind != unstable.String || item.Broken })
}

// Blank reports whether t has no value of that key, or the empty string. A
// value of the wrong type is not blank: it was meant to be set.
func (t *Node) Blank(key string) bool {
	n := t.Get(key)
	return n == nil || n.Kind == unstable.String && n.Text == "" && !n.Broken
}

// fold returns a key as t's index has it. Keys match without regard to case,
// but where they are names, such as URLs, two that differ in case are two.
func (t *Node) fold(key string) string {
	if t.HoldsNames() {
		return key
	}
	return strings.ToLower(key)
}

// HoldsNames reports whether t's keys are the user's own names.
func (t *Node) HoldsNames() bool { return t.table().HoldsNames() }

// table returns the keys that may stand below t.
func (t *Node) table() *keys.Table {
	switch {
	case t.Parent == nil:
		return keys.Root
	case t.key == nil:
		return nil
	}
	return t.key.Table
}

// Path returns the keys that lead to n, for messages, joined by dots.
func (n *Node) Path() string {
	var keys []string
	for ; n.Parent != nil; n = n.Parent {
		if n.Parent.Kind == unstable.Table { // an array's element has no key
			keys = append(keys, config.QuoteKey(n.Name))
		}
	}
	slices.Reverse(keys)
	return strings.Join(keys, ".")
}

// equal reports whether two values are the same.
func (n *Node) equal(m *Node) bool {
	if n.Kind != m.Kind || n.Text != m.Text || len(n.Items) != len(m.Items) {
		return false
	}
	for i, item := range n.Items {
		other := m.Items[i]
		if n.Kind == unstable.Table {
			other = m.Get(item.Name)
		}
		if other == nil || !item.equal(other) {
			return false
		}
	}
	return true
}
