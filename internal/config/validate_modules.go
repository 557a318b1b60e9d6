package config

import (
	"cmp"
	"fmt"
	"go/token"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/module"
)

// label names a plugin in a message.
func label(n *node) string {
	plugins := n.parent
	if plugins.parent.parent == nil {
		return fmt.Sprintf("plugin %q", n.name)
	}
	return fmt.Sprintf("%s plugin %q", strings.ToLower(plugins.parent.name), n.name)
}

func (d *draft) validatePlugins() {
	names := map[string]*node{}
	for i, n := range d.plugins {
		if n.name == "" {
			d.errorf(n.key, "a plugin has no name")
		}
		name := strings.ToLower(n.name)
		if first := names[name]; first == nil {
			names[name] = n
		} else {
			d.errorf(n.key, "%s is already set as %q at %s", label(n), first.name, first.key)
		}
		d.validatePlugin(&d.Plugins[i], n)
	}
}

func (d *draft) validatePlugin(p *Plugin, n *node) {
	what := label(n)
	d.require(n, what)
	d.source(n, what)
	for _, key := range []string{"owner", "repository"} {
		if s := n.str(key); s != "" && !isRepositoryPath(s) {
			d.errorf(n.get(key).pos, "%s: %s %q is not a part of a clone URL", what, key, s)
		}
	}
	if !token.IsIdentifier(p.Symbol) || !token.IsExported(p.Symbol) {
		d.errorf(n.get("symbol").pos, "%s: symbol %q is not an exported Go name", what, p.Symbol)
	}
	d.modulePath(n, "module_name", what)
	if p.Import == "" {
		return
	}
	if err := module.CheckImportPath(p.Import); err != nil {
		d.errorf(n.get("import").pos, "%s: %v", what, err)
	} else if p.ModulePath != "" && p.Import != p.ModulePath && !strings.HasPrefix(p.Import, p.ModulePath+"/") {
		d.errorf(n.get("import").pos, "%s: import %q is not in the module %q", what, p.Import, p.ModulePath)
	}
}

// require reports the keys that a plugin lacks to be found.
func (d *draft) require(n *node, what string) {
	if !n.blank("path") {
		return
	}
	if n.blank("ref") && n.blank("tag") {
		d.errorf(n.key, "%s has no ref", what)
	}
	if !n.blank("url") || !n.blank("module_name") {
		return
	}
	owner, repository := n.blank("owner"), n.blank("repository")
	forge := n.parent.parent.parent != nil
	switch id := n.str("repository"); {
	case owner && repository && !forge:
		d.errorf(n.key, "%s has none of module_name, url, path, owner and repository", what)
	case owner:
		d.errorf(n.key, "%s has no owner", what)
		if repository {
			d.errorf(n.key, "%s has no repository", what)
		}
	case repository:
		d.errorf(n.key, "%s has no repository", what)
	case onGitLab(n) && isNumber(id) && d.root.at("gitlab", "projects").blank(id):
		p := d.errorf(n.get("repository").pos, "%s: repository %q is a project id, and git cannot clone by number", what, id)
		p.Hint = Snippet(fmt.Sprintf(`set url = "%s/GROUP/PROJECT.git" on the plugin, or name the project`, d.base("gitlab", defaultGitLab)), "[gitlab.projects]", Setting{id, "GROUP/PROJECT"})
	}
}

// modulePath checks a key of a table that holds a module path. That of a
// directory need not lead anywhere.
func (d *draft) modulePath(t *node, key, what string) {
	n := t.get(key)
	if n == nil || n.kind != unstable.String || n.text == "" {
		return
	}
	if isLocalPath(n.text) && (!t.blank("path") || !t.blank("replace")) {
		return
	}
	if err := checkModulePath(n.text); err != nil {
		d.errorf(n.pos, "%s: %s %v", what, n.name, err)
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

func (d *draft) validateModules() {
	for _, n := range d.modules {
		if n.blank("module") {
			d.errorf(n.key, "modules has an entry without module")
		}
		what := "modules"
		if s := n.str("module"); s != "" {
			what = fmt.Sprintf("module %q", s)
		}
		d.source(n, what)
		d.modulePath(n, "module", what)
	}
}

// validateDuplicates finds modules that are listed twice, as plugins or
// otherwise. Several plugins may be of one module, if each registers another
// struct of it.
func (d *draft) validateDuplicates() {
	type what struct{ path, pkg, symbol string }
	first := map[what]*node{}
	modules := map[string]*node{}
	for i, n := range d.plugins {
		p := &d.Plugins[i]
		if p.ModulePath == "" {
			continue
		}
		key := what{p.ModulePath, cmp.Or(p.Import, p.ModulePath), p.Symbol}
		switch same := first[key]; {
		case same != nil:
			d.errorf(n.get("module_name").key, "module %q is already listed at %s", p.ModulePath, same.get("module_name").key).Hint = severalPlugins
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
			at := old.get("module_name")
			if at == nil {
				at = old.get("module")
			}
			d.errorf(n.get("module").key, "module %q is already listed at %s", path, at.key)
			continue
		}
		modules[path] = n
	}
}

const severalPlugins = "several plugins can be of one module: set import to the package of each, or symbol to its struct"

// oneSource reports where two plugins of one module disagree on its source.
func (d *draft) oneSource(a, b *node) {
	for _, keys := range [][]string{{"ref", "tag"}, {"url"}, {"folder"}, {"path"}, {"replace"}} {
		var values [2]string
		place := b.key
		for i, n := range []*node{a, b} {
			for _, key := range keys {
				values[i] = cmp.Or(values[i], n.str(key))
			}
		}
		for _, key := range keys {
			if n := b.get(key); n != nil {
				place = n.key
			}
		}
		if values[0] != values[1] {
			d.errorf(place, "%s and %s are of one module, and their %s differs, see %s", label(b), label(a), keys[0], a.key)
		}
	}
}

func (d *draft) validateReplaces() {
	first := map[module.Version]Position{}
	for i, n := range d.replaces {
		for _, key := range []string{"old", "new"} {
			if n.blank(key) {
				d.errorf(n.key, "replaces has an entry without %s", key)
			}
		}
		old := d.Replaces[i].Old
		if old.Path == "" {
			continue
		}
		if err := checkOld(old); err != nil {
			d.errorf(n.get("old").pos, "replaces.old: %v", err)
		}
		if at, ok := first[old]; ok {
			d.errorf(n.get("old").key, "replaces.old %q is already replaced at %s", n.str("old"), at)
		} else {
			first[old] = n.get("old").key
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
			if n.blank(key) {
				d.errorf(n.key, "excludes has an entry without %s", key)
				complete = false
			}
		}
		m := d.Excludes[i].Module
		if !complete || m.Path == "" || m.Version == "" {
			continue
		}
		if err := module.Check(m.Path, m.Version); err != nil {
			d.errorf(n.get("version").pos, "excludes: %v", err)
		}
	}
}
