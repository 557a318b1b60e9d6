package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
)

// expression is a header or a `key = value` of the document.
type expression struct {
	kind unstable.Kind
	path []string // the whole key, its table's included
	// first and last are lines, counted from 0.
	first, last int
	inline      bool // the value is an inline table
}

// read finds the expressions.
func (m *migration) read(data []byte) {
	m.edits = map[int][]string{}
	var toml unstable.Parser
	toml.Reset(slices.Clip(data))
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
		x := expression{kind: e.Kind, first: strings.Count(string(data[:offset]), "\n")}
		x.last = x.first
		if e.Kind == unstable.KeyValue {
			x.path = append(slices.Clone(table), keys...)
			x.inline = e.Value().Kind == unstable.InlineTable
			x.last = x.first + valueLines(strings.Join(m.lines[x.first:], "\n"))
		} else {
			table, x.path = keys, keys
		}
		m.exprs = append(m.exprs, x)
	}
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

// is reports whether a key is the one of that name, in any case.
func is(path []string, names ...string) bool {
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

// body are the `key = value` below a header.
func (m *migration) body(i int) []expression {
	end := i + 1
	for end < len(m.exprs) && m.exprs[end].kind == unstable.KeyValue {
		end++
	}
	return m.exprs[i+1 : end]
}

// drop removes an expression; a comment behind it stays.
func (m *migration) drop(x expression) {
	for l := x.first; l <= x.last; l++ {
		m.edits[l] = []string{}
		if c := comment(m.lines[l]); c != "" {
			m.edits[l] = []string{indent(m.lines[l]) + c}
		}
	}
}

// replace writes something else in an expression's place, before its comment.
func (m *migration) replace(x expression, text ...string) {
	m.drop(x)
	in := indent(m.lines[x.first])
	var out []string
	for _, t := range text {
		out = append(out, strings.TrimRight(in+t, " \t"))
	}
	if c := comment(m.lines[x.first]); c != "" && len(out) > 0 {
		out[0] += " " + c
	}
	m.edits[x.first] = out
}

func (m *migration) notef(x expression, format string, args ...any) {
	m.notes = append(m.notes, config.Note{Pos: config.Position{File: m.file, Line: x.first + 1, Column: 1}, Text: fmt.Sprintf(format, args...)})
}

// text puts the lines together. Where lines went, one blank line is left of
// several.
func (m *migration) text() []byte {
	var out []string
	dropped := false
	for i, line := range m.lines {
		repl, ok := m.edits[i]
		if !ok {
			repl = []string{line}
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

func indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// comment returns the comment at a line's end, or "".
func comment(line string) string {
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
