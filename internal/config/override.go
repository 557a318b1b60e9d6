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

// Override is a local directory in the place of a plugin or of any module,
// for one run: the flag --with. It changes neither the config nor a lock.
type Override struct {
	// Name is a plugin's name, RoadRunnerName or a module path.
	Name string
	// Dir is absolute.
	Dir string
	// Implied says that nobody asked for it: the user stands in the directory.
	// It counts where a plugin of the config has that module path.
	Implied bool
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
		out = append(out, o.Dir)
	}
	return slices.DeleteFunc(out, func(dir string) bool { return dir == "" })
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
		if old, ok := first[key]; ok && old.Dir != o.Dir {
			return &OverrideTwiceError{Name: o.Name, First: old.Dir, Second: o.Dir}
		}
		first[key] = o
		known := strings.EqualFold(o.Name, RoadRunnerName) || c.Plugin(o.Name) != nil
		if !known && module.CheckPath(o.Name) != nil {
			return &NameError{Flag: "--with", Name: o.Name, Known: c.Names()}
		}
	}
	c.Overrides = overrides
	return nil
}

// OverrideTwiceError is one name with two directories.
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
}

// Error implements error.
func (e *NameError) Error() string {
	return strings.TrimSpace(e.Flag+" "+e.Name) + ": " + cmp.Or(e.Of, "no plugin or module has this name")
}

// ExitStatus implements the interface that picks the exit status.
func (*NameError) ExitStatus() int { return 2 }

// Hints names what was probably meant.
func (e *NameError) Hints() []string {
	if meant := near.Paths(e.Name, e.Known); len(meant) > 0 {
		return []string{near.Hint(meant...)}
	}
	if len(e.Known) == 0 {
		return nil
	}
	const most = 40 // a plan has hundreds of modules
	if len(e.Known) > most {
		return nil
	}
	return []string{"there are: " + strings.Join(e.Known, ", ")}
}
