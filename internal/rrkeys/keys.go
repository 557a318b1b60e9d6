// Package rrkeys finds what the plugins of a server read of a .rr.yaml: which
// keys, and into what they are decoded. It reads their sources, and runs and
// compiles nothing. Begin at [Load].
//
// A plugin asks RoadRunner's config plugin for a key by Has, Get or UnmarshalKey.
// The key is a constant, is put together by fmt.Sprintf, or is handed down: the
// plugin jobs gives a driver's DriverFromConfig the key of a pipeline, kv gives
// KvFromConfig that of a storage. So a parameter has the values that it is
// called with anywhere, and an interface's method is any plugin's of that name.
package rrkeys

import (
	"strings"

	"golang.org/x/mod/module"
)

// Keys is what is read of a .rr.yaml. It holds plain values.
type Keys struct {
	// Plugins are in the order of [Input].Plugins.
	Plugins []Plugin `json:"plugins"`
	// Own is what RoadRunner itself reads.
	Own []Read `json:"own,omitempty"`
	// Schemas are the JSON schemas that the modules ship, by module path.
	Schemas map[string][]byte `json:"schemas,omitempty"`
}

// Plugin is what one plugin reads.
type Plugin struct {
	// Name is the plugin's in the velox.toml.
	Name   string `json:"name"`
	Module string `json:"module"`
	// Title is what its method Name returns, which is what a .rr.yaml calls it;
	// empty where that is not known.
	Title string `json:"title,omitempty"`
	// Roles are those of its methods by which another plugin takes it up by its
	// title: Middleware, DriverFromConfig and the like.
	Roles []string `json:"roles,omitempty"`
	// Reads are sorted by key.
	Reads []Read `json:"reads,omitempty"`
	// Unknown are the places that read a key which is known at run time only, as
	// FILE:LINE below the module's root.
	Unknown []string `json:"unknown,omitempty"`
}

// Read is a key that is read.
type Read struct {
	// Key is in lower case, as viper compares. * stands for any element, {a/b} for
	// any key of the mapping a.b.
	Key string `json:"key"`
	// Into is what the value is decoded into, or nil where it is only looked at.
	Into *Type `json:"into,omitempty"`
}

// Type is a Go type as mapstructure decodes into it.
type Type struct {
	Kind Kind `json:"kind"`
	// Elem is a list's or a map's.
	Elem *Type `json:"elem,omitempty"`
	// Fields are a struct's.
	Fields []Field `json:"fields,omitempty"`
}

// Kind is what a [Type] is; the zero value is what takes anything.
type Kind string

// The kinds of types.
const (
	Any      Kind = ""
	Bool     Kind = "bool"
	Int      Kind = "int"
	Uint     Kind = "uint"
	Float    Kind = "float"
	String   Kind = "string"
	Duration Kind = "duration"
	List     Kind = "list"
	Map      Kind = "map"
	Struct   Kind = "struct"
)

// Field is a field of a struct.
type Field struct {
	// Name is as its tag, or else its declaration, spells it.
	Name string `json:"name"`
	Type *Type  `json:"type"`
}

// UnknownText is what is said of the places in [Plugin].Unknown.
const UnknownText = "reads a section whose name is known at run time only"

// Elements splits a key.
func Elements(key string) []string { return strings.Split(key, ".") }

// KeyOf returns the mapping of which an element of a key is any key.
func KeyOf(element string) (mapping []string, ok bool) {
	inner, ok := strings.CutPrefix(element, "{")
	if !ok {
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(inner, "}"), "/"), true
}

// Sections are the first elements of the keys that a plugin reads, each once.
func (p *Plugin) Sections() []string { return sections(p.Reads) }

func sections(reads []Read) []string {
	var out []string
	for _, r := range reads {
		first, _, _ := strings.Cut(r.Key, ".")
		if strings.ContainsAny(first, "{*") || len(out) > 0 && out[len(out)-1] == first {
			continue
		}
		out = append(out, first)
	}
	return out
}

// Sections are what RoadRunner itself reads.
func (k *Keys) Sections() []string { return sections(k.Own) }

// owner is the part of a module path that its owner's modules have in common.
func owner(modulePath string) string {
	prefix, _, ok := module.SplitPathVersion(modulePath)
	if !ok {
		prefix = modulePath
	}
	parts := strings.SplitN(prefix, "/", 3)
	if len(parts) < 3 {
		return modulePath
	}
	return parts[0] + "/" + parts[1] + "/"
}
