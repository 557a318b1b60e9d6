package rrcheck

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// finding is what a schema says against a section. Where it holds, report is
// called.
type finding struct {
	at     string
	report func()
}

// validate reports what a section's schema says against it, and the plugins'
// types leave open.
func (c *checker) validate(s *jsonschema.Schema, p place) {
	e, ok := s.Validate(p.value.Data()).(*jsonschema.ValidationError)
	if !ok {
		return
	}
	var seen []string
	for _, f := range c.findings(e, p) {
		if !slices.Contains(seen, f.at) {
			seen = append(seen, f.at)
			f.report()
		}
	}
}

// findings are what remains of an error, and of its causes.
func (c *checker) findings(e *jsonschema.ValidationError, p place) []finding {
	var out []finding
	switch k := e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return c.alternatives(e, p)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			if f := c.additional(e, p, name); f != nil {
				out = append(out, *f)
			}
		}
	case *kind.Type:
		if f := c.typed(e, p, k.Want); f != nil {
			out = append(out, *f)
		}
	case *kind.Enum:
		if f := c.worded(e, p, words(k.Want)); f != nil {
			out = append(out, *f)
		}
	case *kind.Minimum, *kind.Maximum, *kind.ExclusiveMinimum, *kind.ExclusiveMaximum, *kind.Pattern, *kind.Const:
		if f := c.bounded(e, p); f != nil {
			out = append(out, *f)
		}
	}
	for _, cause := range e.Causes {
		out = append(out, c.findings(cause, p)...)
	}
	return out
}

// alternatives returns what the alternative that fits best says: none where one
// fits, as a server decodes it, or where all are for other drivers. One for a
// mapping fits a mapping better than one for a number does.
func (c *checker) alternatives(e *jsonschema.ValidationError, p place) []finding {
	var best []finding
	bestFits := false
	depth := len(e.InstanceLocation)
	for _, cause := range e.Causes {
		if says[*kind.Enum](cause, depth+1) {
			continue
		}
		found := c.findings(cause, p)
		if len(found) == 0 {
			return nil
		}
		fits := !says[*kind.Type](cause, depth)
		if best == nil || fits && !bestFits || fits == bestFits && len(found) < len(best) {
			best, bestFits = found, fits
		}
	}
	return best
}

// says reports whether an error, or a cause of it, is of a kind, at that depth.
func says[K jsonschema.ErrorKind](e *jsonschema.ValidationError, depth int) bool {
	if _, ok := e.ErrorKind.(K); ok && len(e.InstanceLocation) == depth {
		return true
	}
	return slices.ContainsFunc(e.Causes, func(cause *jsonschema.ValidationError) bool { return says[K](cause, depth) })
}

// value returns the value that an error is about, and its path.
func (c *checker) value(p place, location []string) (*rryaml.Value, []string) {
	v, path := p.value, slices.Clone(p.path)
	for _, e := range location {
		if v == nil {
			break
		}
		if v.IsList() {
			i, err := strconv.Atoi(e)
			if err != nil || i < 0 || i >= len(v.Items) {
				return nil, path
			}
			v = v.Items[i]
		} else {
			v = v.Get(e)
		}
		path = append(path, e)
	}
	return v, path
}

// types returns what the value at a path is decoded into, from its section on.
func (c *checker) types(path []string) []*rrkeys.Type {
	var types []*rrkeys.Type
	v := c.root
	for i, e := range path {
		if v != nil && v.IsList() {
			types = elements(types)
			n, err := strconv.Atoi(e)
			if err != nil || n >= len(v.Items) {
				return types
			}
			v = v.Items[n]
			continue
		}
		types = c.typesAt(path[:i+1], fields(types, e))
		v = v.Get(e)
	}
	return types
}

// typed: what a type takes is decided by it; otherwise RoadRunner decodes weakly.
func (c *checker) typed(e *jsonschema.ValidationError, p place, want []string) *finding {
	v, path := c.value(p, e.InstanceLocation)
	if v == nil || v.IsNull() || v.Unknown() || len(telling(c.types(path))) > 0 {
		return nil
	}
	kinds := map[string]*rrkeys.Type{"boolean": {Kind: rrkeys.Bool}, "integer": {Kind: rrkeys.Int}, "number": {Kind: rrkeys.Float}, "string": {Kind: rrkeys.String},
		"array": {Kind: rrkeys.List, Elem: &rrkeys.Type{}}, "object": {Kind: rrkeys.Map, Elem: &rrkeys.Type{}}}
	noun := ""
	for _, w := range want {
		t, ok := kinds[w]
		if !ok {
			return nil
		}
		if noun = refuses(t, v); noun == "" {
			return nil
		}
	}
	return &finding{strings.Join(path, "."), func() {
		c.report(v.File, v.Line, nil, "%s: %s is not %s", strings.Join(path, "."), shown(v), noun)
	}}
}

// worded: case makes no difference, but for the encodings of a log. The names of middleware and drivers are
// those of the plugins that are in, and looked at elsewhere.
func (c *checker) worded(e *jsonschema.ValidationError, p place, want []string) *finding {
	v, path := c.value(p, e.InstanceLocation)
	if v == nil || v.IsNull() || v.Unknown() || v.IsMap() || v.IsList() || slices.Contains(path, "middleware") || path[len(path)-1] == "driver" {
		return nil
	}
	text := fmt.Sprint(v.Scalar())
	accepted := want
	if slices.Contains(want, "debug") && slices.Contains(want, "info") {
		accepted = append(slices.Clone(want), moreLevels...)
	}
	same := strings.EqualFold
	if slices.Contains(want, "console") && slices.Contains(want, "json") { // zap looks its encoders up as they are written
		same = func(a, b string) bool { return a == b }
	}
	if slices.ContainsFunc(accepted, func(w string) bool { return same(w, text) }) {
		return nil
	}
	var hints []string
	if meant := near.Name(text, want); meant != "" {
		hints = []string{near.Hint(meant)}
	}
	return &finding{strings.Join(path, "."), func() {
		c.report(v.File, v.Line, hints, "%s: %s is not %s", strings.Join(path, "."), shown(v), brief.Either(want))
	}}
}

// moreLevels are levels of a log that schemas leave out: zap, which RoadRunner's
// plugins parse a level with, takes them too.
var moreLevels = []string{"warning", "dpanic", "fatal"}

// additional: a key of what is decoded into a type is looked at there.
func (c *checker) additional(e *jsonschema.ValidationError, p place, name string) *finding {
	v, path := c.value(p, e.InstanceLocation)
	if v == nil || c.reads(append(path, name)) {
		return nil
	}
	told := telling(c.types(path))
	open := len(told) > 0 // the plugin takes any key, and may read those that the schema does not have
	if slices.ContainsFunc(told, func(t *rrkeys.Type) bool { return t.Kind != rrkeys.Map || t.Elem.Kind != rrkeys.Any }) {
		return nil
	}
	k := v.Key(name)
	if k == nil {
		return nil
	}
	return &finding{strings.Join(append(path, name), "."), func() {
		schemas := expand(p.schemas, p.value)
		at := p.value
		for _, e := range e.InstanceLocation {
			if at.IsList() {
				schemas = items(schemas)
			} else {
				schemas = properties(schemas, e)
			}
			if at, _ = c.value(place{value: at}, []string{e}); at == nil {
				return
			}
			schemas = expand(schemas, at)
		}
		known := listed(schemas)
		if len(path) == 3 && path[0] == "jobs" && path[1] == "pipelines" {
			known = append(known, pipelineKeys...)
		}
		if open && (slices.Contains(known, k.Name) || len(meantBy(v, *k, known)) == 0) {
			return
		}
		c.misspelled(strings.Join(path, "."), v, *k, known)
	}}
}

// pipelineKeys are those that jobs itself reads of a pipeline, which is a mapping
// of anything to it: the methods of its Pipeline.
var pipelineKeys = []string{"name", "queue", "driver", "priority", "config"}

// bounded: what is out of a schema's bounds is not refused by a server that has
// its own.
func (c *checker) bounded(e *jsonschema.ValidationError, p place) *finding {
	v, path := c.value(p, e.InstanceLocation)
	if v == nil || v.IsNull() || v.Unknown() || slices.ContainsFunc(c.types(path), func(t *rrkeys.Type) bool { return t.Kind == rrkeys.Duration }) {
		return nil
	}
	return &finding{strings.Join(path, "."), func() {
		c.remark(v.File, v.Line, "%s: %s", strings.Join(path, "."), outside(v, e.ErrorKind))
	}}
}

// outside says how a value is out of bounds.
func outside(v *rryaml.Value, bound jsonschema.ErrorKind) string {
	switch k := bound.(type) {
	case *kind.Minimum:
		return shown(v) + " is less than " + number(k.Want)
	case *kind.Maximum:
		return shown(v) + " is more than " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return shown(v) + " is not more than " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return shown(v) + " is not less than " + number(k.Want)
	case *kind.Pattern:
		return shown(v) + " does not match the pattern " + k.Want
	case *kind.Const:
		return fmt.Sprintf("%s is not %v", shown(v), k.Want)
	}
	return shown(v) + " is out of bounds"
}

// number writes a bound as a person does.
func number(n *big.Rat) string {
	f, _ := n.Float64()
	return strconv.FormatFloat(f, 'f', -1, 64)
}
