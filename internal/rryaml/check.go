package rryaml

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/near"
)

// Check compares a .rr.yaml with the plugins: what it configures that is not
// in. It returns the sections with their readers, what is no problem and worth a
// remark, and the problems.
func Check(y *File, g *endure.Graph, a endure.Allowance) (sections []Section, remarks []string, problems []error) {
	c := &checker{yaml: y, graph: g, allow: a, top: y.top()}
	c.version()
	c.unread()
	for _, s := range c.top {
		switch s.name {
		case "http":
			c.middleware(s)
		case "jobs":
			_, pipelines := get(s.value, "pipelines")
			c.drivers(s, pipelines, "jobs", "pipeline")
		case "kv":
			c.drivers(s, s.value, "kv", "storage")
		}
	}
	return c.sections, c.remarks, c.problems
}

type checker struct {
	yaml     *File
	graph    *endure.Graph
	allow    endure.Allowance
	top      []section
	sections []Section
	remarks  []string
	problems []error
}

func (c *checker) report(file string, line int, hints []string, format string, args ...any) {
	c.problems = append(c.problems, &Error{File: file, Line: line, Text: fmt.Sprintf(format, args...), Hint: hints, Status: 3})
}

// version: RoadRunner refuses a file without it, or whose version is a number,
// and one that includes a file of another.
func (c *checker) version() {
	hint := []string{"write version: '3'"}
	want := ""
	for i, f := range c.yaml.files {
		key, value := get(f.root, "version")
		switch {
		case key == nil:
			c.report(f.name, f.root.Line, hint, "version is missing, and the server does not start without")
		case value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str":
			c.report(f.name, key.Line, hint, "version is not a string, and the server does not start with it")
		case i == 0:
			want = value.Value
			if v, ok := c.yaml.value(value); ok && v == "2.7" { // config's prevConfigVersion
				c.remarks = append(c.remarks, fmt.Sprintf("%s:%d: version 2.7 is the one before RoadRunner 2023, and the server asks at each start to make it '3'", f.name, key.Line))
			}
		case want != "" && value.Value != want:
			c.report(f.name, key.Line, []string{"write version: '" + want + "'"}, "version is %s, and %s, which includes this file, has %s", value.Value, c.yaml.files[0].name, want)
		}
	}
}

// unread reports the sections that nothing reads.
func (c *checker) unread() {
	var blind []string
	known := slices.Clone(c.graph.Set.Sections)
	for i := range c.graph.Set.Plugins {
		p := &c.graph.Set.Plugins[i]
		known = append(append(known, p.Sections...), strings.ToLower(p.Title))
		if !p.Knows("types") || !p.Knows("Name") {
			blind = append(blind, p.Name)
		}
	}
	for _, s := range c.top {
		row := Section{Name: s.name, File: s.file, Line: s.line, ReadBy: c.readers(s.name)}
		c.sections = append(c.sections, row)
		if len(row.ReadBy) > 0 && c.titled(s.name) < 0 {
			// Others may look into the section of a plugin: a middleware into http's.
			if m, name := c.released(s.name); name != "" {
				c.report(s.file, s.line, []string{releases(name, m)}, "the section %s is read by %s, but its own plugin is not in the server", s.name, endure.List(row.ReadBy))
			}
		}
		if len(row.ReadBy) > 0 || c.isStorage(s.name) {
			continue
		}
		var hints []string
		if m, name := c.released(s.name); name != "" {
			hints = append(hints, releases(name, m))
		} else if meant := near.Name(s.name, known); meant != "" {
			hints = append(hints, near.Hint(meant))
		} else if meant := c.nearReleased(s.name); meant != "" {
			hints = append(hints, meant)
		}
		if len(blind) > 0 {
			hints = append(hints, "unless one of these does, which cannot be read from their sources: "+strings.Join(blind, ", "))
		}
		c.report(s.file, s.line, hints, "no plugin reads the section %s", s.name)
	}
}

// ownKeys are those by which RoadRunner reads the file itself.
var ownKeys = []string{"version", "include", "envfile"}

// readers are who reads a section, sorted.
func (c *checker) readers(name string) []string {
	var out []string
	if slices.Contains(c.graph.Set.Sections, name) || slices.Contains(ownKeys, name) {
		out = append(out, "roadrunner")
	}
	for i := range c.graph.Set.Plugins {
		if p := &c.graph.Set.Plugins[i]; slices.Contains(p.Sections, name) || p.Title != "" && strings.ToLower(p.Title) == name {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}

// isStorage reports whether a section is named for a storage of kv, whose
// plugin looks for its settings there too.
func (c *checker) isStorage(name string) bool {
	for _, s := range c.top {
		if s.name == "kv" && c.titled("kv") >= 0 {
			key, _ := get(s.value, name)
			return key != nil
		}
	}
	return false
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
func (c *checker) middleware(s section) {
	_, list := get(s.value, "middleware")
	names, known := c.collected("http", func(method string) bool { return method == "Middleware" })
	if !known {
		return
	}
	for _, n := range scalars(list) {
		for _, name := range strings.Split(n.Value, ",") {
			part := *n
			part.Value = strings.TrimSpace(name)
			if name, ok := c.yaml.value(&part); ok && name != "" && !slices.Contains(names, name) {
				c.report(s.file, n.Line, c.instead(name, names), "no plugin provides the middleware %s", name)
			}
		}
	}
}

// drivers reports the pipelines and storages whose driver is not in.
func (c *checker) drivers(s section, entries *yaml.Node, plugin, what string) {
	names, known := c.collected(plugin, func(method string) bool { return strings.HasSuffix(method, "FromConfig") })
	if !known {
		return
	}
	for _, e := range pairs(entries) {
		key, driver := get(e.value, "driver")
		if key == nil {
			c.report(s.file, e.key.Line, []string{"write driver: NAME"}, "%s: the %s %s has no driver", plugin, what, e.key.Value)
			continue
		}
		if name, ok := c.yaml.value(driver); ok && !slices.Contains(names, name) {
			c.report(s.file, key.Line, c.instead(name, names), "%s: no plugin provides the driver %s of the %s %s", plugin, name, what, e.key.Value)
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
