package tree

import (
	"cmp"
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/near"
)

// Reader reads a key's value as a type, and collects the problems. A value of
// another type is a problem, and read as nothing. Tables may be nil: they have
// no keys.
type Reader struct{ Problems []config.Problem }

// Errorf adds a problem. A hint can be set on the result.
func (r *Reader) Errorf(pos config.Position, format string, args ...any) *config.Problem {
	r.Problems = append(r.Problems, config.Problem{Pos: pos, Text: fmt.Sprintf(format, args...)})
	return &r.Problems[len(r.Problems)-1]
}

// alike are words for keys that are spelled quite otherwise.
var alike = map[string]string{
	"branch": "ref", "commit": "ref", "version": "ref", "package": "import", "struct": "symbol", "repo": "repository",
	"dir": "path", "directory": "path", "subdir": "folder",
}

// Known reports the keys of t that are not in the list.
func (r *Reader) Known(t *Node, keys ...string) {
	if t == nil {
		return
	}
	list := make(map[string]bool, len(keys))
	for _, k := range keys {
		list[k] = true
	}
	for _, n := range t.Items {
		if list[t.fold(n.Name)] {
			continue
		}
		text := fmt.Sprintf("unknown key %q", n.Name)
		if t.Parent != nil {
			text += " in " + header(t)
		}
		meant := near.Name(n.Name, keys)
		if other := alike[t.fold(n.Name)]; meant == "" && list[other] {
			meant = other
		}
		if meant != "" {
			text += fmt.Sprintf(", did you mean %q?", meant)
			if t.Get(meant) == nil {
				// So that a slip is not reported as a missing key as well.
				t.index[meant] = &Node{Parent: t, Name: meant, Key: n.Key, Pos: n.Pos, Broken: true}
			}
		}
		r.Errorf(n.Key, "%s", text)
	}
}

// header returns the header that opens t, as the file might have it.
func header(t *Node) string {
	if t.Parent.Kind == unstable.Array {
		return "[[" + t.Path() + "]]"
	}
	return "[" + t.Path() + "]"
}

// Want reports whether n is of that kind, and it is a problem if not.
func (r *Reader) Want(n *Node, kind unstable.Kind) bool {
	if n.Kind == kind {
		return true
	}
	if !n.Broken {
		r.Errorf(n.Pos, "%s is %s, want %s", n.Path(), Article(n.Kind), Article(kind))
	}
	return false
}

// Article words a kind.
func Article(k unstable.Kind) string {
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

// Str reads a string.
func (r *Reader) Str(t *Node, key string) string {
	n := t.Get(key)
	if n == nil || !r.Want(n, unstable.String) {
		return ""
	}
	return n.Text
}

// Bool reads a boolean, which is false where there is none.
func (r *Reader) Bool(t *Node, key string) bool {
	n := t.Get(key)
	return n != nil && r.Want(n, unstable.Bool) && n.Text == "true"
}

// Either reads a key that goes by two names. That both are set and differ is
// for validate to find.
func (r *Reader) Either(t *Node, key, other string) string {
	a, b := r.Str(t, key), r.Str(t, other)
	return cmp.Or(a, b)
}

// Table reads a table, and returns nil where there is none.
func (r *Reader) Table(t *Node, key string) *Node {
	n := t.Get(key)
	if n == nil || !r.Want(n, unstable.Table) {
		return nil
	}
	return n
}

// Tables reads an array of tables.
func (r *Reader) Tables(t *Node, key string) []*Node {
	n := t.Get(key)
	if n == nil || !r.Want(n, unstable.Array) {
		return nil
	}
	var tables []*Node
	for _, item := range n.Items {
		if r.Want(item, unstable.Table) {
			tables = append(tables, item)
		}
	}
	return tables
}

// List reads an array of strings, or a single string.
func (r *Reader) List(t *Node, key string) []*Node {
	n := t.Get(key)
	if n == nil || n.Kind != unstable.String && !r.Want(n, unstable.Array) {
		return nil
	}
	for _, item := range n.Items {
		r.Want(item, unstable.String)
	}
	return n.Strings()
}

// Texts is list without the places.
func (r *Reader) Texts(t *Node, key string) []string {
	var texts []string
	for _, n := range r.List(t, key) {
		texts = append(texts, n.Text)
	}
	return texts
}
