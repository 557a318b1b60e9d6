package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// node is a value of the document, and the key it stands under.
type node struct {
	kind unstable.Kind // an inline table's is Table, too
	// name is the key as written; nothing for an array's element and the root.
	name   string
	key    Position // of the key; of the value where there is none
	pos    Position // of the value
	parent *node
	// text is a string's value, and what is written for a number or a boolean.
	text string
	// items are an array's elements, or a table's values in the order in which
	// their keys are first set.
	items []*node
	index map[string]*node // items by folded key
	// closed is an inline table or array, to which no header adds.
	closed bool
	// header is where a [header] opens the table; of no line where none does.
	header Position
	// section is the ordinal of the header below which the node stands.
	section int
	// broken is a value of which something is reported already, so that
	// nothing else need be.
	broken bool
}

// add puts n into the table t.
func (t *node) add(n *node) *node {
	if t.index == nil {
		t.index = map[string]*node{}
	}
	t.index[t.fold(n.name)] = n
	t.items = append(t.items, n)
	return n
}

// get returns t's value of that key, and nil where there is none or t is nil.
func (t *node) get(key string) *node {
	if t == nil {
		return nil
	}
	return t.index[t.fold(key)]
}

// at follows a path of keys, from table to table.
func (t *node) at(path ...string) *node {
	for _, key := range path {
		t = t.get(key)
	}
	return t
}

// str returns the string value of that key, or "".
func (t *node) str(key string) string {
	if n := t.get(key); n != nil && n.kind == unstable.String {
		return n.text
	}
	return ""
}

// strings returns the strings of an array, or n itself where it is a string.
func (n *node) strings() []*node {
	if n == nil {
		return nil
	}
	items := []*node{n}
	if n.kind == unstable.Array {
		items = slices.Clone(n.items)
	}
	return slices.DeleteFunc(items, func(item *node) bool { return item.kind != unstable.String || item.broken })
}

// blank reports whether t has no value of that key, or the empty string. A
// value of the wrong type is not blank: it was meant to be set.
func (t *node) blank(key string) bool {
	n := t.get(key)
	return n == nil || n.kind == unstable.String && n.text == "" && !n.broken
}

// fold returns a key as t's index has it. Keys match without regard to case,
// but where they are names, such as URLs, two that differ in case are two.
func (t *node) fold(key string) string {
	if t.holdsNames() {
		return key
	}
	return strings.ToLower(key)
}

// holdsNames reports whether t's keys are the user's own names.
func (t *node) holdsNames() bool {
	switch p := t.parent; {
	case p == nil:
		return false
	case p.parent == nil:
		return strings.EqualFold(t.name, "plugins") || strings.EqualFold(t.name, "mirrors")
	case p.parent.parent == nil:
		switch strings.ToLower(p.name + "." + t.name) {
		case "github.plugins", "gitlab.plugins", "gitlab.projects", "git.credentials":
			return true
		}
	}
	return false
}

// path returns the keys that lead to n, for messages, joined by dots.
func (n *node) path() string {
	var keys []string
	for ; n.parent != nil; n = n.parent {
		if n.parent.kind == unstable.Table { // an array's element has no key
			keys = append(keys, quoteKey(n.name))
		}
	}
	slices.Reverse(keys)
	return strings.Join(keys, ".")
}

// equal reports whether two values are the same.
func (n *node) equal(m *node) bool {
	if n.kind != m.kind || n.text != m.text || len(n.items) != len(m.items) {
		return false
	}
	for i, item := range n.items {
		other := m.items[i]
		if n.kind == unstable.Table {
			other = m.get(item.name)
		}
		if other == nil || !item.equal(other) {
			return false
		}
	}
	return true
}

// quoteKey writes a key as TOML wants it, with nothing unprintable in it.
func quoteKey(key string) string {
	bare := key != ""
	for _, r := range key {
		bare = bare && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	if bare {
		return key
	}
	return strconv.Quote(key)
}
