// Package schema writes the JSON Schema of velox.toml, for editors: begin at
// [JSON].
//
// It is made from the table of keys that the parser has. It accepts every config
// that the parser accepts, in which a string may have a variable, a key may be
// written in any case, and an empty string is as good as none. What it cannot see
// is what two values have to do with each other, and with the world.
package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/vxlite/vxlite/internal/config/keys"
)

// URL is where the schema of the newest release is. Each vxlite reads the files of
// all before it, so the newest schema is that of every file.
const URL = "https://github.com/vxlite/vxlite/releases/latest/download/" + File

// File is the schema's name in a release.
const File = "velox.schema.json"

// Line is the first line of a config, by which taplo and Even Better TOML find the
// schema: the file beside the config, or else that of the newest release.
func Line(beside bool) string {
	if beside {
		return "#:schema ./" + File + "\n"
	}
	return "#:schema " + URL + "\n"
}

// draft is the edition of JSON Schema.
const draft = "https://json-schema.org/draft/2020-12/schema"

// object is a schema, or a part of one.
type object map[string]any

// JSON returns the schema of today's velox.toml.
func JSON() ([]byte, error) {
	s := table(keys.Root, "#")
	s["$schema"], s["$id"] = draft, URL
	s["title"] = "velox.toml"
	s["description"] = "A custom RoadRunner server, for vxlite; files of every generation of Velox are valid too."
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(s)
	return b.Bytes(), err
}

// table is the schema of a table that stands at a place of the schema.
func table(t *keys.Table, at string) object {
	s := object{"type": "object"}
	if t.Names != nil {
		s["propertyNames"] = object{"minLength": 1, "pattern": cmp.Or(t.NamePattern, printable)}
		s["additionalProperties"] = value(t.Names, at+"/additionalProperties")
		return s
	}
	properties, otherwise := object{}, object{}
	var rules []object
	for i := range t.Keys {
		k := &t.Keys[i]
		place := at + "/properties/" + k.Name
		properties[k.Name] = value(k, place)
		otherwise[otherCase(k.Name)] = object{"$ref": place}
		for _, other := range k.Not {
			rules = append(rules, object{"if": object{"allOf": []object{surely(k.Name), surely(other)}}, "then": object{"patternProperties": object{folded(other): false}}})
		}
		if k.With != "" {
			rules = append(rules, object{"if": object{"allOf": []object{surely(k.Name), {"not": set(k.With)}}}, "then": need(k.With)})
		}
	}
	for _, list := range t.Needs {
		var enough []object
		for _, names := range list {
			var all []object
			for name := range strings.SplitSeq(names, "+") {
				all = append(all, set(name))
			}
			enough = append(enough, object{"allOf": all})
		}
		rules = append(rules, object{"if": object{"not": object{"anyOf": enough}}, "then": need(list[0])})
	}
	s["properties"], s["patternProperties"], s["additionalProperties"] = properties, otherwise, false
	if len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// need is false where a key is not set, so that an editor names it.
func need(name string) object {
	return object{"required": []string{name}, "properties": object{name: object{"minLength": 1, "minItems": 1}}}
}

// folded is a pattern of a key in any case.
func folded(name string) string { return "^" + anyCase(name) + "$" }

// otherCase is a pattern of a key with a capital somewhere.
func otherCase(name string) string {
	var ways []string
	for i, r := range name {
		if upper := strings.ToUpper(string(r)); upper != string(r) {
			ways = append(ways, name[:i]+upper+anyCase(name[i+1:]))
		}
	}
	return "^(" + strings.Join(ways, "|") + ")$"
}

func anyCase(word string) string {
	var b strings.Builder
	for _, r := range word {
		if upper := strings.ToUpper(string(r)); upper != string(r) {
			b.WriteString("[" + upper + string(r) + "]")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// set is true where a key, in any case, has a value: it is not true that each key
// of that name is empty.
func set(name string) object {
	return object{"not": object{"patternProperties": object{folded(name): object{"enum": []any{"", []any{}}}}}}
}

// surely is set, but for values that are empty once variables are replaced.
func surely(name string) object {
	empty := object{"type": []string{"string", "array"}, "pattern": `^$|\$`, "maxItems": 0}
	return object{"not": object{"patternProperties": object{folded(name): empty}}}
}

// value is the schema of a key's value.
func value(k *keys.Key, at string) object {
	var s object
	switch k.Type {
	case keys.Section:
		s = table(k.Table, at)
	case keys.Sections:
		s = object{"type": "array", "items": table(k.Table, at+"/items")}
	case keys.Bool:
		s = object{"type": "boolean"}
	case keys.Integer, keys.Count:
		s = number(k)
	case keys.Size:
		s = number(k)
		s["type"], s["pattern"] = []string{"integer", "string"}, loose(`^\+?[0-9_]*[1-9][0-9_]* *([KMGkmg][Ii]?)?[Bb]?$`)
	case keys.Texts:
		s = text(k)
		s["type"], s["items"], s["minItems"] = []string{"string", "array"}, text(k), k.Least
	case keys.TextOrInteger:
		s = text(k)
		s["type"] = []string{"string", "integer"}
	default:
		s = text(k)
	}
	s["description"] = description(k)
	return s
}

func number(k *keys.Key) object {
	s := object{"type": "integer", "minimum": k.Least}
	if k.Most > 0 {
		s["maximum"] = k.Most
	}
	return s
}

// printable matches what has no control character.
const printable = `^[^\x00-\x1f\x7f-\x9f]*$`

// text is the schema of a string.
func text(k *keys.Key) object {
	s := object{"type": "string"}
	switch {
	case k.Loose:
		s["anyOf"] = []object{{"enum": k.Enum}, {"pattern": printable}}
	case len(k.Enum) > 0:
		words := strings.Join(k.Enum, "|")
		if k.AnyCase {
			words = anyCase(words)
		}
		// The list is what an editor offers.
		s["anyOf"] = []object{{"enum": k.Enum}, {"pattern": loose("^(" + words + ")$")}}
	case k.Pattern != "":
		s["pattern"] = loose(k.Pattern)
	default:
		s["pattern"] = printable
	}
	return s
}

// loose lets a pattern match the empty string and what has a variable too.
func loose(pattern string) string { return `^$|\$\{|` + pattern }

// link is a link in Markdown, which leads nowhere in an editor.
var link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

func description(k *keys.Key) string {
	doc := link.ReplaceAllString(k.Doc, "$1")
	if k.Default != "" {
		doc += ". Default: " + link.ReplaceAllString(k.Default, "$1")
	}
	return doc
}
