package migrate

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/lines"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// pluginEntry reports whether NAME = { … } is a plugin.
func (m *migration) pluginEntry(x lines.Expression) bool {
	return x.Inline && x.First == x.Last &&
		(lines.Is(x.Path, "plugins", "*") || lines.Is(x.Path, "github", "plugins", "*") || lines.Is(x.Path, "gitlab", "plugins", "*"))
}

// find returns what the config made of a plugin.
func (m *migration) find(x lines.Expression) *config.Plugin {
	for i := range m.cfg.Plugins {
		if m.cfg.Plugins[i].Pos.Line == x.First+1 {
			return &m.cfg.Plugins[i]
		}
	}
	return nil
}

// unresolved reports whether git cannot say where a plugin is.
func unresolved(p *config.Plugin) bool { return p.URL == "" && p.ModulePath == "" && p.Path == "" }

// plugin rewrites [github.plugins.NAME] and its keys.
func (m *migration) plugin(x lines.Expression, body []lines.Expression) {
	p := m.find(x)
	name := x.Path[len(x.Path)-1]
	switch {
	case p == nil: // informer, resetter and config are always in
		m.doc.Drop(x)
		for _, b := range body {
			m.doc.Drop(b)
		}
		m.notef(x, "%s is always in, its entry is removed", name)
		return
	case unresolved(p):
		m.numbered = append(m.numbered, x)
		return
	}
	m.doc.Replace(x, "[plugins."+config.QuoteKey(name)+"]")
	raw := m.root.At(x.Path...)
	where := "" // is among the keys that stay
	if raw.Blank("url") && raw.Blank("path") {
		where = m.where(p, raw)
	}
	for _, b := range body {
		key := strings.ToLower(b.Path[len(b.Path)-1])
		switch key {
		case "owner", "repository":
			if where == "" {
				m.doc.Drop(b)
			} else {
				m.doc.Replace(b, where)
				where = ""
			}
		case "ref", "tag":
			if p.ModulePath == "" && modulePathOf(p) != "" {
				m.doc.Replace(b, "tag = "+strconv.Quote(p.Ref))
			}
		}
	}
}

// inline makes NAME = { … } a table of its own.
func (m *migration) inline(x lines.Expression) {
	p := m.find(x)
	name := x.Path[len(x.Path)-1]
	if p == nil {
		m.doc.Drop(x)
		m.notef(x, "%s is always in, its entry is removed", name)
		return
	}
	table := "plugins." + config.QuoteKey(name)
	if unresolved(p) {
		m.numbered = append(m.numbered, x)
		table = "gitlab." + table
	}
	text := []string{"[" + table + "]"}
	if unresolved(p) {
		text = append(text, m.rawPairs(x)...)
	} else {
		text = append(text, m.keys(p, m.root.At(x.Path...))...)
	}
	m.doc.Replace(x, text...)
	in := lines.Indent(m.doc.Lines[x.First])
	if prev := x.First - 1; prev >= 0 && strings.TrimSpace(m.doc.Lines[prev]) != "" && !strings.HasPrefix(strings.TrimSpace(m.doc.Lines[prev]), "#") {
		m.doc.Insert(x.First, strings.TrimRight(in, " \t"))
	}
}

// pair matches a key of an inline table with a string or a number.
var pair = regexp.MustCompile(`([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[0-9]+)`)

// rawPairs are the keys of an inline table as they stand.
func (m *migration) rawPairs(x lines.Expression) []string {
	line := m.doc.Lines[x.First]
	line = line[strings.IndexByte(line, '{')+1:]
	var out []string
	for _, p := range pair.FindAllStringSubmatch(line, -1) {
		out = append(out, p[1]+" = "+p[2])
	}
	return out
}

// where is the key that says where a plugin comes from, which raw is the entry
// of.
func (m *migration) where(p *config.Plugin, raw *tree.Node) string {
	if p.ModulePath != "" {
		return "module_name = " + strconv.Quote(p.ModulePath)
	}
	if path := modulePathOf(p); path != "" {
		return "module_name = " + strconv.Quote(path)
	}
	return "url = " + strconv.Quote(cmp.Or(raw.Str("url"), p.URL))
}

// modulePathOf knows the module paths of RoadRunner's own plugins: those of
// their organisations at GitHub end in the major version of the tag. Of
// others, only the repository knows.
func modulePathOf(p *config.Plugin) string {
	rest, ok := strings.CutPrefix(p.URL, config.GitHub+"/")
	if !ok || p.Folder != "" || p.ModulePath != "" || !strings.HasPrefix(rest, "roadrunner-server/") && rest != "temporalio/roadrunner-temporal" {
		return ""
	}
	if semver.Canonical(p.Ref) != p.Ref || semver.Major(p.Ref) == "v0" || semver.Major(p.Ref) == "v1" {
		return ""
	}
	return "github.com/" + rest + "/" + semver.Major(p.Ref)
}

// keys are all of a plugin's, in today's form. raw is its entry.
func (m *migration) keys(p *config.Plugin, raw *tree.Node) []string {
	var out []string
	add := func(key, value string) {
		if value != "" {
			out = append(out, key+" = "+strconv.Quote(value))
		}
	}
	if p.Path == "" {
		out = append(out, m.where(p, raw))
	}
	if p.Path == "" && (p.ModulePath != "" || modulePathOf(p) != "") {
		add("tag", p.Ref)
	} else {
		add("ref", p.Ref)
	}
	if p.ModulePath != "" {
		add("url", cmp.Or(raw.Str("url"), p.URL))
	}
	add("folder", p.Folder)
	add("import", p.Import)
	for _, key := range []string{"symbol", "path", "replace", "checksum"} {
		add(key, raw.Str(key))
	}
	return out
}
