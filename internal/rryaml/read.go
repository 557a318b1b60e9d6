// Package rryaml reads a .rr.yaml as RoadRunner does, and compares it with the
// plugins of a build.
package rryaml

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"go.yaml.in/yaml/v3"
)

// File is a .rr.yaml with the files that it includes.
type File struct {
	files []part
	env   func(string) (string, bool)
}

// part is one file, as a tree with lines.
type part struct {
	name string
	root *yaml.Node // a mapping
}

// Error is a problem at a line of a .rr.yaml.
type Error struct {
	File string
	Line int // 0 for the whole file
	Text string
	Hint []string
	// Status is the exit status: 2 for a file that cannot be read.
	Status int
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Hints says what would help.
func (e *Error) Hints() []string { return e.Hint }

// ExitStatus implements the interface that picks the exit status.
func (e *Error) ExitStatus() int { return e.Status }

// Read reads a .rr.yaml and what it includes, as RoadRunner's config plugin
// does: names of included files are relative to the file's directory, in which
// `rr serve` works.
func Read(file string, env func(string) (string, bool)) (*File, error) {
	return ReadIn(filepath.Dir(file), file, env)
}

// ReadIn is Read for a server that works in another directory, as with `-w`.
func ReadIn(dir, file string, env func(string) (string, bool)) (*File, error) {
	y := &File{env: env}
	root, err := readFile(file)
	if err != nil {
		return nil, err
	}
	y.files = append(y.files, part{file, root})
	_, include := get(root, "include")
	for _, n := range scalars(include) {
		name, known := y.value(n)
		if !known {
			continue
		}
		name = beside(dir, name)
		root, err := readFile(name)
		if err != nil {
			var ye *Error
			if errors.As(err, &ye) && ye.Status == 2 {
				return nil, &Error{File: file, Line: n.Line, Text: "include: " + err.Error(), Status: 3}
			}
			return nil, err
		}
		y.files = append(y.files, part{name, root})
	}
	return y, nil
}

func readFile(name string) (*yaml.Node, error) {
	data, err := disk.ReadNamed(name)
	if err != nil {
		e := &Error{File: name, Text: disk.Reason(err), Status: 2}
		if irregular, ok := errors.AsType[*disk.IrregularError](err); ok {
			e.Hint = irregular.Hints()
		}
		return nil, e
	}
	var doc yaml.Node
	err = yaml.Unmarshal(data, &doc)
	if err == nil {
		err = yaml.Unmarshal(data, &map[string]any{}) // which also finds keys that stand twice
	}
	if err != nil {
		return nil, &Error{File: name, Text: "does not parse: " + strings.TrimPrefix(err.Error(), "yaml: "), Status: 3}
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.MappingNode, Line: 1}, nil
	}
	return resolved(doc.Content[0]), nil
}

// resolved follows an alias.
func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// pair is a key of a mapping with its value.
type pair struct {
	name       string // in lower case, as viper compares
	key, value *yaml.Node
}

// pairs returns what a mapping holds, merge keys followed.
func pairs(n *yaml.Node) []pair {
	n = resolved(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolved(n.Content[i+1])
		if key.Tag == "!!merge" {
			merged := []*yaml.Node{value}
			if value.Kind == yaml.SequenceNode {
				merged = value.Content
			}
			for _, m := range merged {
				out = append(out, pairs(m)...)
			}
			continue
		}
		out = append(out, pair{strings.ToLower(key.Value), key, value})
	}
	return out
}

// get returns a key of a mapping and its value, or nil twice.
func get(n *yaml.Node, name string) (key, value *yaml.Node) {
	for _, p := range pairs(n) {
		if p.name == name {
			return p.key, p.value
		}
	}
	return nil, nil
}

// scalars returns the elements of a sequence, or a scalar alone.
func scalars(n *yaml.Node) []*yaml.Node {
	switch n = resolved(n); {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode:
		return []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		return nil
	}
	var out []*yaml.Node
	for _, c := range n.Content {
		if c = resolved(c); c.Kind == yaml.ScalarNode {
			out = append(out, c)
		}
	}
	return out
}

// value expands the environment variables of a scalar. It is not known where
// one of them is not set now, for it may be when the server starts.
func (y *File) value(n *yaml.Node) (text string, known bool) {
	known = true
	text = expand(n.Value, func(name string) string {
		v, ok := y.env(name)
		if !ok {
			known = false
		}
		return v
	}, func() { known = true })
	return text, known
}

// expand replaces $NAME, ${NAME} and ${NAME:-default} as RoadRunner's config
// plugin does: a default counts also where the variable is empty, and in a
// string with a default anywhere, a variable without one makes the whole string
// empty. defaulted is called where a default was taken.
func expand(s string, mapping func(string) string, defaulted func()) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		name, width := shellName(s[i+1:])
		switch {
		case name == "" && width > 0: // bad syntax is eaten
		case name == "":
			b.WriteByte('$')
		case strings.Contains(s, ":-"):
			parts := strings.Split(name, ":-")
			if len(parts) != 2 {
				defaulted()
				return ""
			}
			v := mapping(parts[0])
			if v == "" {
				v = parts[1]
				defaulted()
			}
			b.WriteString(v)
		default:
			b.WriteString(mapping(name))
		}
		i += width
	}
	return b.String()
}

// shellName returns the name that a string begins with, and how many bytes it
// takes, braces included.
func shellName(s string) (name string, width int) {
	const special = "*#$@!?-0123456789"
	if s[0] == '{' {
		end := strings.IndexByte(s, '}')
		switch {
		case end < 0:
			return "", 1
		case end == 1:
			return "", 2
		}
		return s[1:end], end + 1
	}
	if strings.IndexByte(special, s[0]) >= 0 {
		return s[:1], 1
	}
	for width < len(s) && (s[width] == '_' || '0' <= s[width] && s[width] <= '9' || 'a' <= s[width]|0x20 && s[width]|0x20 <= 'z') {
		width++
	}
	return s[:width], width
}

// top are the sections of all files, in their order. What stands twice counts
// as it does for RoadRunner: the included file's, the last one.
func (y *File) top() []section {
	var out []section
	for _, f := range y.files {
		for _, p := range pairs(f.root) {
			name, _, _ := strings.Cut(p.name, ".") // viper reads a.b as a section a
			s := section{name: name, file: f.name, line: p.key.Line, value: p.value}
			if i := slices.IndexFunc(out, func(o section) bool { return o.name == name }); i >= 0 {
				out[i] = s
				continue
			}
			out = append(out, s)
		}
	}
	return out
}

// section is a top-level key.
type section struct {
	name, file string
	line       int
	value      *yaml.Node
}
