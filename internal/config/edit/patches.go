package edit

import (
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/lines"
)

// Patches sets the key patches of a plugin, of RoadRunner, or of the module of that
// path in [[modules]]; an empty list takes it out. It reports false for an entry in
// a form that it does not edit, such as an inline table.
func Patches(data []byte, name string, list []string) ([]byte, bool) {
	doc := lines.Read(data)
	body, prefix, ok := keysOf(doc, name)
	if !ok {
		return nil, false
	}
	line := prefix + strings.TrimSpace(config.TableLines("", config.Setting{Key: "patches", Value: list})[1]) + lineEnding(doc)
	last := body[len(body)-1]
	for _, x := range body {
		if x.Kind != unstable.KeyValue || !strings.EqualFold(x.Path[len(x.Path)-1], "patches") {
			continue
		}
		switch {
		case len(list) == 0:
			doc.Drop(x)
		case x.First == x.Last && lineEnding(doc) == "":
			doc.Replace(x, line)
		default: // comments within stay, below it
			indent := lines.Indent(doc.Lines[x.First])
			doc.Drop(x)
			doc.Insert(x.First, indent+line)
		}
		return doc.Text(), true
	}
	if len(list) > 0 {
		doc.Insert(last.Last+1, lines.Indent(doc.Lines[last.First])+line)
	}
	return doc.Text(), true
}

// keysOf are the keys of an entry, the header before them where there is one, and
// what stands before the name of each.
func keysOf(doc *lines.Document, name string) (body []lines.Expression, prefix string, ok bool) {
	for i, x := range doc.Expressions {
		switch own, whole := pluginName(x.Path); {
		case x.Kind == unstable.KeyValue && own == name && !whole && len(body) == 0 && len(x.Path) > 1:
			// plugins.http.tag = …, below another header
			left, _, _ := strings.Cut(doc.Lines[x.First], "=")
			left = strings.TrimSpace(left)
			dot := strings.LastIndexByte(left, '.')
			if dot < 0 || strings.ContainsAny(left[dot:], `"'`) {
				return nil, "", false
			}
			prefix = left[:dot+1]
			body = slices.DeleteFunc(slices.Clone(doc.Expressions), func(y lines.Expression) bool {
				other, whole := pluginName(y.Path)
				return y.Kind != unstable.KeyValue || other != name || whole
			})
			return body, prefix, true
		case x.Kind == unstable.Table && (own == name && whole || name == config.RoadRunnerName && lines.Is(x.Path, "roadrunner")),
			x.Kind == unstable.ArrayTable && lines.Is(x.Path, "modules") && isModule(doc, i, name):
			return append([]lines.Expression{x}, doc.Body(i)...), "", true
		}
	}
	return nil, "", false
}

// isModule reports whether an entry of [[modules]] is for a module.
func isModule(doc *lines.Document, i int, path string) bool {
	return slices.ContainsFunc(doc.Body(i), func(x lines.Expression) bool {
		_, value, _ := strings.Cut(doc.Lines[x.First], "=")
		value = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), lines.Comment(doc.Lines[x.First])))
		return strings.EqualFold(x.Path[len(x.Path)-1], "module") && (value == `"`+path+`"` || value == `'`+path+`'`)
	})
}
