package config

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/near"
)

// RoadRunnerName is what RoadRunner is called among the plugins.
const RoadRunnerName = "roadrunner"

// Override is what takes the place of a plugin or of any module for one run: the
// flag --with. It changes neither the config's file nor a lock.
type Override struct {
	// Name is a plugin's name, RoadRunnerName or a module path.
	Name string
	// Dir is an absolute directory, or empty.
	Dir string
	// From is set where Dir is empty: a module, or a URL. A plugin that the config
	// does not have comes along.
	From Origin
	// Implied says that nobody asked for it: the user stands in the directory.
	// It counts where a plugin of the config has that module path.
	Implied bool
}

// String returns what stands in the place of the name.
func (o Override) String() string {
	where := cmp.Or(o.Dir, o.From.Module, o.From.URL)
	if o.From.Ref != "" {
		where += "@" + o.From.Ref
	}
	return where
}

// Plugin returns the plugin of that name, in any case, or nil.
func (c *Config) Plugin(name string) *Plugin {
	for i := range c.Plugins {
		if strings.EqualFold(c.Plugins[i].Name, name) {
			return &c.Plugins[i]
		}
	}
	return nil
}

// LocalDirs are the directories that the config names in place of repositories,
// in its order.
func (c *Config) LocalDirs() []string {
	out := []string{c.RoadRunner.Path}
	for _, p := range c.Plugins {
		out = append(out, p.Path)
		if p.Replace != nil {
			out = append(out, p.Replace.Dir)
		}
	}
	for _, m := range c.Modules {
		out = append(out, m.Dir)
	}
	for _, r := range c.Replaces {
		out = append(out, r.New.Dir)
	}
	for _, o := range c.Overrides {
		out = append(out, o.Dir) // empty for a remote one
	}
	return slices.DeleteFunc(out, func(dir string) bool { return dir == "" })
}

// AllPatches are the patches of all modules: RoadRunner's, then the plugins', then
// those of [[modules]].
func (c *Config) AllPatches() []Patch {
	out := slices.Clone(c.RoadRunner.Patches)
	for _, p := range c.Plugins {
		out = append(out, p.Patches...)
	}
	for _, m := range c.Modules {
		out = append(out, m.Patches...)
	}
	return out
}

// Names are what a plugin or RoadRunner can be called by, sorted: their names
// and the module paths that the config knows of.
func (c *Config) Names() []string {
	out := []string{RoadRunnerName}
	for _, p := range c.Plugins {
		out = append(out, p.Name)
		if p.ModulePath != "" {
			out = append(out, p.ModulePath)
		}
	}
	for _, m := range c.Modules {
		out = append(out, m.Path)
	}
	sort.Strings(out)
	return out
}

// SetOverrides lays the overrides over the config. The error is a
// [*NameError] for a name that cannot be any module's.
func (c *Config) SetOverrides(overrides []Override) error {
	first := map[string]Override{}
	for _, o := range overrides {
		key := strings.ToLower(o.Name)
		if old, ok := first[key]; ok && old != o {
			return &OverrideTwiceError{Name: o.Name, First: old.String(), Second: o.String()}
		}
		first[key] = o
	}
	for _, o := range overrides {
		if err := c.override(o); err != nil {
			return err
		}
	}
	c.Overrides = overrides
	return nil
}

// override makes the config's entry for what an override is for another, or a new
// one. Directories are left to whoever reads them.
func (c *Config) override(o Override) error {
	p := c.Plugin(o.Name)
	switch {
	case strings.EqualFold(o.Name, RoadRunnerName):
		c.RoadRunner.override(o.From)
	case p != nil:
		p.override(o.From)
	case module.CheckPath(o.Name) == nil:
		c.overrideModule(o.Name, o.From)
	case o.Dir != "" && c.File != "": // more likely a slip than a new plugin
		return &NameError{Flag: "--with", Name: o.Name, Known: c.Names(), Dir: o.Dir}
	default:
		for _, q := range c.Plugins {
			if o.From.Module != "" && o.From.Module == q.ModulePath {
				return &OverrideTakenError{Name: o.Name, Plugin: q.Name, Module: q.ModulePath}
			}
		}
		c.Plugins = append(c.Plugins, Plugin{Name: o.Name, Path: o.Dir, Symbol: "Plugin"})
		c.Plugins[len(c.Plugins)-1].override(o.From)
	}
	return nil
}

// newest is the ref of what is asked for without one.
func (o Origin) newest() string { return cmp.Or(o.Ref, "latest") }

// override takes RoadRunner from elsewhere.
func (r *RoadRunner) override(from Origin) {
	if from == (Origin{}) {
		return
	}
	prefix, _, _ := module.SplitPathVersion(from.Module)
	*r = RoadRunner{Ref: from.newest(), URL: cmp.Or(from.URL, "https://"+prefix)}
}

// override takes a plugin from elsewhere: from a fork, which is laid out alike and
// keeps the module path, or from another module.
func (p *Plugin) override(from Origin) {
	if from == (Origin{}) {
		return
	}
	p.Ref, p.Path, p.Replace, p.Pos = from.newest(), "", nil, Position{}
	switch {
	case from.URL != "":
		p.URL = from.URL
	case from.Module != p.ModulePath:
		p.ModulePath, p.URL, p.Folder, p.Import = from.Module, "", "", ""
	}
}

// overrideModule takes a module that is no plugin from elsewhere.
func (c *Config) overrideModule(path string, from Origin) {
	switch {
	case from.URL != "":
		c.Modules = slices.DeleteFunc(slices.Clone(c.Modules), func(m Module) bool { return m.Path == path })
		c.Modules = append(c.Modules, Module{Path: path, URL: from.URL, Ref: from.newest()})
	case from.Module != "":
		c.Replaces = slices.DeleteFunc(slices.Clone(c.Replaces), func(r Replace) bool { return r.Old.Path == path })
		c.Replaces = append(c.Replaces, Replace{Old: module.Version{Path: path}, New: Replacement{Module: module.Version{Path: from.Module, Version: from.Ref}}})
	}
}

// OverrideTakenError is a new name for a plugin that is there.
type OverrideTakenError struct{ Name, Plugin, Module string }

// Error implements error.
func (e *OverrideTakenError) Error() string {
	return fmt.Sprintf("--with %s: %s is the plugin %s", e.Name, e.Module, e.Plugin)
}

// ExitStatus implements the interface that picks the exit status.
func (*OverrideTakenError) ExitStatus() int { return 2 }

// Hints says how to have another version of it.
func (e *OverrideTakenError) Hints() []string {
	return []string{fmt.Sprintf("for another version of it: --with %s=%s@VERSION", e.Plugin, e.Module)}
}

// OverrideTwiceError is one name with two places.
type OverrideTwiceError struct{ Name, First, Second string }

// Error implements error.
func (e *OverrideTwiceError) Error() string {
	return fmt.Sprintf("--with names %s twice: %s and %s", e.Name, e.First, e.Second)
}

// ExitStatus implements the interface that picks the exit status.
func (*OverrideTwiceError) ExitStatus() int { return 2 }

// NameError is a name that no plugin and no module has.
type NameError struct {
	// Flag is where the name was given, or empty.
	Flag, Name string
	// Known are the names that would have done.
	Known []string
	// Of says what there is none of, where it is not plugins and modules.
	Of string
	// Dir is the directory that was to stand in for it; empty for none.
	Dir string
}

// Error implements error.
func (e *NameError) Error() string {
	return strings.TrimSpace(e.Flag+" "+e.Name) + ": " + cmp.Or(e.Of, "no plugin or module has this name")
}

// ExitStatus implements the interface that picks the exit status.
func (*NameError) ExitStatus() int { return 2 }

// Hints names what was probably meant.
func (e *NameError) Hints() (out []string) {
	if meant := near.Paths(e.Name, e.Known); len(meant) > 0 {
		return []string{near.Hint(meant...)}
	}
	const most = 40 // a plan has hundreds of modules
	if len(e.Known) > 0 && len(e.Known) <= most {
		out = append(out, "there are: "+strings.Join(e.Known, ", "))
	}
	if e.Dir != "" {
		out = append(out, "a plugin that the config does not have is added with: vxlite add "+e.Dir)
	}
	return out
}
