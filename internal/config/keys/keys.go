// Package keys says which keys a velox.toml may have: begin at [Root]. The parser
// takes these keys with these types and no others, and the tables of
// docs/config.md and the JSON Schema are made from them.
package keys

import "strings"

// Type is what TOML has behind a key.
type Type int

const (
	// Text is a string.
	Text Type = iota
	Bool
	Integer
	// TextOrInteger is a string, or an integer in its place.
	TextOrInteger
	// Texts is an array of strings, or a single string.
	Texts
	// Count is a number above 0, Size a number of bytes or a string such as "1MiB".
	// Their limits are read with them, and not with the other types.
	Count
	Size
	// Date is a day, as a TOML date or as a string: 2027-01-31.
	Date
	// Section is a table, Sections an array of tables.
	Section
	Sections
)

// Key is a key of a table.
type Key struct {
	Name string
	Type Type
	// Table has the keys of a Section, or of each of the Sections.
	Table *Table
	// Doc says what the key means, and Default what counts where it is not set; both
	// in Markdown, with links relative to docs/.
	Doc, Default string
	// Enum are the words that the value can be, where these are few. With AnyCase,
	// it is compared with them without regard to case.
	Enum    []string
	AnyCase bool
	// Loose says that any other value is allowed, and has no effect.
	Loose bool
	// Pattern is a regular expression, of RE2 and ECMA-262 alike, that every valid
	// value matches. It is for editors: the parser knows better, and says more.
	Pattern string
	// Least and Most are the bounds of a number, or of how many Texts there are; a
	// Most of 0 is none.
	Least, Most int64
	// Not are keys beside it that cannot be set as well, With one that has to be.
	Not  []string
	With string
}

// Table is the keys below a header.
type Table struct {
	Keys []Key
	// Names is what stands under each of the user's own names, in a table that has
	// these in place of keys. They are compared with regard to case.
	Names *Key
	// NamePattern is as a key's Pattern, for the names; "" is any but the empty one.
	NamePattern string
	// Needs are lists of keys: of each, one has to be set. "a+b" means both. The
	// first is the usual one.
	Needs [][]string
}

// Key returns the key of that name, without regard to case, or nil.
func (t *Table) Key(name string) *Key {
	if t == nil {
		return nil
	}
	if t.Names != nil {
		return t.Names
	}
	for i := range t.Keys {
		if t.Keys[i].Name == strings.ToLower(name) {
			return &t.Keys[i]
		}
	}
	return nil
}

// HoldsNames reports whether t's keys are the user's own names.
func (t *Table) HoldsNames() bool { return t != nil && t.Names != nil }

// List returns the names of t's keys.
func (t *Table) List() []string {
	if t == nil {
		return nil
	}
	var names []string
	for _, k := range t.Keys {
		names = append(names, k.Name)
	}
	return names
}
