// Package rryaml reads a .rr.yaml as RoadRunner's config plugin does: with the
// files that it includes, with what `rr serve -o` sets, keys in lower case,
// keys with dots as sections, and placeholders filled in. Each value knows the
// line where it stands.
package rryaml

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vxlite/vxlite/internal/disk"
)

// File is a .rr.yaml with the files that it includes.
type File struct {
	// Root is the whole of it, a mapping.
	Root *Value
	// Parts are the files alone: the one that was read first, with what is set over
	// it, and then those that it includes.
	Parts []Part
}

// Part is one file.
type Part struct {
	Name string
	Root *Value // a mapping
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
func (e *Error) Error() string { return At(e.File, e.Line) + ": " + e.Text }

// At is FILE:LINE, or FILE where there is no line.
func At(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// Hints says what would help.
func (e *Error) Hints() []string { return e.Hint }

// ExitStatus implements the interface that picks the exit status.
func (e *Error) ExitStatus() int { return e.Status }

// Read reads a .rr.yaml and what it includes, as RoadRunner's config plugin
// does: names of included files are relative to the file's directory, in which
// `rr serve` works. set are key=value as `rr serve -o` takes them.
func Read(file string, env func(string) (string, bool), set ...string) (*File, error) {
	return ReadIn(filepath.Dir(file), file, env, set...)
}

// ReadIn is Read for a server that works in another directory, as with `-w`.
func ReadIn(dir, file string, env func(string) (string, bool), set ...string) (*File, error) {
	b := builder{env: env}
	root, err := b.file(file)
	if err != nil {
		return nil, err
	}
	root = clone(root) // mappings may be the same by aliases
	for _, s := range set {
		if err := b.set(root, s); err != nil {
			return nil, err
		}
	}
	y := &File{Root: clone(root), Parts: []Part{{file, root}}}
	for _, n := range list(root.Get("include")) {
		name, known := n.Text()
		if !known {
			continue
		}
		name = beside(dir, name)
		root, err := b.file(name)
		if err != nil {
			var ye *Error
			if errors.As(err, &ye) && ye.Status == 2 {
				return nil, &Error{File: n.File, Line: n.Line, Text: "include: " + err.Error(), Status: 3}
			}
			return nil, err
		}
		y.Parts = append(y.Parts, Part{name, root})
	}
	for _, p := range y.Parts[1:] { // an included section counts alone
		for _, k := range p.Root.Keys {
			y.Root.put(k)
		}
	}
	return y, nil
}

// list returns the elements of a list, or a scalar alone.
func list(v *Value) []*Value {
	switch {
	case v == nil || v.IsMap() || v.IsNull():
		return nil
	case v.IsList():
		return v.Items
	}
	return []*Value{v}
}

func (b builder) file(name string) (*Value, error) {
	data, err := disk.ReadNamed(name)
	if err != nil {
		e := &Error{File: name, Text: disk.Reason(err), Status: 2}
		if irregular, ok := errors.AsType[*disk.IrregularError](err); ok {
			e.Hint = irregular.Hints()
		}
		return nil, e
	}
	return b.parse(name, data)
}

// parse makes a mapping of a file's text.
func (b builder) parse(name string, data []byte) (*Value, error) {
	var doc yaml.Node
	err := yaml.Unmarshal(data, &doc)
	if err == nil {
		err = yaml.Unmarshal(data, &map[string]any{}) // which also finds keys that stand twice, and aliases without end
	}
	if err != nil {
		return nil, &Error{File: name, Text: "does not parse: " + strings.TrimPrefix(err.Error(), "yaml: "), Status: 3}
	}
	root := &Value{File: name, Line: 1, kind: yaml.MappingNode}
	b.aliased = map[*yaml.Node]bool{}
	aliases(&doc, b.aliased)
	if len(doc.Content) > 0 {
		if v := b.value(name, doc.Content[0], true); v.IsMap() {
			root = v
		}
	}
	return root, nil
}

// SetFlag is the flag by which something is set over a file.
const SetFlag = "--rr-set"

// set sets a key over a file, as `rr serve -o key=value` does. The value is
// text, and stands for whatever was there.
func (b builder) set(root *Value, flag string) error {
	key, text, ok := strings.Cut(strings.TrimLeft(flag, " \"'`"), "=")
	key, text = strings.Trim(key, " \n\t"), strings.Trim(text, " \n\t")
	if !ok || key == "" || text == "" {
		return &Error{File: SetFlag + " " + flag, Text: "this is not key=value", Hint: []string{"write it as for rr serve -o, such as http.address=127.0.0.1:8080"}, Status: 2}
	}
	if q := text[:1]; strings.Contains("\"'`", q) {
		text = strings.ReplaceAll(strings.Trim(text, q), `\`+q, q)
	}
	flag = SetFlag + " " + key // what it is set to may be a secret
	v := &Value{File: flag, kind: yaml.ScalarNode, scalar: text}
	v.scalar, v.unset = b.expanded(text)
	at := root
	elements := strings.Split(strings.ToLower(key), ".")
	for _, e := range elements[:len(elements)-1] {
		next := at.Get(e)
		if next == nil || !next.IsMap() {
			next = &Value{File: flag, kind: yaml.MappingNode}
			at.put(Key{Name: e, Written: e, File: flag, Value: next})
		}
		at = next
	}
	last := elements[len(elements)-1]
	at.put(Key{Name: last, Written: last, File: flag, Value: v})
	return nil
}
