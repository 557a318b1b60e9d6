package resolve

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/vxlite/vxlite/internal/config"
)

// override is a config.Override whose directory was read. One from elsewhere is in
// the config already.
type override struct {
	config.Override
	mod *modfile.File // nil for one from elsewhere
	// done says that its directory is in the plan, known that the module in
	// whose place it is had a part in the server before.
	done, known bool
}

// readOverrides reads the directories of --with, before anything is asked for.
func (r *resolver) readOverrides() error {
	for _, o := range r.cfg.Overrides {
		over := &override{Override: o}
		var err error
		if o.Dir == "" {
			over.done, over.known = true, r.cfg.Plugin(o.Name) != nil || strings.EqualFold(o.Name, config.RoadRunnerName)
		} else if over.mod, err = r.readOverride(&over.Override); err != nil {
			return err
		}
		r.overrides = append(r.overrides, over)
	}
	return nil
}

// readOverride reads a directory's go.mod. Where the plugin is in a folder of
// its repository, the directory may be the repository's root as well.
func (r *resolver) readOverride(o *config.Override) (*modfile.File, error) {
	fi, err := os.Stat(o.Dir)
	if err != nil {
		return nil, &OverrideError{Override: *o, Text: "no such directory"}
	}
	if !fi.IsDir() {
		return nil, &OverrideError{Override: *o, Text: "is not a directory"}
	}
	if p := r.cfg.Plugin(o.Name); p != nil && p.Folder != "" {
		if dir := filepath.Join(o.Dir, filepath.FromSlash(p.Folder)); hasGoMod(dir) {
			o.Dir = dir
		}
	}
	mod, err := readGoMod(o.Dir)
	switch {
	case err == nil:
		return mod, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, &OverrideError{Override: *o, Text: err.Error()}
	}
	e := &OverrideError{Override: *o, Text: "has no go.mod, so it is not a module"}
	if below := goModsBelow(o.Dir); len(below) > 0 {
		e.hints = []string{"go.mod is in: " + strings.Join(below, ", ")}
	}
	return nil, e
}

func hasGoMod(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// goModsBelow lists the directories below dir, two levels deep, that have a
// go.mod, sorted.
func goModsBelow(dir string) []string {
	var out []string
	for _, pattern := range []string{"*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern, "go.mod"))
		for _, f := range found {
			out = append(out, filepath.Dir(f))
		}
	}
	sort.Strings(out)
	return out
}

// forEntry returns the override of something the config names, or nil: by its
// name, by its module path, or since that of another plugin of its module.
func (r *resolver) forEntry(w wanted, modulePath string) *override {
	for _, o := range r.overrides {
		if o.Dir == "" {
			continue
		}
		if !o.Implied && strings.EqualFold(o.Name, w.name) || modulePath != "" && o.Name == modulePath {
			return o
		}
		p := r.cfg.Plugin(o.Name)
		if p == nil || o.Implied {
			continue
		}
		if modulePath != "" && p.ModulePath == modulePath || w.url != "" && repositoryOf(p.URL) == repositoryOf(w.url) && p.Folder == w.folder {
			return o
		}
	}
	return nil
}

// repositoryOf is a clone URL without the ending that makes no difference.
func repositoryOf(url string) string { return strings.TrimSuffix(strings.TrimSuffix(url, "/"), ".git") }

// inPlace makes what the config asks for into the directory that stands in for
// it. Nothing is fetched then: a module path that neither the config nor the
// lock knows is the directory's own.
func (r *resolver) inPlace(w wanted) (wanted, error) {
	want := w.path
	if want == "" && w.dir == "" {
		want = r.lock.path(w)
	}
	o := r.forEntry(w, want)
	if o == nil {
		return w, nil
	}
	if w.name != config.RoadRunnerName {
		if err := o.check(w, want, r.cfg); err != nil {
			return w, err
		}
	}
	w.dir, w.folder, w.url, w.replaced, w.substitute, o.done = o.Dir, "", "", false, false, true
	o.known = true
	return w, nil
}

// check refuses a directory with another module than the one it stands in for.
// Where that is not known, it is at least no other plugin's.
func (o *override) check(w wanted, want string, cfg *config.Config) error {
	got := o.mod.Module.Mod.Path
	if got == want {
		return nil
	}
	e := &OverrideError{Override: o.Override, Text: fmt.Sprintf("is the module %s, and %s is %s", got, w.name, want)}
	switch {
	case want == "" && (isFork(o.Dir, w.url, "") || !slices.ContainsFunc(cfg.Plugins, func(p config.Plugin) bool { return p.ModulePath == got })):
		return nil
	case want == "":
		e.Text = fmt.Sprintf("is the module %s, and not %s", got, w.name)
	case w.name == want:
		e.Text = fmt.Sprintf("is the module %s, not %s", got, want)
	}
	for _, p := range cfg.Plugins {
		if p.ModulePath == got {
			e.hints = []string{fmt.Sprintf("that is the plugin %s: --with %s=DIR", p.Name, p.Name)}
		}
	}
	if len(e.hints) == 0 {
		e.hints = []string{fmt.Sprintf("a fork keeps the module path of what it replaces: module %s in its go.mod", want)}
	}
	return e
}

// override puts the remaining directories in the place of modules: of plugins
// whose path had to be read first, and of any other module.
func (r *resolver) override() error {
	taken := map[string]string{}
	for _, o := range r.overrides {
		if o.Dir == "" {
			continue
		}
		name, target := o.Name, o.Name
		if i := r.pluginIndex(o); i >= 0 {
			name, target = r.cfg.Plugins[i].Name, r.plugins[i].Path
		} else if o.done {
			target = r.roadRunner.Path
		} else if o.Implied {
			r.noPlugin(o)
			continue
		}
		if _, ok := taken[target]; ok && o.Implied {
			continue
		}
		if dir, ok := taken[target]; ok && dir != o.Dir {
			return &OverrideError{Override: o.Override, Text: fmt.Sprintf("%s is already taken from %s", target, dir)}
		}
		taken[target] = o.Dir
		if m := r.lookup(target); o.Implied && (o.done || m.Dir != o.Dir) {
			r.notes = append(r.notes, fmt.Sprintf("%s is taken from %s, the current directory", name, o.Dir))
		}
		if o.done {
			continue
		}
		if err := o.check(wanted{name: name}, target, r.cfg); err != nil {
			return err
		}
		m, err := r.localModule(wanted{name: name, path: target, dir: o.Dir})
		if err != nil {
			return &OverrideError{Override: o.Override, Text: err.Error()}
		}
		m.ReplacesCount, o.done, o.known = true, true, r.has(target)
		r.substitute(target, m)
	}
	return nil
}

// noPlugin says that the user stands in a module that has no part in the
// server, which may well be a plugin that the config lacks. A module with the
// config in it is some project's.
func (r *resolver) noPlugin(o *override) {
	path := config.PathFrom(r.cfg.File, o.Dir)
	if strings.Trim(path, "./") != "" && r.lookup(o.Name) == nil {
		r.notes = append(r.notes, config.PluginSnippet(fmt.Sprintf("%s, the current directory, is not a plugin of %s; to add it", o.Dir, r.cfg.File), r.cfg.File, o.Dir))
	}
}

// flagged reports whether --with decides where a module comes from.
func (r *resolver) flagged(modulePath string) bool {
	m := r.lookup(modulePath)
	return m != nil && slices.ContainsFunc(r.overrides, func(o *override) bool { return o.done && o.Dir != "" && m.Local && m.Dir == o.Dir })
}

// anyOverride reports whether anything is in the plan because of a flag, or of where
// the user stands. Without a file, all of it is.
func (r *resolver) anyOverride() bool {
	return r.cfg.File == "" || slices.ContainsFunc(r.overrides, func(o *override) bool { return o.done })
}

// pluginIndex finds the plugin that an override is for, or -1.
func (r *resolver) pluginIndex(o *override) int {
	for i, p := range r.cfg.Plugins {
		if !o.Implied && strings.EqualFold(p.Name, o.Name) || r.plugins[i].Path == o.Name {
			return i
		}
	}
	return -1
}

// unused refuses an override of a module that has no part in the server.
func (r *resolver) unused() error {
	known := map[string]bool{}
	for _, m := range r.modules {
		for _, req := range m.GoMod.Require {
			known[req.Mod.Path] = true
		}
	}
	for _, o := range r.overrides {
		if !o.done || o.known || known[o.Name] {
			continue
		}
		names := r.cfg.Names()
		for p := range known {
			names = append(names, p)
		}
		sort.Strings(names)
		return &config.NameError{Flag: "--with", Name: o.Name, Known: slices.Compact(names), Dir: o.Dir}
	}
	return nil
}

// OverrideError is a directory that cannot stand in for what --with says.
type OverrideError struct {
	config.Override
	Text  string
	hints []string
}

// Error implements error.
func (e *OverrideError) Error() string {
	return fmt.Sprintf("--with %s=%s: %s", e.Name, e.Dir, e.Text)
}

// ExitStatus implements the interface that picks the exit status.
func (*OverrideError) ExitStatus() int { return 2 }

// Hints says what would do.
func (e *OverrideError) Hints() []string { return e.hints }
