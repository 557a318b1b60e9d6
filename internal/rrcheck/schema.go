package rrcheck

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/mod/module"
)

// compile compiles the schemas of the sections. A section's schema is that of
// the module whose plugin is titled so: all of it, or its definition "driver"
// where it describes the driver's pipelines as well. One that does not compile
// counts as none.
func (c *checker) compile() map[string]*jsonschema.Schema {
	docs := documents(c.keys.Schemas)
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // loads nothing
	for m, doc := range docs {
		if err := compiler.AddResource(schemaURL(m), doc); err != nil {
			return nil
		}
	}
	out := map[string]*jsonschema.Schema{}
	for i := range c.keys.Plugins {
		p := &c.keys.Plugins[i]
		doc, ok := docs[p.Module].(map[string]any)
		if !ok || p.Title == "" {
			continue
		}
		at := schemaURL(p.Module)
		if _, typed := doc["type"]; !typed {
			if pointer(doc, "/definitions/driver") == nil {
				continue
			}
			at += "#/definitions/driver"
		}
		if s, err := compiler.Compile(at); err == nil {
			out[strings.ToLower(p.Title)] = s
		}
	}
	return out
}

// schemaURL is where the compiler finds a module's schema.
func schemaURL(modulePath string) string { return "module:///" + modulePath + "/schema.json" }

// documents parses the schemas, and makes references from one to another refer to
// what is at hand. Without $id, a reference to the schema itself stays one.
func documents(schemas map[string][]byte) map[string]any {
	out := map[string]any{}
	ids := map[string]string{}
	for m, data := range schemas {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if object, ok := doc.(map[string]any); ok && err == nil {
			if id, ok := object["$id"].(string); ok {
				ids[id] = m
			}
			out[m] = doc
		}
	}
	for _, doc := range out {
		relink(doc, doc, out, ids)
	}
	for m, doc := range out {
		if cost(doc, out, map[string]int{}, m, 0) > mostWork {
			out[m] = map[string]any{}
		}
	}
	return out
}

// relink rewrites the references in a schema, which is a part of doc. One to what
// is not at hand is taken out, so that anything is accepted there.
func relink(node, doc any, docs map[string]any, ids map[string]string) {
	switch n := node.(type) {
	case []any:
		for _, e := range n {
			relink(e, doc, docs, ids)
		}
	case map[string]any:
		delete(n, "$id")
		for _, keyword := range []string{"oneOf", "anyOf"} {
			if alternatives, ok := n[keyword].([]any); ok {
				n[keyword] = atHand(alternatives, docs, ids)
			}
		}
		if ref, ok := n["$ref"].(string); ok {
			delete(n, "$ref")
			if to := target(ref, doc, docs, ids); to != "" {
				n["$ref"] = to
			}
		}
		for _, e := range n {
			relink(e, doc, docs, ids)
		}
	}
}

// target is where a reference leads to, or "".
func target(ref string, doc any, docs map[string]any, ids map[string]string) string {
	base, fragment, _ := strings.Cut(ref, "#")
	if base == "" && pointer(doc, fragment) != nil {
		return ref
	}
	if m := referred(base, docs, ids); m != "" && pointer(docs[m], fragment) != nil {
		return schemaURL(m) + "#" + fragment
	}
	return ""
}

// atHand leaves out the alternatives that are not at hand, if all others say what
// they are for: those of drivers.
func atHand(alternatives []any, docs map[string]any, ids map[string]string) []any {
	var out []any
	for _, a := range alternatives {
		object, _ := a.(map[string]any)
		ref, isRef := object["$ref"].(string)
		base, fragment, _ := strings.Cut(ref, "#")
		if isRef && base != "" {
			m := referred(base, docs, ids)
			if m == "" || pointer(docs[m], fragment) == nil {
				continue
			}
			object, _ = pointer(docs[m], fragment).(map[string]any)
		}
		if !saysFor(object) {
			return alternatives
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		return alternatives
	}
	return out
}

// saysFor reports whether a schema has a property of a few words.
func saysFor(schema map[string]any) bool {
	properties, _ := schema["properties"].(map[string]any)
	for _, p := range properties {
		if property, ok := p.(map[string]any); ok && property["enum"] != nil {
			return true
		}
	}
	return false
}

// referred finds the module whose schema is meant by a URL: by its $id, or by
// the repository that the URL is of, whatever the branch.
func referred(ref string, docs map[string]any, ids map[string]string) string {
	if m := ids[ref]; m != "" || ref == "" {
		return m
	}
	u, err := url.Parse(ref)
	if err != nil || !strings.HasSuffix(u.Path, "/schema.json") || strings.Count(u.Path, "/") > 6 {
		return ""
	}
	parts := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", 3)
	if u.Host != "raw.githubusercontent.com" || len(parts) < 3 {
		return ""
	}
	var found []string
	for m := range docs {
		if prefix, _, ok := module.SplitPathVersion(m); ok && prefix == "github.com/"+parts[0]+"/"+parts[1] {
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// pointer returns what a JSON pointer leads to, or nil.
func pointer(doc any, fragment string) any {
	for _, e := range strings.Split(strings.Trim(fragment, "/"), "/") {
		if e == "" {
			continue
		}
		object, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		if text, err := url.PathUnescape(e); err == nil {
			e = text
		}
		doc = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(e)]
	}
	return doc
}

// mostWork bounds how many schemas a value may be held against, all references
// followed.
const mostWork = 100_000

// cost counts the schemas that one stands for, with those that it refers to.
func cost(node any, docs map[string]any, known map[string]int, m string, depth int) int {
	total := 1
	if depth > 1000 {
		return mostWork + 1
	}
	switch n := node.(type) {
	case []any:
		for _, e := range n {
			total = min(total+cost(e, docs, known, m, depth+1), mostWork+1)
		}
	case map[string]any:
		if ref, ok := n["$ref"].(string); ok {
			base, fragment, _ := strings.Cut(ref, "#")
			to := m
			if base != "" {
				to = strings.TrimSuffix(strings.TrimPrefix(base, "module:///"), "/schema.json")
			}
			key := to + "#" + fragment
			if _, ok := known[key]; !ok {
				known[key] = 0 // one that refers to itself goes down with the value
				known[key] = cost(pointer(docs[to], fragment), docs, known, to, depth+1)
			}
			total = min(total+known[key], mostWork+1)
		}
		for _, e := range n {
			total = min(total+cost(e, docs, known, m, depth+1), mostWork+1)
		}
	}
	return total
}
