package config

import (
	"bytes"
	"errors"
	"slices"
	"sort"

	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a TOML document as a tree.
type document struct {
	root *node
	// whole is false where a syntax error ended the reading.
	whole    bool
	problems []Problem
	notes    []Note
}

// parse reads TOML into a tree.
//
// It is laxer than TOML in one point, for files that are in use, Velox's own
// sample among them: a table's header may occur again, and may then repeat keys
// with the values they have. It may not add any.
func parse(file string, data []byte) document {
	// Clipped, since the TOML parser tells an offset from a capacity.
	p := parser{file: file, data: slices.Clip(data)}
	for i, c := range data {
		if c == '\n' {
			p.newlines = append(p.newlines, i)
		}
	}
	p.root = &node{kind: unstable.Table, key: p.position(0), pos: p.position(0)}
	p.run()
	return p.document
}

// parser builds a document from the expressions of the TOML parser.
type parser struct {
	document
	file     string
	data     []byte
	newlines []int    // offsets
	table    *node    // the one that the last header opened
	reopened Position // of that header, if the table was opened before and it adds nothing yet
	section  int      // counts the headers
}

func (p *parser) run() {
	var toml unstable.Parser
	toml.Reset(p.data)
	p.table = p.root
	for toml.NextExpression() {
		switch e := toml.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			p.section++
			p.reopened = Position{}
			p.table = p.header(e)
		case unstable.KeyValue:
			if p.set(p.table, e) {
				p.added()
			}
		}
	}
	err := toml.Error()
	p.whole = err == nil
	if err != nil {
		pos := p.position(len(p.data))
		if syntax, ok := errors.AsType[*unstable.ParserError](err); ok {
			pos = p.position(int(toml.Range(syntax.Highlight).Offset))
		}
		p.problems = append(p.problems, Problem{Pos: pos, Text: err.Error()})
	}
}

// position turns an offset into line and column.
func (p *parser) position(offset int) Position {
	line := sort.SearchInts(p.newlines, offset)
	start := 0
	if line > 0 {
		start = p.newlines[line-1] + 1
	}
	return Position{File: p.file, Line: line + 1, Column: offset - start + 1}
}

// header returns the table that [a.b] or [[a.b]] opens.
func (p *parser) header(e *unstable.Node) *node {
	t := p.root
	keys := e.Key()
	for keys.Next() {
		key := keys.Node()
		if keys.IsLast() && e.Kind == unstable.ArrayTable {
			return p.appendTable(t, key)
		}
		// [a.b] below [[a]] means b of the last a, but [a] is no element of it.
		if n := t.get(string(key.Data)); keys.IsLast() && n != nil && n.kind == unstable.Array {
			return p.taken(n, key)
		}
		t = p.descend(t, key)
		if keys.IsLast() {
			p.open(t, p.position(int(key.Raw.Offset)))
		}
	}
	return t
}

// open notes where the header of a table is, the first one and another.
func (p *parser) open(t *node, at Position) {
	if t.header.Line == 0 {
		t.header = at
	} else {
		p.reopened = at
	}
}

// added reports a key below a header that occurs again, once for the header.
func (p *parser) added() {
	if p.reopened.Line > 0 {
		p.problems = append(p.problems, Problem{Pos: p.reopened, Text: "table " + p.table.path() + " is already defined at " + p.table.header.String(),
			Hint: "put all keys of " + p.table.path() + " below one header"})
		p.reopened = Position{}
	}
}

// descend returns t's table of that key, a new one where there is none.
func (p *parser) descend(t *node, key *unstable.Node) *node {
	n := t.get(string(key.Data))
	switch {
	case n == nil:
		return t.add(p.newNode(unstable.Table, t, key))
	case n.closed:
		return p.taken(n, key)
	case n.kind == unstable.Array:
		return n.items[len(n.items)-1]
	case n.kind == unstable.Table:
		return n
	}
	return p.taken(n, key)
}

// appendTable adds an element to t's array of tables.
func (p *parser) appendTable(t *node, key *unstable.Node) *node {
	array := t.get(string(key.Data))
	if array == nil {
		array = t.add(p.newNode(unstable.Array, t, key))
	}
	if array.closed || array.kind != unstable.Array {
		return p.taken(array, key)
	}
	element := p.newNode(unstable.Table, array, key)
	array.items = append(array.items, element)
	return element
}

// taken reports that a key has a value that is in the way, and returns a
// table outside the tree for what comes below the key.
func (p *parser) taken(n *node, key *unstable.Node) *node {
	repeated := p.newNode(unstable.Table, n.parent, key)
	p.problems = append(p.problems, Problem{Pos: repeated.key, Text: n.path() + " is already set at " + n.key.String()})
	return repeated
}

// set adds a `key = value` to a table, and reports whether the key is new.
func (p *parser) set(t *node, e *unstable.Node) bool {
	keys := e.Key()
	for keys.Next() {
		key := keys.Node()
		if !keys.IsLast() {
			t = p.descend(t, key)
			continue
		}
		n := p.newNode(unstable.Invalid, t, key)
		n.pos = p.behindEquals(key)
		p.value(e.Value(), n)
		old := t.get(n.name)
		switch {
		case old == nil:
			t.add(n)
			return true
		case old.section != n.section && old.equal(n):
			p.notes = append(p.notes, Note{Pos: n.key, Text: old.path() + " is set again to the same value, see " + old.key.String()})
		default:
			p.taken(old, key)
		}
	}
	return false
}

// value fills in n from a value of the document.
func (p *parser) value(v *unstable.Node, n *node) {
	n.kind = v.Kind
	switch v.Kind {
	case unstable.Array:
		n.closed = true
		for children := v.Children(); children.Next(); {
			n.items = append(n.items, p.element(children.Node(), n))
		}
	case unstable.InlineTable:
		n.kind = unstable.Table
		n.closed = true
		for children := v.Children(); children.Next(); {
			p.set(n, children.Node())
		}
	default:
		n.text = string(v.Data)
	}
}

// element returns an element of an inline array.
func (p *parser) element(v *unstable.Node, array *node) *node {
	pos := array.pos
	if v.Kind != unstable.Array { // to which the TOML parser gives no place
		pos = p.position(int(v.Raw.Offset))
	}
	n := &node{key: pos, pos: pos, parent: array, section: p.section}
	p.value(v, n)
	return n
}

// newNode returns a node for that key of the table or array of tables t,
// without adding it.
func (p *parser) newNode(kind unstable.Kind, t *node, key *unstable.Node) *node {
	pos := p.position(int(key.Raw.Offset))
	return &node{kind: kind, name: string(key.Data), key: pos, pos: pos, parent: t, section: p.section}
}

// behindEquals returns where the value of a key stands.
func (p *parser) behindEquals(key *unstable.Node) Position {
	rest := p.data[key.Raw.Offset+key.Raw.Length:]
	return p.position(len(p.data) - len(bytes.TrimLeft(rest, " \t=")))
}
