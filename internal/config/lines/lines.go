// Package lines edits a TOML document line by line, so that comments, order and
// whatever else is not edited stay as they are: begin at [Read].
package lines

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Document is a TOML document, and what is to become of its lines.
type Document struct {
	Lines       []string
	Expressions []Expression
	// edits say what becomes of a line: nothing, or other lines.
	edits map[int][]string
}

// Expression is a header or a `key = value` of the document.
type Expression struct {
	Kind unstable.Kind
	Path []string // the whole key, its table's included
	// First and Last are lines, counted from 0.
	First, Last int
	Inline      bool // the value is an inline table
}

// Read finds the expressions of a document that package tree can parse.
func Read(data []byte) *Document {
	d := &Document{Lines: strings.Split(string(data), "\n"), edits: map[int][]string{}}
	var toml unstable.Parser
	const mark = "\ufeff" // see parse.Data
	toml.Reset(slices.Clip(bytes.Replace(data, []byte(mark), []byte("   "), 1)))
	var table []string
	for toml.NextExpression() {
		e := toml.Expression()
		var keys []string
		offset := -1
		for it := e.Key(); it.Next(); {
			if offset < 0 {
				offset = int(it.Node().Raw.Offset)
			}
			keys = append(keys, string(it.Node().Data))
		}
		if offset < 0 {
			continue
		}
		x := Expression{Kind: e.Kind, First: strings.Count(string(data[:offset]), "\n")}
		x.Last = x.First
		if e.Kind == unstable.KeyValue {
			x.Path = append(slices.Clone(table), keys...)
			x.Inline = e.Value().Kind == unstable.InlineTable
			x.Last = x.First + valueLines(strings.Join(d.Lines[x.First:], "\n"))
		} else {
			table, x.Path = keys, keys
		}
		d.Expressions = append(d.Expressions, x)
	}
	return d
}

// Is reports whether a key is the one of that name, in any case.
func Is(path []string, names ...string) bool {
	if len(path) != len(names) {
		return false
	}
	for i, n := range names {
		if n != "*" && !strings.EqualFold(path[i], n) {
			return false
		}
	}
	return true
}

// Body are the `key = value` below a header.
func (d *Document) Body(i int) []Expression {
	end := i + 1
	for end < len(d.Expressions) && d.Expressions[end].Kind == unstable.KeyValue {
		end++
	}
	return d.Expressions[i+1 : end]
}

// Drop removes an expression; a comment behind it stays.
func (d *Document) Drop(x Expression) {
	for l := x.First; l <= x.Last; l++ {
		d.edits[l] = []string{}
		if c := Comment(d.Lines[l]); c != "" {
			d.edits[l] = []string{Indent(d.Lines[l]) + c}
		}
	}
}

// Delete removes lines, from first to last.
func (d *Document) Delete(first, last int) {
	for l := first; l <= last; l++ {
		d.edits[l] = []string{}
	}
}

// Replace writes something else in an expression's place, before its comment.
func (d *Document) Replace(x Expression, text ...string) {
	d.Drop(x)
	in := Indent(d.Lines[x.First])
	var out []string
	for _, t := range text {
		out = append(out, strings.TrimRight(in+t, " \t"))
	}
	if c := Comment(d.Lines[x.First]); c != "" && len(out) > 0 {
		out[0] += " " + c
	}
	d.edits[x.First] = out
}

// Insert writes lines before what has become of another, or behind the last one.
func (d *Document) Insert(line int, text ...string) {
	after, edited := d.edits[line]
	if !edited && line < len(d.Lines) {
		after = d.Lines[line : line+1]
	}
	d.edits[line] = slices.Concat(text, after)
}

// Text puts the lines together. Where lines went, one blank line is left of
// several.
func (d *Document) Text() []byte {
	var out []string
	dropped := false
	for i := range len(d.Lines) + 1 {
		repl, ok := d.edits[i]
		if !ok && i < len(d.Lines) {
			repl = d.Lines[i : i+1]
		}
		dropped = dropped || ok && len(repl) == 0
		for _, l := range repl {
			blank := strings.TrimSpace(l) == ""
			if blank && dropped && (len(out) == 0 || strings.TrimSpace(out[len(out)-1]) == "") {
				continue
			}
			out = append(out, l)
			dropped = dropped && blank
		}
	}
	return []byte(strings.Join(out, "\n"))
}

// Indent is what a line begins with.
func Indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// Comment returns the comment at a line's end, or "".
func Comment(line string) string {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"', c == '\'':
			quote = c
		case c == '#':
			return strings.TrimRight(line[i:], " \t\r")
		}
	}
	return ""
}

// valueLines counts the line ends within the value that s begins with the key
// of: those within brackets or triple quotes.
func valueLines(s string) int {
	depth, lines := 0, 0
	quote := ""
	for i := 0; i < len(s); i++ {
		rest := s[i:]
		switch {
		case quote != "":
			if quote[0] == '"' && s[i] == '\\' {
				i++
			} else if strings.HasPrefix(rest, quote) {
				i += len(quote) - 1
				quote = ""
			}
		case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, "'''"):
			quote = rest[:3]
			i += 2
		case s[i] == '"', s[i] == '\'':
			quote = rest[:1]
		case s[i] == '#':
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return lines
			}
			i += end - 1
		case s[i] == '[', s[i] == '{':
			depth++
		case s[i] == ']', s[i] == '}':
			depth--
		}
		if i < len(s) && s[i] == '\n' {
			if depth == 0 && quote == "" {
				return lines
			}
			lines++
		}
	}
	return lines
}
