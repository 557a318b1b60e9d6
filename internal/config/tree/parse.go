package tree

import (
	"bytes"
	"errors"
	"slices"
	"sort"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
)

// Document is a TOML document as a tree.
type Document struct {
	Root *Node
	// Whole is false where a syntax error ended the reading.
	Whole    bool
	Problems []config.Problem
	Notes    []config.Note
}

// Parse reads TOML into a tree.
//
// It is laxer than TOML in one point, for files that are in use, Velox's own
// sample among them: a table's header may occur again, and may then repeat keys
// with the values they have. It may not add any.
func Parse(file string, data []byte) Document {
	// Clipped, since the TOML parser tells an offset from a capacity.
	p := parser{file: file, data: slices.Clip(data)}
	for i, c := range data {
		if c == '\n' {
			p.newlines = append(p.newlines, i)
		}
	}
	p.Root = &Node{Kind: unstable.Table, Key: p.position(0), Pos: p.position(0)}
	p.run()
	return p.Document
}

// parser builds a document from the expressions of the TOML parser.
type parser struct {
	Document
	file     string
	data     []byte
	newlines []int           // offsets
	table    *Node           // the one that the last header opened
	reopened config.Position // of that header, if the table was opened before and it adds nothing yet
	section  int             // counts the headers
}

func (p *parser) run() {
	var toml unstable.Parser
	toml.Reset(p.data)
	p.table = p.Root
	for toml.NextExpression() {
		switch e := toml.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			p.section++
			p.reopened = config.Position{}
			p.table = p.header(e)
		case unstable.KeyValue:
			if p.set(p.table, e) {
				p.added()
			}
		}
	}
	err := toml.Error()
	p.Whole = err == nil
	if err != nil {
		pos := p.position(len(p.data))
		if syntax, ok := errors.AsType[*unstable.ParserError](err); ok {
			pos = p.position(int(toml.Range(syntax.Highlight).Offset))
		}
		p.Problems = append(p.Problems, config.Problem{Pos: pos, Text: err.Error()})
	}
}

// position turns an offset into line and column.
func (p *parser) position(offset int) config.Position {
	line := sort.SearchInts(p.newlines, offset)
	start := 0
	if line > 0 {
		start = p.newlines[line-1] + 1
	}
	return config.Position{File: p.file, Line: line + 1, Column: offset - start + 1}
}

// header returns the table that [a.b] or [[a.b]] opens.
func (p *parser) header(e *unstable.Node) *Node {
	t := p.Root
	keys := e.Key()
	for keys.Next() {
		key := keys.Node()
		if keys.IsLast() && e.Kind == unstable.ArrayTable {
			return p.appendTable(t, key)
		}
		// [a.b] below [[a]] means b of the last a, but [a] is no element of it.
		if n := t.Get(string(key.Data)); keys.IsLast() && n != nil && n.Kind == unstable.Array {
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
func (p *parser) open(t *Node, at config.Position) {
	if t.header.Line == 0 {
		t.header = at
	} else {
		p.reopened = at
	}
}

// added reports a key below a header that occurs again, once for the header.
func (p *parser) added() {
	if p.reopened.Line > 0 {
		p.Problems = append(p.Problems, config.Problem{Pos: p.reopened, Text: "table " + p.table.Path() + " is already defined at " + p.table.header.String(),
			Hint: "put all keys of " + p.table.Path() + " below one header"})
		p.reopened = config.Position{}
	}
}

// descend returns t's table of that key, a new one where there is none.
func (p *parser) descend(t *Node, key *unstable.Node) *Node {
	n := t.Get(string(key.Data))
	switch {
	case n == nil:
		return t.add(p.newNode(unstable.Table, t, key))
	case n.closed:
		return p.taken(n, key)
	case n.Kind == unstable.Array:
		return n.Items[len(n.Items)-1]
	case n.Kind == unstable.Table:
		return n
	}
	return p.taken(n, key)
}

// appendTable adds an element to t's array of tables.
func (p *parser) appendTable(t *Node, key *unstable.Node) *Node {
	array := t.Get(string(key.Data))
	if array == nil {
		array = t.add(p.newNode(unstable.Array, t, key))
	}
	if array.closed || array.Kind != unstable.Array {
		return p.taken(array, key)
	}
	element := p.newNode(unstable.Table, array, key)
	array.Items = append(array.Items, element)
	return element
}

// taken reports that a key has a value that is in the way, and returns a
// table outside the tree for what comes below the key.
func (p *parser) taken(n *Node, key *unstable.Node) *Node {
	repeated := p.newNode(unstable.Table, n.Parent, key)
	p.Problems = append(p.Problems, config.Problem{Pos: repeated.Key, Text: n.Path() + " is already set at " + n.Key.String()})
	return repeated
}

// set adds a `key = value` to a table, and reports whether the key is new.
func (p *parser) set(t *Node, e *unstable.Node) bool {
	keys := e.Key()
	for keys.Next() {
		key := keys.Node()
		if !keys.IsLast() {
			t = p.descend(t, key)
			continue
		}
		n := p.newNode(unstable.Invalid, t, key)
		n.Pos = p.behindEquals(key)
		p.value(e.Value(), n)
		old := t.Get(n.Name)
		switch {
		case old == nil:
			t.add(n)
			return true
		case old.section != n.section && old.equal(n):
			p.Notes = append(p.Notes, config.Note{Pos: n.Key, Text: old.Path() + " is set again to the same value, see " + old.Key.String()})
		default:
			p.taken(old, key)
		}
	}
	return false
}

// value fills in n from a value of the document.
func (p *parser) value(v *unstable.Node, n *Node) {
	n.Kind = v.Kind
	switch v.Kind {
	case unstable.Array:
		n.closed = true
		for children := v.Children(); children.Next(); {
			n.Items = append(n.Items, p.element(children.Node(), n))
		}
	case unstable.InlineTable:
		n.Kind = unstable.Table
		n.closed = true
		for children := v.Children(); children.Next(); {
			p.set(n, children.Node())
		}
	default:
		n.Text = string(v.Data)
	}
}

// element returns an element of an inline array.
func (p *parser) element(v *unstable.Node, array *Node) *Node {
	pos := array.Pos
	if v.Kind != unstable.Array { // to which the TOML parser gives no place
		pos = p.position(int(v.Raw.Offset))
	}
	n := &Node{Key: pos, Pos: pos, Parent: array, section: p.section, key: array.key}
	p.value(v, n)
	return n
}

// newNode returns a node for that key of the table or array of tables t,
// without adding it.
func (p *parser) newNode(kind unstable.Kind, t *Node, key *unstable.Node) *Node {
	pos := p.position(int(key.Raw.Offset))
	n := &Node{Kind: kind, Name: string(key.Data), Key: pos, Pos: pos, Parent: t, section: p.section, key: t.key}
	if t.Kind != unstable.Array {
		n.key = t.table().Key(n.Name)
	}
	return n
}

// behindEquals returns where the value of a key stands.
func (p *parser) behindEquals(key *unstable.Node) config.Position {
	rest := p.data[key.Raw.Offset+key.Raw.Length:]
	return p.position(len(p.data) - len(bytes.TrimLeft(rest, " \t=")))
}
