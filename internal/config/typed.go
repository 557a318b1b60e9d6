package config

import (
	"cmp"
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/near"
)

// The methods of this file read a key's value as a type. A value of another
// type is reported and read as nothing. Tables may be nil: they have no keys.

// alike are words for keys that are spelled quite otherwise.
var alike = map[string]string{
	"branch": "ref", "commit": "ref", "version": "ref", "package": "import", "struct": "symbol", "repo": "repository",
	"dir": "path", "directory": "path", "subdir": "folder",
}

// known reports the keys of t that are not in the list.
func (d *draft) known(t *node, keys ...string) {
	if t == nil {
		return
	}
	list := make(map[string]bool, len(keys))
	for _, k := range keys {
		list[k] = true
	}
	for _, n := range t.items {
		if list[t.fold(n.name)] {
			continue
		}
		text := fmt.Sprintf("unknown key %q", n.name)
		if t.parent != nil {
			text += " in " + header(t)
		}
		meant := near.Name(n.name, keys)
		if other := alike[t.fold(n.name)]; meant == "" && list[other] {
			meant = other
		}
		if meant != "" {
			text += fmt.Sprintf(", did you mean %q?", meant)
			if t.get(meant) == nil {
				// So that a slip is not reported as a missing key as well.
				t.index[meant] = &node{parent: t, name: meant, key: n.key, pos: n.pos, broken: true}
			}
		}
		d.errorf(n.key, "%s", text)
	}
}

// header returns the header that opens t, as the file might have it.
func header(t *node) string {
	if t.parent.kind == unstable.Array {
		return "[[" + t.path() + "]]"
	}
	return "[" + t.path() + "]"
}

// want reports whether n is of that kind, and it is a problem if not.
func (d *draft) want(n *node, kind unstable.Kind) bool {
	if n.kind == kind {
		return true
	}
	if !n.broken {
		d.errorf(n.pos, "%s is %s, want %s", n.path(), article(n.kind), article(kind))
	}
	return false
}

// article words a kind.
func article(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "a boolean"
	case unstable.Integer:
		return "an integer"
	case unstable.Float:
		return "a float"
	case unstable.Array:
		return "an array"
	case unstable.Table:
		return "a table"
	}
	return "a date or time"
}

func (d *draft) str(t *node, key string) string {
	n := t.get(key)
	if n == nil || !d.want(n, unstable.String) {
		return ""
	}
	return n.text
}

func (d *draft) bool(t *node, key string) bool {
	n := t.get(key)
	return n != nil && d.want(n, unstable.Bool) && n.text == "true"
}

// either reads a key that goes by two names. That both are set and differ is
// for validate to find.
func (d *draft) either(t *node, key, other string) string {
	a, b := d.str(t, key), d.str(t, other)
	return cmp.Or(a, b)
}

func (d *draft) table(t *node, key string) *node {
	n := t.get(key)
	if n == nil || !d.want(n, unstable.Table) {
		return nil
	}
	return n
}

// tables reads an array of tables.
func (d *draft) tables(t *node, key string) []*node {
	n := t.get(key)
	if n == nil || !d.want(n, unstable.Array) {
		return nil
	}
	var tables []*node
	for _, item := range n.items {
		if d.want(item, unstable.Table) {
			tables = append(tables, item)
		}
	}
	return tables
}

// list reads an array of strings, or a single string.
func (d *draft) list(t *node, key string) []*node {
	n := t.get(key)
	if n == nil || n.kind != unstable.String && !d.want(n, unstable.Array) {
		return nil
	}
	for _, item := range n.items {
		d.want(item, unstable.String)
	}
	return n.strings()
}

// texts is list without the places.
func (d *draft) texts(t *node, key string) []string {
	var texts []string
	for _, n := range d.list(t, key) {
		texts = append(texts, n.text)
	}
	return texts
}
