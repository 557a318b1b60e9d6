package parse

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
)

// label names a plugin in a message.
func label(n *tree.Node) string {
	plugins := n.Parent
	if plugins.Parent.Parent == nil {
		return fmt.Sprintf("plugin %q", n.Name)
	}
	return fmt.Sprintf("%s plugin %q", strings.ToLower(plugins.Parent.Name), n.Name)
}

func (d *draft) validatePlugins() {
	names := map[string]*tree.Node{}
	for i, n := range d.plugins {
		if n.Name == "" {
			d.Errorf(n.Key, "a plugin has no name")
		}
		if strings.EqualFold(n.Name, config.RoadRunnerName) {
			d.Errorf(n.Key, "%s has the name of RoadRunner itself", label(n)).Hint = "give it another name, such as my-roadrunner"
		}
		name := strings.ToLower(n.Name)
		if first := names[name]; first == nil {
			names[name] = n
		} else {
			d.Errorf(n.Key, "%s is already set as %q at %s", label(n), first.Name, first.Key)
		}
		d.validatePlugin(&d.Plugins[i], n)
	}
	d.validateProjects()
}

func (d *draft) validatePlugin(p *config.Plugin, n *tree.Node) {
	what := label(n)
	d.require(n, what)
	d.source(n, what)
	for _, key := range []string{"owner", "repository"} {
		if s := n.Str(key); s != "" && !isRepositoryPath(s) {
			d.Errorf(n.Get(key).Pos, "%s: %s %q is not a part of a clone URL", what, key, s)
		}
	}
	if !token.IsIdentifier(p.Symbol) || !token.IsExported(p.Symbol) {
		d.Errorf(n.Get("symbol").Pos, "%s: symbol %q is not an exported Go name", what, p.Symbol)
	}
	d.modulePath(n, "module_name", what)
	if p.Import == "" {
		return
	}
	if err := module.CheckImportPath(p.Import); err != nil {
		d.Errorf(n.Get("import").Pos, "%s: %v", what, err)
	} else if p.ModulePath != "" && p.Import != p.ModulePath && !strings.HasPrefix(p.Import, p.ModulePath+"/") {
		d.Errorf(n.Get("import").Pos, "%s: import %q is not in the module %q", what, p.Import, p.ModulePath)
	}
}

// require reports the keys that a plugin lacks to be found.
func (d *draft) require(n *tree.Node, what string) {
	if !n.Blank("path") {
		return
	}
	if n.Blank("ref") && n.Blank("tag") {
		d.Errorf(n.Key, "%s has no ref", what)
	}
	if !n.Blank("url") || !n.Blank("module_name") {
		return
	}
	owner, repository := n.Blank("owner"), n.Blank("repository")
	forge := n.Parent.Parent.Parent != nil
	switch {
	case owner && repository && !forge:
		d.Errorf(n.Key, "%s has none of module_name, url, path, owner and repository", what)
	case owner:
		d.Errorf(n.Key, "%s has no owner", what)
		if repository {
			d.Errorf(n.Key, "%s has no repository", what)
		}
	case repository:
		d.Errorf(n.Key, "%s has no repository", what)
	}
}

// ByNumber is how the problem of project ids ends.
const ByNumber = ", and git cannot clone by number"

// numbered reports whether a plugin's repository is a project id that nothing gives
// a path.
func (d *draft) numbered(n *tree.Node) bool {
	id := n.Str("repository")
	return onGitLab(n) && n.Blank("path") && n.Blank("url") && n.Blank("module_name") && !n.Blank("owner") &&
		isNumber(id) && d.root.At("gitlab", "projects").Blank(id)
}

// validateProjects reports all project ids at once, with one table to fill in.
func (d *draft) validateProjects() {
	var names, ids []string
	var settings []config.Setting
	var first *tree.Node
	for _, n := range d.plugins {
		if !d.numbered(n) {
			continue
		}
		id := n.Get("repository")
		names = append(names, strconv.Quote(n.Name))
		if first == nil {
			first = id
		}
		if !slices.Contains(ids, strconv.Quote(id.Text)) {
			ids = append(ids, strconv.Quote(id.Text))
			settings = append(settings, config.Setting{Key: id.Text, Value: "GROUP/PROJECT"})
		}
	}
	if first == nil {
		return
	}
	plugins, are, projects := "plugin", "repository %s is a project id", "project"
	if len(names) > 1 {
		plugins = "plugins"
	}
	if len(ids) > 1 {
		are, projects = "repositories %s are project ids", "projects"
	}
	p := d.Errorf(first.Pos, "gitlab %s %s: "+are+ByNumber, plugins, strings.Join(names, ", "), strings.Join(ids, ", "))
	words := fmt.Sprintf(`set url = "%s/GROUP/PROJECT.git" on the %s, or name the %s`, d.base("gitlab", config.GitLab), plugins, projects)
	p.Hint = config.Snippet(words, "[gitlab.projects]", settings...)
	if t := d.root.At("gitlab", "projects"); t != nil { // a second header would be an error
		p.Hint = words + " in [gitlab.projects]:\n" + strings.Join(config.TableLines("", settings...)[1:], "\n")
	}
}

// modulePath checks a key of a table that holds a module path. That of a
// directory need not lead anywhere.
func (d *draft) modulePath(t *tree.Node, key, what string) {
	n := t.Get(key)
	if n == nil || n.Kind != unstable.String || n.Text == "" {
		return
	}
	if isLocalPath(n.Text) && (!t.Blank("path") || !t.Blank("replace")) {
		return
	}
	if err := checkModulePath(n.Text); err != nil {
		d.Errorf(n.Pos, "%s: %s %v", what, n.Name, err)
	}
}

// isRepositoryPath reports whether s can be joined into a clone URL.
func isRepositoryPath(s string) bool {
	for _, element := range strings.Split(s, "/") {
		if element == "" || element == "." || element == ".." || strings.HasPrefix(element, "-") {
			return false
		}
	}
	return !strings.ContainsAny(s, ` \:?#%@`)
}

// moduleLabel names an entry of [[modules]] in a message.
func moduleLabel(n *tree.Node) string {
	if s := n.Str("module"); s != "" {
		return fmt.Sprintf("module %q", s)
	}
	return "modules"
}

func (d *draft) validateModules() {
	for _, n := range d.modules {
		if n.Blank("module") {
			d.Errorf(n.Key, "modules has an entry without module")
		}
		what := moduleLabel(n)
		d.source(n, what)
		d.modulePath(n, "module", what)
	}
}

// validateDuplicates finds modules that are listed twice, as plugins or
// otherwise. Several plugins may be of one module, if each registers another
// struct of it.
func (d *draft) validateDuplicates() {
	type what struct{ path, pkg, symbol string }
	first := map[what]*tree.Node{}
	modules := map[string]*tree.Node{}
	for i, n := range d.plugins {
		p := &d.Plugins[i]
		if p.ModulePath == "" {
			continue
		}
		key := what{p.ModulePath, cmp.Or(p.Import, p.ModulePath), p.Symbol}
		switch same := first[key]; {
		case same != nil:
			d.Errorf(n.Get("module_name").Key, "module %q is already listed at %s", p.ModulePath, same.Get("module_name").Key).Hint = severalPlugins
			continue
		case modules[p.ModulePath] != nil:
			d.oneSource(modules[p.ModulePath], n)
		default:
			modules[p.ModulePath] = n
		}
		first[key] = n
	}
	for i, n := range d.modules {
		path := d.Modules[i].Path
		if path == "" {
			continue
		}
		if old := modules[path]; old != nil {
			at := old.Get("module_name")
			if at == nil {
				at = old.Get("module")
			}
			d.Errorf(n.Get("module").Key, "module %q is already listed at %s", path, at.Key)
			continue
		}
		modules[path] = n
	}
}

const severalPlugins = "several plugins can be of one module: set import to the package of each, or symbol to its struct"

// oneSource reports where two plugins of one module disagree on its source.
func (d *draft) oneSource(a, b *tree.Node) {
	for _, keys := range [][]string{{"ref", "tag"}, {"url"}, {"folder"}, {"path"}, {"replace"}, {"patches"}} {
		var values [2]string
		place := b.Key
		for i, n := range []*tree.Node{a, b} {
			for _, key := range keys {
				values[i] = cmp.Or(values[i], strings.Join(n.Texts(key), "\x00"))
			}
		}
		for _, key := range keys {
			if n := b.Get(key); n != nil {
				place = n.Key
			}
		}
		if values[0] != values[1] {
			differ := keys[0] + " differs"
			if keys[0] == "patches" {
				differ = "patches differ"
			}
			d.Errorf(place, "%s and %s are of one module, and their %s, see %s", label(b), label(a), differ, a.Key)
		}
	}
}

func (d *draft) validateReplaces() {
	first := map[module.Version]config.Position{}
	for i, n := range d.replaces {
		for _, key := range []string{"old", "new"} {
			if n.Blank(key) {
				d.Errorf(n.Key, "replaces has an entry without %s", key)
			}
		}
		old := d.Replaces[i].Old
		if old.Path == "" {
			continue
		}
		if err := checkOld(old); err != nil {
			d.Errorf(n.Get("old").Pos, "replaces.old: %v", err)
		}
		if at, ok := first[old]; ok {
			d.Errorf(n.Get("old").Key, "replaces.old %q is already replaced at %s", n.Str("old"), at)
		} else {
			first[old] = n.Get("old").Key
		}
	}
}

// isLocalPath reports whether a module path has no dot in its first element: no
// proxy has such a module, but a directory may be one.
func isLocalPath(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && module.CheckPath("folder.invalid/"+path) == nil
}

// checkOld checks the left side of a replacement, where a version is optional.
func checkOld(m module.Version) error {
	if isLocalPath(m.Path) {
		m.Path = "folder.invalid/" + m.Path
	}
	if m.Version == "" {
		return module.CheckPath(m.Path)
	}
	return module.Check(m.Path, m.Version)
}

func (d *draft) validateExcludes() {
	for i, n := range d.excludes {
		complete := true
		for _, key := range []string{"module", "version"} {
			if n.Blank(key) {
				d.Errorf(n.Key, "excludes has an entry without %s", key)
				complete = false
			}
		}
		m := d.Excludes[i].Module
		if !complete || m.Path == "" || m.Version == "" {
			continue
		}
		if err := module.Check(m.Path, m.Version); err != nil {
			d.Errorf(n.Get("version").Pos, "excludes: %v", err)
		} else if module.CanonicalVersion(m.Version) != m.Version {
			d.Errorf(n.Get("version").Pos, "excludes: %s@%s: the version is not whole, want one like v1.2.3", m.Path, m.Version)
		}
	}
}
