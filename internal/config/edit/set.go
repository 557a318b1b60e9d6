package edit

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config/lines"
)

// Change gives the value of a key another text.
type Change struct {
	// Table is where the key is: ["roadrunner"], ["modules", "0"] for the first of
	// an array. [PluginTable] stands for a plugin's, whatever form that has.
	Table []string
	// Keys are what the key may be called.
	Keys []string
	// Old is what the value is now. One that is put together of variables is
	// another in the file, and is not found.
	Old, New string
}

// PluginTable is the table of the plugin of that name.
func PluginTable(name string) []string { return []string{"plugins", name} }

// Set changes values. All else stays as it is, to the byte. It returns the changes
// whose value is not found.
func Set(data []byte, changes ...Change) (out []byte, missing []Change) {
	all := values(data)
	var found []value
	for _, c := range changes {
		before := len(found)
		for _, v := range all {
			if v.is(c) { // more than once where a table stands there again
				v.text = c.New
				found = append(found, v)
			}
		}
		if len(found) == before {
			missing = append(missing, c)
		}
	}
	slices.SortFunc(found, func(a, b value) int { return b.start - a.start })
	out = slices.Clone(data)
	for _, v := range found {
		out = slices.Replace(out, v.start, v.end, []byte(quoted(v.text, data[v.start]))...)
	}
	return out, missing
}

// quoted writes a ref or a module path as TOML, in quotes as they were.
func quoted(text string, quote byte) string {
	if quote == '\'' && !strings.ContainsAny(text, "'\n") {
		return "'" + text + "'"
	}
	return strconv.Quote(text)
}

// value is a string in a document, from start to end with its quotes.
type value struct {
	path       []string // its whole key; of arrays, the places are counted from 0
	text       string
	start, end int
}

func (v value) is(c Change) bool {
	last := len(v.path) - 1
	if v.text != c.Old || !slices.ContainsFunc(c.Keys, func(k string) bool { return strings.EqualFold(k, v.path[last]) }) {
		return false
	}
	if c.Table[0] == "plugins" {
		name, _ := pluginName(v.path[:last])
		return name == c.Table[1] && lines.Is(v.path[last-1:last], name)
	}
	return lines.Is(v.path[:last], c.Table...)
}

// values are all strings of a document that package tree can parse.
func values(data []byte) []value {
	var r reader
	const mark = "\ufeff" // see parse.Data
	r.toml.Reset(slices.Clip(bytes.Replace(data, []byte(mark), []byte("   "), 1)))
	arrays := map[string]int{} // how many tables of an array there were
	var table []string
	for r.toml.NextExpression() {
		e := r.toml.Expression()
		key := keys(e)
		switch e.Kind {
		case unstable.KeyValue:
			r.walk(slices.Concat(table, key), e.Value())
		case unstable.ArrayTable:
			name := strings.Join(key, "\x00")
			table = append(key, strconv.Itoa(arrays[name]))
			arrays[name]++
		default:
			table = key
		}
	}
	return r.found
}

type reader struct {
	toml  unstable.Parser
	found []value
}

// walk collects the strings in a value, however deep.
func (r *reader) walk(path []string, n *unstable.Node) {
	switch n.Kind {
	case unstable.String:
		start := int(n.Raw.Offset)
		r.found = append(r.found, value{path, string(n.Data), start, start + int(n.Raw.Length)})
	case unstable.InlineTable:
		for it := n.Children(); it.Next(); {
			if kv := it.Node(); kv.Kind == unstable.KeyValue {
				r.walk(slices.Concat(path, keys(kv)), kv.Value())
			}
		}
	case unstable.Array:
		i := 0
		for it := n.Children(); it.Next(); {
			if it.Node().Kind != unstable.Comment {
				r.walk(slices.Concat(path, []string{strconv.Itoa(i)}), it.Node())
				i++
			}
		}
	}
}

// keys are those of an expression, dotted or not.
func keys(n *unstable.Node) (out []string) {
	for it := n.Key(); it.Next(); {
		out = append(out, string(it.Node().Data))
	}
	return out
}
