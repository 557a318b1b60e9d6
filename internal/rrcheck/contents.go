package rrcheck

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// place is a value with all that is known of what it may be.
type place struct {
	path  []string
	value *rryaml.Value
	// types are what plugins decode it into; each of them must take it.
	types []*rrkeys.Type
	// schemas are those that apply to it.
	schemas []*jsonschema.Schema
}

func (p *place) String() string { return strings.Join(p.path, ".") }

// contents reports the keys of sections that nothing reads, and the values that
// cannot be decoded. A section that nothing reads has been reported.
func (c *checker) contents() {
	schemas := c.compile()
	for _, s := range c.root.Keys {
		if len(c.readers(s.Name)) == 0 {
			continue
		}
		p := place{path: []string{s.Name}, value: s.Value, types: c.typesAt([]string{s.Name}, nil)}
		if schema := schemas[s.Name]; schema != nil {
			p.schemas = []*jsonschema.Schema{schema}
			c.validate(schema, p)
		}
		c.walk(p)
	}
}

// inOrder sorts problems as the files have them. Those of a schema come as they
// please.
func (c *checker) inOrder(problems []error) {
	place := func(err error) (file, line int) {
		e := err.(*rryaml.Error)
		return slices.IndexFunc(c.yaml.Parts, func(p rryaml.Part) bool { return p.Name == e.File }), e.Line
	}
	slices.SortStableFunc(problems, func(a, b error) int {
		fileA, lineA := place(a)
		fileB, lineB := place(b)
		return cmp.Or(fileA-fileB, lineA-lineB, strings.Compare(a.Error(), b.Error()))
	})
}

// typesAt returns what plugins decode the value at a path into, besides what
// its parent is decoded into. A type that takes anything tells nothing beside
// one that does not: jobs takes pipelines as they are, for its drivers to read.
func (c *checker) typesAt(path []string, inherited []*rrkeys.Type) (out []*rrkeys.Type) {
	out = slices.Clone(inherited)
	defer func() {
		if told := telling(out); len(told) > 0 {
			out = told
		}
	}()
	for _, r := range c.keys.Own {
		if r.Into != nil && c.matches(rrkeys.Elements(r.Key), path) {
			out = append(out, r.Into)
		}
	}
	for i := range c.keys.Plugins {
		for _, r := range c.keys.Plugins[i].Reads {
			if r.Into == nil || !c.matches(rrkeys.Elements(r.Key), path) {
				continue
			}
			switch mine, known := c.drives(&c.keys.Plugins[i], path); {
			case !known:
				out = append(out, &rrkeys.Type{})
			case mine:
				out = append(out, r.Into)
			}
		}
	}
	return out
}

// telling are the types that do not take anything.
func telling(types []*rrkeys.Type) []*rrkeys.Type {
	return slices.DeleteFunc(slices.Clone(types), func(t *rrkeys.Type) bool { return t.Kind == rrkeys.Any })
}

// matches reports whether a key's elements stand for a path.
func (c *checker) matches(key, path []string) bool {
	if len(key) != len(path) {
		return false
	}
	for i, e := range key {
		if mapping, ok := rrkeys.KeyOf(e); ok {
			if c.at(mapping).Get(path[i]) == nil {
				return false
			}
		} else if e != "*" && e != path[i] {
			return false
		}
	}
	return true
}

// at returns the value at a path, or nil.
func (c *checker) at(path []string) *rryaml.Value {
	v := c.root
	for _, e := range path {
		if v = v.Get(e); v == nil {
			return nil
		}
	}
	return v
}

// drives reports whether a part of a .rr.yaml is for a plugin: one that has a
// driver is for the driver's plugin. It is not known where the driver's name is
// not.
func (c *checker) drives(p *rrkeys.Plugin, path []string) (mine, known bool) {
	if !slices.ContainsFunc(p.Roles, func(r string) bool { return strings.HasSuffix(r, "FromConfig") }) {
		return true, true
	}
	driver := c.at(path[:len(path)-1]).Get("driver")
	if len(path) == 1 {
		driver = c.at([]string{"kv", path[0]}).Get("driver")
		if path[0] == strings.ToLower(p.Title) && driver == nil {
			return true, true // what all of its drivers have in common
		}
	}
	if driver == nil {
		return true, true
	}
	name, known := driver.Text()
	return name == p.Title, known
}

// walk looks at a value and at what it holds.
func (c *checker) walk(p place) {
	if p.value.IsNull() || p.value.Unknown() {
		return
	}
	for _, t := range p.types {
		if want := refuses(t, p.value); want != "" {
			c.report(p.value.File, p.value.Line, remedy(t, p.value), "%s: %s is not %s", &p, shown(p.value), want)
			return
		}
		if n, ok := p.value.Scalar().(int); ok && t.Kind == rrkeys.Duration && n > 0 && n < int(time.Millisecond) {
			c.report(p.value.File, p.value.Line, []string{fmt.Sprintf("write %ds, or another unit", n)}, "%s: %d without a unit is %d nanoseconds", &p, n, n)
			return
		}
	}
	p.schemas = expand(p.schemas, p.value)
	for i, item := range p.value.Items {
		c.walk(place{path: append(slices.Clone(p.path), fmt.Sprint(i)), value: item, types: elements(p.types), schemas: items(p.schemas)})
	}
	for _, k := range p.value.Keys {
		path := append(slices.Clone(p.path), k.Name)
		child := place{path: path, value: k.Value, types: c.typesAt(path, fields(p.types, k.Name)), schemas: properties(p.schemas, k.Name)}
		if len(p.types) > 0 && len(child.types) == 0 && !c.reads(path) && !lists(p.schemas, k.Name) {
			c.unknownKey(&p, k)
			continue
		}
		c.walk(child)
	}
}

// unknownKey reports a key that nothing reads.
func (c *checker) unknownKey(p *place, k rryaml.Key) {
	known := listed(p.schemas)
	for _, t := range p.types {
		for _, f := range t.Fields {
			known = append(known, strings.ToLower(f.Name))
		}
	}
	slices.Sort(known)
	c.misspelled(p.String(), p.value, k, slices.Compact(known))
}

// misspelled reports a key that nothing reads. It is a problem where a key is near
// that could be meant; otherwise it may be one that an older plugin read, which
// does no harm.
func (c *checker) misspelled(path string, in *rryaml.Value, k rryaml.Key, known []string) {
	if meant := meantBy(in, k, known); len(meant) > 0 {
		c.report(k.File, k.Line, []string{near.Hint(meant[0])}, "%s.%s: no plugin reads this key", path, k.Written)
		return
	}
	c.remark(k.File, k.Line, "%s.%s: no plugin reads this key", path, k.Written)
}

// meantBy are the known keys that one is a slip of, without those that are there.
func meantBy(in *rryaml.Value, k rryaml.Key, known []string) []string {
	missing := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return in.Get(name) != nil })
	return near.Within(min(2, max(1, len(k.Written)/3)), k.Written, missing)
}

// reads reports whether some plugin reads a path, or something below it.
func (c *checker) reads(path []string) bool {
	for i := range c.keys.Plugins {
		for _, r := range c.keys.Plugins[i].Reads {
			if key := rrkeys.Elements(r.Key); len(key) >= len(path) && c.matches(key[:len(path)], path) {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.keys.Own, func(r rrkeys.Read) bool {
		key := rrkeys.Elements(r.Key)
		return len(key) >= len(path) && c.matches(key[:len(path)], path)
	})
}

// fields are the types of a key.
func fields(types []*rrkeys.Type, name string) []*rrkeys.Type {
	var out []*rrkeys.Type
	for _, t := range types {
		switch t.Kind {
		case rrkeys.Any:
			out = append(out, t)
		case rrkeys.Map:
			out = append(out, t.Elem)
		case rrkeys.List: // a mapping for a list of one
			out = append(out, fields([]*rrkeys.Type{t.Elem}, name)...)
		case rrkeys.Struct:
			for _, f := range t.Fields {
				if strings.EqualFold(f.Name, name) {
					out = append(out, f.Type)
				}
			}
		}
	}
	return out
}

// elements are the types of a list's elements.
func elements(types []*rrkeys.Type) []*rrkeys.Type {
	var out []*rrkeys.Type
	for _, t := range types {
		switch t.Kind {
		case rrkeys.Any, rrkeys.Map: // mappings in a list count as one
			out = append(out, t)
		case rrkeys.List:
			out = append(out, t.Elem)
		}
	}
	return out
}

// consume reports the pipelines that jobs is to consume and does not know.
func (c *checker) consume(s *rryaml.Key) {
	if c.titled("jobs") < 0 {
		return
	}
	var names []string
	if pipelines := s.Value.Get("pipelines"); !pipelines.IsNull() {
		for _, k := range pipelines.Keys {
			names = append(names, k.Name)
		}
	}
	for _, n := range s.Value.Get("consume").List() {
		text, ok := n.Text()
		for _, name := range strings.Split(text, ",") {
			if !ok || name == "" || slices.Contains(names, name) {
				continue
			}
			var hints []string
			if slices.Contains(names, strings.ToLower(name)) {
				hints = []string{"RoadRunner has the names of pipelines in lower case: write " + strings.ToLower(name)}
			} else if meant := near.Name(name, names); meant != "" {
				hints = []string{near.Hint(meant)}
			} else if len(names) > 0 {
				hints = []string{"there are: " + strings.Join(names, ", ")}
			}
			c.report(n.File, n.Line, hints, "jobs.consume: there is no pipeline %s", name)
		}
	}
}
