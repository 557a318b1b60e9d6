// Package rrcheck compares a .rr.yaml with the plugins of a server: sections that
// none reads, keys and values in them, middleware and drivers that are not in,
// and plugins that it never uses. Begin at [Check].
//
// What a value may be is known twice: by the Go type that the plugin decodes it
// into, and by the JSON schema that the plugin's module may ship. The type says
// what a server accepts, for RoadRunner decodes weakly: "2" is a number. So a
// schema counts only for what a type does not tell, such as the words that a
// level may be.
package rrcheck

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
)

// Result is what came of a check.
type Result struct {
	// Sections are the top-level keys with their readers, in their order.
	Sections []Section
	// Unused are the names of plugins that the .rr.yaml never uses, in their order.
	Unused []string
	// Remarks are no problem, and worth knowing.
	Remarks  []string
	Problems []error
}

// Check compares a .rr.yaml with the plugins.
func Check(y *rryaml.File, g *endure.Graph, k *rrkeys.Keys, a endure.Allowance) *Result {
	c := &checker{yaml: y, graph: g, keys: k, allow: a, root: y.Root}
	c.version()
	c.unread()
	if s := c.root.Key("http"); s != nil {
		c.middleware(s)
	}
	if s := c.root.Key("jobs"); s != nil {
		c.drivers(s.Value.Get("pipelines"), "jobs", "pipeline")
		c.consume(s)
	}
	if s := c.root.Key("kv"); s != nil {
		c.drivers(s.Value, "kv", "storage")
	}
	c.addresses()
	c.contents()
	c.unused()
	c.inOrder(c.result.Problems)
	c.inOrder(c.remarks)
	for _, r := range c.remarks {
		c.result.Remarks = append(c.result.Remarks, r.Error())
	}
	return &c.result
}

type checker struct {
	yaml   *rryaml.File
	root   *rryaml.Value
	graph  *endure.Graph
	keys   *rrkeys.Keys
	allow  endure.Allowance
	result Result
	// remarks are of the type Error, as problems are.
	remarks []error
	// meant are names that are in, and of which a slip stands in the file.
	meant []string
}

func (c *checker) report(file string, line int, hints []string, format string, args ...any) {
	c.result.Problems = append(c.result.Problems, &rryaml.Error{File: file, Line: line, Text: fmt.Sprintf(format, args...), Hint: hints, Status: 3})
}

func (c *checker) remark(file string, line int, format string, args ...any) {
	c.remarks = append(c.remarks, &rryaml.Error{File: file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// version: RoadRunner refuses a file without it, or whose version is a number,
// and one that includes a file of another.
func (c *checker) version() {
	hint := []string{"write version: '3'"}
	want := ""
	for i, f := range c.yaml.Parts {
		key := f.Root.Key("version")
		switch {
		case key == nil:
			c.report(f.Name, f.Root.Line, hint, "version is missing, and the server does not start without")
			continue
		case !isString(key.Value):
			c.report(key.File, key.Line, hint, "version is not a string, and the server does not start with it")
			continue
		}
		version, known := key.Value.Text()
		switch {
		case i == 0:
			want = version
			if known && version == "2.7" { // config's prevConfigVersion
				c.remark(key.File, key.Line, "version 2.7 is the one before RoadRunner 2023, and the server asks at each start to make it '3'")
			}
		case want != "" && version != want:
			c.report(key.File, key.Line, []string{"write version: '" + want + "'"}, "version is %s, and %s, which includes this file, has %s", version, c.yaml.Parts[0].Name, want)
		}
	}
}

func isString(v *rryaml.Value) bool {
	_, ok := v.Scalar().(string)
	return ok
}

// unread reports the sections that nothing reads.
func (c *checker) unread() {
	var blind []string
	known := slices.Clone(c.keys.Sections())
	for i := range c.graph.Set.Plugins {
		p := &c.graph.Set.Plugins[i]
		k := c.read(i)
		known = append(append(known, k.Sections()...), strings.ToLower(p.Title))
		if !p.Knows("types") || !p.Knows("Name") || len(k.Unknown) > 0 {
			blind = append(blind, p.Name)
		}
	}
	for _, s := range c.root.Keys {
		row := Section{Name: s.Name, File: s.File, Line: s.Line, ReadBy: c.readers(s.Name)}
		c.result.Sections = append(c.result.Sections, row)
		if len(row.ReadBy) > 0 && c.titled(s.Name) < 0 {
			// Others may look into the section of a plugin: a middleware into http's.
			if m, name := c.released(s.Name); name != "" {
				c.report(s.File, s.Line, []string{releases(name, m)}, "the section %s is read by %s, but its own plugin is not in the server", s.Name, endure.List(row.ReadBy))
			}
		}
		if len(row.ReadBy) > 0 || Custom(s.Name) {
			continue
		}
		if since := gone[s.Name]; since != "" {
			c.remark(s.File, s.Line, "no plugin reads the section %s: RoadRunner has no such plugin since %s", s.Name, since)
			continue
		}
		var hints []string
		if m, name := c.released(s.Name); name != "" {
			hints = append(hints, releases(name, m))
		} else if meant := near.Name(s.Name, known); meant != "" {
			hints = append(hints, near.Hint(meant))
			c.meant = append(c.meant, meant)
		} else if meant := c.nearReleased(s.Name); meant != "" {
			hints = append(hints, meant)
		} else if s.Value.Anchors() {
			continue
		}
		if len(blind) > 0 {
			hints = append(hints, "unless one of these does, which cannot be read from their sources: "+strings.Join(blind, ", "))
		}
		c.report(s.File, s.Line, hints, "no plugin reads the section %s", s.Name)
	}
}

// read returns what a plugin of the graph reads.
func (c *checker) read(i int) *rrkeys.Plugin {
	if i < len(c.keys.Plugins) {
		return &c.keys.Plugins[i]
	}
	return &rrkeys.Plugin{} // one of RoadRunner's own
}

// gone are sections of plugins that RoadRunner had, which stand in old files and in
// its own sample, with the release that was the first without.
var gone = map[string]string{"reload": "v2023.1.0", "broadcast": "v2.12.0", "websockets": "v2.12.0"}

// readers are who reads a section, sorted.
func (c *checker) readers(name string) []string {
	var out []string
	if slices.Contains(c.keys.Sections(), name) || slices.Contains(OwnKeys, name) {
		out = append(out, "roadrunner")
	}
	for i := range c.graph.Set.Plugins {
		p := &c.graph.Set.Plugins[i]
		reads := slices.ContainsFunc(c.read(i).Reads, func(r rrkeys.Read) bool {
			return c.matches(rrkeys.Elements(r.Key)[:1], []string{name})
		})
		if reads || p.Title != "" && strings.ToLower(p.Title) == name {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}

// titled returns the plugin whose method Name returns that, or -1.
func (c *checker) titled(title string) int {
	return slices.IndexFunc(c.graph.Set.Plugins, func(p endure.Plugin) bool { return p.Title == title })
}

// released finds a plugin of RoadRunner's release by what a .rr.yaml calls it.
func (c *checker) released(title string) (module.Version, string) {
	plain := strings.NewReplacer("-", "", "_", "")
	for _, m := range c.allow.Release {
		base := released(m)
		if plain.Replace(base) == plain.Replace(title) && !slices.ContainsFunc(c.graph.Set.Plugins, func(p endure.Plugin) bool { return endure.SameModule(p.Module, m.Path) }) {
			return m, base
		}
	}
	return module.Version{}, ""
}

// released is what a .rr.yaml calls a plugin of the release, as its path says.
func released(m module.Version) string {
	prefix, _, _ := module.SplitPathVersion(m.Path)
	return strings.TrimPrefix(path.Base(prefix), "roadrunner-")
}

// middleware reports the middleware that http would not find.
func (c *checker) middleware(s *rryaml.Key) {
	list := s.Value.Get("middleware")
	names, known := c.collected("http", func(method string) bool { return method == "Middleware" })
	if !known {
		return
	}
	for _, n := range list.List() {
		text, ok := n.Text()
		for _, name := range strings.Split(text, ",") {
			if name = strings.TrimSpace(name); ok && name != "" && !slices.Contains(names, name) {
				c.report(n.File, n.Line, c.instead(name, names), "no plugin provides the middleware %s", name)
			}
		}
	}
}

// drivers reports the pipelines and storages whose driver is not in.
func (c *checker) drivers(entries *rryaml.Value, plugin, what string) {
	names, known := c.collected(plugin, func(method string) bool { return strings.HasSuffix(method, "FromConfig") })
	if !known || entries.IsNull() {
		return
	}
	for _, e := range entries.Keys {
		key := e.Value.Key("driver")
		if key == nil {
			c.report(e.File, e.Line, []string{"write driver: NAME"}, "%s: the %s %s has no driver", plugin, what, e.Written)
			continue
		}
		if name, ok := key.Value.Text(); ok && !slices.Contains(names, name) {
			c.report(key.File, key.Line, c.instead(name, names), "%s: no plugin provides the driver %s of the %s %s", plugin, name, what, e.Written)
		}
	}
}

// releases says which plugin of the release is meant.
func releases(name string, m module.Version) string {
	return fmt.Sprintf("RoadRunner's release has %s:\n%s", name, strings.Join(endure.Entry(name, m), "\n"))
}

// nearReleased asks whether a plugin of the release is meant that is not in, and
// is spelled a little otherwise.
func (c *checker) nearReleased(name string) string {
	var names []string
	for _, m := range c.allow.Release {
		if _, base := c.released(released(m)); base != "" {
			names = append(names, base)
		}
	}
	meant := near.Name(name, names)
	if meant == "" {
		return ""
	}
	m, _ := c.released(meant)
	return near.Hint(meant) + " " + releases(meant, m)
}

// instead says what could be meant, or which plugin would bring it.
func (c *checker) instead(name string, known []string) []string {
	if m, base := c.released(name); base != "" {
		return []string{releases(base, m)}
	}
	if meant := near.Name(name, known); meant != "" {
		c.meant = append(c.meant, meant)
		return []string{near.Hint(meant)}
	}
	if meant := c.nearReleased(name); meant != "" {
		return []string{meant}
	}
	if len(known) == 0 {
		return nil
	}
	return []string{"those that are in: " + strings.Join(known, ", ")}
}

// collected returns the names of what a plugin collects by an interface with
// such a method, sorted. It is not known where the plugin is not in, which is
// told elsewhere, or where its sources or a name do not tell.
func (c *checker) collected(title string, method func(string) bool) (names []string, known bool) {
	i := c.titled(title)
	if i < 0 || !c.graph.Set.Plugins[i].Knows("Collects") {
		return nil, false
	}
	for _, w := range c.graph.Set.Plugins[i].Collects {
		if !slices.ContainsFunc(w.Methods, func(m string) bool { name, _, _ := strings.Cut(m, "("); return method(name) }) {
			continue
		}
		known = true
		for _, o := range w.Offers {
			p := &c.graph.Set.Plugins[o.Plugin]
			if !p.Knows("Name") {
				return nil, false
			}
			names = append(names, p.Title)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), known
}

// Section is one section of a .rr.yaml.
type Section struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
	// ReadBy are names of plugins, or roadrunner, sorted.
	ReadBy []string `json:"read_by"`
}
