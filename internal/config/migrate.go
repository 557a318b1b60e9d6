package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/semver"
)

// Migrate returns a config of an older generation in today's form: plugins in
// [plugins.NAME], the compiler's settings in [build]. Comments stay where they
// are, variables as they are. What cannot be migrated is left as it is, and is
// among the notes. A config in today's form is returned unchanged.
func Migrate(file string, data []byte, dir string) ([]byte, []Note, error) {
	keep := func(name string) (string, bool) { return "${" + name + "}", true }
	old, err := Parse(file, data, dir, keep)
	root := parse(file, data).root
	if err := serious(err, root); err != nil {
		return nil, nil, err
	}
	m := &migration{file: file, cfg: old, root: root, lines: strings.Split(string(data), "\n"), seen: map[string]bool{}}
	m.read(data)
	m.tables()
	out := m.text()
	reparsed, err := Parse(file, out, dir, keep)
	if err := serious(err, parse(file, out).root); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be migrated: %w", file, err)
	}
	if what := differ(old, reparsed); what != "" {
		return nil, nil, fmt.Errorf("%s cannot be migrated: its %s would change", file, what)
	}
	return out, m.notes, nil
}

// serious drops the problems that a config may have before and after, and those
// of values with variables in them, which are kept as they are and say nothing.
func serious(err error, root *node) error {
	list, ok := err.(*ErrorList)
	if !ok {
		return err
	}
	vague := map[Position]bool{}
	root.variables(vague)
	rest := slices.DeleteFunc(slices.Clone(list.Problems), func(p Problem) bool {
		return vague[p.Pos] || strings.Contains(p.Text, "is a project id")
	})
	if len(rest) == 0 {
		return nil
	}
	return &ErrorList{Problems: rest}
}

// variables collects the places of the strings with variables in them.
func (n *node) variables(at map[Position]bool) {
	if n.kind == unstable.String && strings.Contains(n.text, "${") {
		at[n.pos] = true
	}
	for _, item := range n.items {
		item.variables(at)
	}
}

// differ names what two configs do not have in common. Where plugins come from
// may be said in another way, as long as it is one place.
func differ(a, b *Config) string {
	for _, c := range []struct {
		what string
		a, b any
	}{
		{"RoadRunner", plain(a.RoadRunner), plain(b.RoadRunner)},
		{"build settings", a.Build, b.Build},
		{"log settings", a.Log, b.Log},
		{"tokens", unnamed(a.Git.Tokens), unnamed(b.Git.Tokens)},
	} {
		if !reflect.DeepEqual(c.a, c.b) {
			return c.what
		}
	}
	if len(a.Plugins) != len(b.Plugins) || len(a.Mirrors) != len(b.Mirrors) || len(a.Replaces) != len(b.Replaces) ||
		len(a.Modules) != len(b.Modules) || len(a.Excludes) != len(b.Excludes) || len(a.Git.Credentials) != len(b.Git.Credentials) {
		return "tables"
	}
	for i := range a.Plugins {
		p, q := a.Plugins[i], b.Plugins[i]
		p.Pos, q.Pos = Position{}, Position{}
		if q.URL == "" && p.ModulePath == "" {
			p.ModulePath, p.URL = q.ModulePath, ""
		}
		if !reflect.DeepEqual(p, q) {
			return "plugin " + p.Name
		}
	}
	return ""
}

// unnamed drops the keys that tokens stand under.
func unnamed(tokens []Token) []Token {
	out := slices.Clone(tokens)
	for i := range out {
		out[i].Key = ""
	}
	return out
}

func plain(r RoadRunner) RoadRunner { r.Pos = Position{}; return r }

// expression is a header or a `key = value` of the document.
type expression struct {
	kind unstable.Kind
	path []string // the whole key, its table's included
	// first and last are lines, counted from 0.
	first, last int
	inline      bool // the value is an inline table
}

// migration edits a config's lines.
type migration struct {
	file string
	cfg  *Config
	// root has the values as they are written: paths that are relative, and
	// names and passwords in URLs.
	root  *node
	lines []string
	exprs []expression
	notes []Note
	// edits say what becomes of a line: nothing, or other lines.
	edits map[int][]string
	seen  map[string]bool // headers
}

// read finds the expressions.
func (m *migration) read(data []byte) {
	m.edits = map[int][]string{}
	var toml unstable.Parser
	toml.Reset(slices.Clip(data))
	var table []string
	for toml.NextExpression() {
		e := toml.Expression()
		var keys []string
		offset := -1
		for it := e.Key(); it.Next(); {
			if offset < 0 {
				offset = int(it.Node().Raw.Offset)
			}
			keys = append(keys, string(it.Node().Data))
		}
		if offset < 0 {
			continue
		}
		x := expression{kind: e.Kind, first: strings.Count(string(data[:offset]), "\n")}
		x.last = x.first
		if e.Kind == unstable.KeyValue {
			x.path = append(slices.Clone(table), keys...)
			x.inline = e.Value().Kind == unstable.InlineTable
			x.last = x.first + valueLines(strings.Join(m.lines[x.first:], "\n"))
		} else {
			table, x.path = keys, keys
		}
		m.exprs = append(m.exprs, x)
	}
}

// valueLines counts the line ends within the value that s begins with the key
// of: those within brackets or triple quotes.
func valueLines(s string) int {
	depth, lines := 0, 0
	quote := ""
	for i := 0; i < len(s); i++ {
		rest := s[i:]
		switch {
		case quote != "":
			if quote[0] == '"' && s[i] == '\\' {
				i++
			} else if strings.HasPrefix(rest, quote) {
				i += len(quote) - 1
				quote = ""
			}
		case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, "'''"):
			quote = rest[:3]
			i += 2
		case s[i] == '"', s[i] == '\'':
			quote = rest[:1]
		case s[i] == '#':
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return lines
			}
			i += end - 1
		case s[i] == '[', s[i] == '{':
			depth++
		case s[i] == ']', s[i] == '}':
			depth--
		}
		if i < len(s) && s[i] == '\n' {
			if depth == 0 && quote == "" {
				return lines
			}
			lines++
		}
	}
	return lines
}

// is reports whether a key is the one of that name, in any case.
func is(path []string, names ...string) bool {
	if len(path) != len(names) {
		return false
	}
	for i, n := range names {
		if n != "*" && !strings.EqualFold(path[i], n) {
			return false
		}
	}
	return true
}

// tables goes over the document once.
func (m *migration) tables() {
	for i, x := range m.exprs {
		if x.kind != unstable.Table {
			continue
		}
		body := m.body(i)
		name := strings.ToLower(strings.Join(x.path, "\x00"))
		repeated := m.seen[name]
		m.seen[name] = true
		switch {
		case repeated: // what it sets is set already, or it would be an error
			m.drop(x)
			for _, b := range body {
				if !m.pluginEntry(b) {
					m.drop(b)
				}
			}
		case is(x.path, "github_token"):
			m.replace(x, "[github.token]")
		case is(x.path, "github"), is(x.path, "gitlab"):
			if len(body) == 0 {
				m.drop(x)
			}
		case is(x.path, "velox"):
			m.velox(x, body)
			continue
		case is(x.path, "target_platform"):
			m.platform(x, body)
			continue
		case is(x.path, "plugins"), is(x.path, "github", "plugins"), is(x.path, "gitlab", "plugins"):
			m.drop(x)
		case is(x.path, "plugins", "*"), is(x.path, "github", "plugins", "*"), is(x.path, "gitlab", "plugins", "*"):
			m.plugin(x, body)
			continue
		}
		for _, b := range body {
			if m.pluginEntry(b) {
				m.inline(b)
			}
		}
	}
}

// body are the `key = value` below a header.
func (m *migration) body(i int) []expression {
	end := i + 1
	for end < len(m.exprs) && m.exprs[end].kind == unstable.KeyValue {
		end++
	}
	return m.exprs[i+1 : end]
}

// pluginEntry reports whether NAME = { … } is a plugin.
func (m *migration) pluginEntry(x expression) bool {
	return x.inline && x.first == x.last &&
		(is(x.path, "plugins", "*") || is(x.path, "github", "plugins", "*") || is(x.path, "gitlab", "plugins", "*"))
}

// drop removes an expression; a comment behind it stays.
func (m *migration) drop(x expression) {
	for l := x.first; l <= x.last; l++ {
		m.edits[l] = []string{}
		if c := comment(m.lines[l]); c != "" {
			m.edits[l] = []string{indent(m.lines[l]) + c}
		}
	}
}

// replace writes something else in an expression's place, before its comment.
func (m *migration) replace(x expression, text ...string) {
	m.drop(x)
	in := indent(m.lines[x.first])
	var out []string
	for _, t := range text {
		out = append(out, strings.TrimRight(in+t, " \t"))
	}
	if c := comment(m.lines[x.first]); c != "" && len(out) > 0 {
		out[0] += " " + c
	}
	m.edits[x.first] = out
}

func (m *migration) notef(x expression, format string, args ...any) {
	m.notes = append(m.notes, Note{Pos: Position{File: m.file, Line: x.first + 1, Column: 1}, Text: fmt.Sprintf(format, args...)})
}

// find returns what the config made of a plugin.
func (m *migration) find(x expression) *Plugin {
	for i := range m.cfg.Plugins {
		if m.cfg.Plugins[i].Pos.Line == x.first+1 {
			return &m.cfg.Plugins[i]
		}
	}
	return nil
}

// unresolved reports whether git cannot say where a plugin is.
func unresolved(p *Plugin) bool { return p.URL == "" && p.ModulePath == "" && p.Path == "" }

// plugin rewrites [github.plugins.NAME] and its keys.
func (m *migration) plugin(x expression, body []expression) {
	p := m.find(x)
	name := x.path[len(x.path)-1]
	switch {
	case p == nil: // informer, resetter and config are always in
		m.drop(x)
		for _, b := range body {
			m.drop(b)
		}
		m.notef(x, "%s is always in, its entry is removed", name)
		return
	case unresolved(p):
		m.notef(x, "plugin %q is left as it is: git cannot clone by a project's number, name its url", name)
		return
	}
	m.replace(x, "[plugins."+quoteKey(name)+"]")
	raw := m.root.at(x.path...)
	where := "" // is among the keys that stay
	if raw.blank("url") && raw.blank("path") {
		where = m.where(p, raw)
	}
	for _, b := range body {
		key := strings.ToLower(b.path[len(b.path)-1])
		switch key {
		case "owner", "repository":
			if where == "" {
				m.drop(b)
			} else {
				m.replace(b, where)
				where = ""
			}
		case "ref", "tag":
			if p.ModulePath == "" && modulePathOf(p) != "" {
				m.replace(b, "tag = "+strconv.Quote(p.Ref))
			}
		}
	}
}

// inline makes NAME = { … } a table of its own.
func (m *migration) inline(x expression) {
	p := m.find(x)
	name := x.path[len(x.path)-1]
	if p == nil {
		m.drop(x)
		m.notef(x, "%s is always in, its entry is removed", name)
		return
	}
	table := "plugins." + quoteKey(name)
	if unresolved(p) {
		m.notef(x, "plugin %q stays in [gitlab.plugins]: git cannot clone by a project's number, name its url", name)
		table = "gitlab." + table
	}
	text := []string{"[" + table + "]"}
	if unresolved(p) {
		text = append(text, m.rawPairs(x)...)
	} else {
		text = append(text, m.keys(p, m.root.at(x.path...))...)
	}
	m.replace(x, text...)
	in := indent(m.lines[x.first])
	if prev := x.first - 1; prev >= 0 && strings.TrimSpace(m.lines[prev]) != "" && !strings.HasPrefix(strings.TrimSpace(m.lines[prev]), "#") {
		m.edits[x.first] = append([]string{strings.TrimRight(in, " \t")}, m.edits[x.first]...)
	}
}

// pair matches a key of an inline table with a string or a number.
var pair = regexp.MustCompile(`([A-Za-z0-9_-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|[0-9]+)`)

// rawPairs are the keys of an inline table as they stand.
func (m *migration) rawPairs(x expression) []string {
	line := m.lines[x.first]
	line = line[strings.IndexByte(line, '{')+1:]
	var out []string
	for _, p := range pair.FindAllStringSubmatch(line, -1) {
		out = append(out, p[1]+" = "+p[2])
	}
	return out
}

// where is the key that says where a plugin comes from, which raw is the entry
// of.
func (m *migration) where(p *Plugin, raw *node) string {
	if p.ModulePath != "" {
		return "module_name = " + strconv.Quote(p.ModulePath)
	}
	if path := modulePathOf(p); path != "" {
		return "module_name = " + strconv.Quote(path)
	}
	return "url = " + strconv.Quote(cmp.Or(raw.str("url"), p.URL))
}

// modulePathOf knows the module paths of RoadRunner's own plugins: those of
// their organisations at GitHub end in the major version of the tag. Of
// others, only the repository knows.
func modulePathOf(p *Plugin) string {
	rest, ok := strings.CutPrefix(p.URL, defaultGitHub+"/")
	if !ok || p.Folder != "" || p.ModulePath != "" || !strings.HasPrefix(rest, "roadrunner-server/") && rest != "temporalio/roadrunner-temporal" {
		return ""
	}
	if semver.Canonical(p.Ref) != p.Ref || semver.Major(p.Ref) == "v0" || semver.Major(p.Ref) == "v1" {
		return ""
	}
	return "github.com/" + rest + "/" + semver.Major(p.Ref)
}

// keys are all of a plugin's, in today's form. raw is its entry.
func (m *migration) keys(p *Plugin, raw *node) []string {
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
		add("url", cmp.Or(raw.str("url"), p.URL))
	}
	add("folder", p.Folder)
	add("import", p.Import)
	for _, key := range []string{"symbol", "path", "replace", "checksum"} {
		add(key, raw.str(key))
	}
	return out
}

// velox makes [velox] build_args a [build].
func (m *migration) velox(x expression, body []expression) {
	b := m.cfg.Build
	var keys []string
	add := func(key, value string) {
		if value != "" {
			keys = append(keys, key+" = "+strconv.Quote(value))
		}
	}
	add("version", b.Version)
	add("time", b.Time)
	for _, list := range []struct {
		key    string
		values []string
	}{{"tags", b.Tags}, {"ldflags", b.LDFlags}, {"gcflags", b.GCFlags}} {
		if len(list.values) > 0 {
			quoted := make([]string, len(list.values))
			for i, v := range list.values {
				quoted[i] = strconv.Quote(v)
			}
			keys = append(keys, list.key+" = ["+strings.Join(quoted, ", ")+"]")
		}
	}
	if b.Race {
		keys = append(keys, "race = true")
	}
	if slices.ContainsFunc(m.exprs, func(e expression) bool { return e.kind == unstable.Table && is(e.path, "build") }) {
		m.notef(x, "[velox] is left as it is, since there is a [build] too")
		return
	}
	if len(keys) == 0 {
		m.drop(x)
	} else {
		m.replace(x, "[build]")
		m.seen["build"] = true
	}
	for _, name := range slices.Sorted(maps.Keys(buildArgVariables)) {
		if strings.Contains(strings.Join(keys, "\n"), "${"+name+"}") {
			m.notef(x, "%s has to be set from now on: in [build] a variable that is not set is an error, in [velox] it was empty", name)
		}
	}
	for i, e := range body {
		if i == 0 && len(keys) > 0 {
			m.replace(e, keys...)
		} else {
			m.drop(e)
		}
	}
}

// platform makes [target_platform] a target of [build].
func (m *migration) platform(x expression, body []expression) {
	if len(m.cfg.Build.Targets) != 1 || len(body) == 0 {
		return
	}
	if m.seen["build"] || slices.ContainsFunc(m.exprs, func(e expression) bool {
		return e.kind == unstable.Table && (is(e.path, "build") || is(e.path, "velox"))
	}) {
		m.notef(x, "[target_platform] is left as it is, since there is a [build] too")
		return
	}
	m.replace(x, "[build]")
	for i, e := range body {
		if i == 0 {
			m.replace(e, fmt.Sprintf("targets = [%q]", m.cfg.Build.Targets[0].String()))
		} else {
			m.drop(e)
		}
	}
}

// text puts the lines together. Where lines went, one blank line is left of
// several.
func (m *migration) text() []byte {
	var out []string
	dropped := false
	for i, line := range m.lines {
		repl, ok := m.edits[i]
		if !ok {
			repl = []string{line}
		}
		dropped = dropped || ok && len(repl) == 0
		for _, l := range repl {
			blank := strings.TrimSpace(l) == ""
			if blank && dropped && (len(out) == 0 || strings.TrimSpace(out[len(out)-1]) == "") {
				continue
			}
			out = append(out, l)
			dropped = dropped && blank
		}
	}
	return []byte(strings.Join(out, "\n"))
}

func indent(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " \t"))] }

// comment returns the comment at a line's end, or "".
func comment(line string) string {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"', c == '\'':
			quote = c
		case c == '#':
			return strings.TrimRight(line[i:], " \t\r")
		}
	}
	return ""
}
