package rrcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vxlite/vxlite/internal/rryaml"
)

// expand returns the schemas that apply to a value, with those that they refer
// to. Of alternatives, those count that do not ask for another driver or the
// like.
func expand(schemas []*jsonschema.Schema, v *rryaml.Value) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	todo := slices.Clone(schemas)
	for len(todo) > 0 {
		s := todo[0]
		todo = todo[1:]
		if s == nil || slices.Contains(out, s) || len(out) > mostWork {
			continue
		}
		out = append(out, s)
		todo = append(append(todo, s.Ref), s.AllOf...)
		for _, alternative := range slices.Concat(s.AnyOf, s.OneOf) {
			if !forAnother(alternative, v) {
				todo = append(todo, alternative)
			}
		}
		if s.If != nil {
			if s.If.Validate(v.Data()) == nil {
				todo = append(todo, s.Then)
			} else {
				todo = append(todo, s.Else)
			}
		}
	}
	return out
}

// forAnother reports whether a schema has a property of a few words, and the
// value another.
func forAnother(s *jsonschema.Schema, v *rryaml.Value) bool {
	for _, o := range append([]*jsonschema.Schema{s, s.Ref}, s.AllOf...) {
		if o == nil {
			continue
		}
		for name, property := range o.Properties {
			if property.Enum == nil || v.Get(name) == nil {
				continue
			}
			if text, ok := v.Get(name).Text(); ok && !slices.Contains(property.Enum.Values, any(text)) {
				return true
			}
		}
	}
	return false
}

// properties are the schemas of a key.
func properties(schemas []*jsonschema.Schema, name string) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, s := range schemas {
		found := false
		if p := s.Properties[name]; p != nil {
			out, found = append(out, p), true
		}
		for pattern, p := range s.PatternProperties {
			if pattern.MatchString(name) {
				out, found = append(out, p), true
			}
		}
		if p, ok := s.AdditionalProperties.(*jsonschema.Schema); ok && !found {
			out = append(out, p)
		}
	}
	return out
}

// items are the schemas of a list's elements.
func items(schemas []*jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, s := range schemas {
		if i, ok := s.Items.(*jsonschema.Schema); ok {
			out = append(out, i)
		}
		out = append(out, s.Items2020)
	}
	return slices.DeleteFunc(out, func(s *jsonschema.Schema) bool { return s == nil })
}

// lists reports whether a schema has a property of that name.
func lists(schemas []*jsonschema.Schema, name string) bool {
	return slices.Contains(listed(schemas), name)
}

// listed are the names of all properties, sorted.
func listed(schemas []*jsonschema.Schema) []string {
	var out []string
	for _, s := range schemas {
		for name := range s.Properties {
			out = append(out, strings.ToLower(name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// words are those that a schema allows, as text.
func words(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}
