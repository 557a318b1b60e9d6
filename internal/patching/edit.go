// Package patching makes the patches of a config: [Edit] puts a module's files as
// they are built into a clone, with a commit for each patch, and [Save] writes the
// clone's commits beside the config as patches. [Carry] brings patches to another
// commit of the module.
package patching

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// entry is what a config says of a module that may have patches.
type entry struct {
	// name is the plugin's name, RoadRunnerName or a module path.
	name    string
	patches []config.Patch
	local   string // the directory in place of a repository
	replace bool   // it has a replace
	// also are other plugins of its module, whose patches are the same.
	also []string
}

// entries are those of a config: RoadRunner, the plugins, [[modules]].
func entries(cfg *config.Config) []entry {
	out := []entry{{name: config.RoadRunnerName, patches: cfg.RoadRunner.Patches, local: cfg.RoadRunner.Path}}
	for _, p := range cfg.Plugins {
		e := entry{name: p.Name, patches: p.Patches, local: p.Path, replace: p.Replace != nil}
		for _, other := range cfg.Plugins {
			if p.ModulePath != "" && other.ModulePath == p.ModulePath && other.Name != p.Name {
				e.also = append(e.also, other.Name)
			}
		}
		out = append(out, e)
	}
	for _, m := range cfg.Modules {
		out = append(out, entry{name: m.Path, patches: m.Patches, local: m.Dir})
	}
	return out
}

// find returns the entry of a name, which may be a plugin's module path as well.
func find(cfg *config.Config, name string) (entry, error) {
	for _, p := range cfg.Plugins {
		if p.ModulePath == name {
			name = p.Name
		}
	}
	for _, e := range entries(cfg) {
		if !strings.EqualFold(e.name, name) {
			continue
		}
		switch {
		case e.local != "":
			return e, &Error{Name: e.name, Reason: "it is the directory " + e.local, Hint: "edit it there"}
		case e.replace:
			return e, &Error{Name: e.name, Reason: "it has a replace, which patches cannot be combined with", Hint: "set url and ref to where the files come from, in place of replace"}
		}
		return e, nil
	}
	if strings.Contains(name, "/") {
		return entry{}, &Error{Name: name, Reason: "the config has no entry for it", Hint: config.Snippet("to patch a module that is no plugin, add it", "[[modules]]", config.Setting{Key: "module", Value: name})}
	}
	return entry{}, &config.NameError{Flag: "patch", Name: name, Known: cfg.Names()}
}

// module is the entry's in a plan, or nil.
func (e entry) module(p *plan.Plan) *plan.Module {
	for _, m := range p.Modules {
		for _, name := range append(m.Names, m.Path) {
			if name == e.name {
				return m
			}
		}
	}
	return nil
}

// Error is an entry that has no patches to edit or to save.
type Error struct{ Name, Reason, Hint string }

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Reason }

// ExitStatus implements the interface that picks the exit status.
func (*Error) ExitStatus() int { return 2 }

// Hints says what would do.
func (e *Error) Hints() []string {
	if e.Hint == "" {
		return nil
	}
	return []string{e.Hint}
}

// Dir is the directory that is edited where none is named.
func Dir(name string) string {
	prefix, _, ok := module.SplitPathVersion(name)
	if !ok {
		prefix = name
	}
	return path.Base(filepath.ToSlash(prefix)) + ".edit"
}

// Edited is a clone to work in.
type Edited struct {
	Name    string `json:"name"`
	Version string `json:"version"` // without the patches
	Commit  string `json:"commit"`
	Dir     string `json:"dir"` // as it was named
	Branch  string `json:"branch"`
	// Commits is how many commits the patches have become.
	Commits int `json:"commits"`
}

// Edit clones a module's repository into dir, with a commit for each patch. dir may
// be empty: see [Dir].
func Edit(ctx context.Context, m workspace.Machine, p workspace.Project, name, dir string) (*Edited, error) {
	e, err := find(p.Config, name)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		dir = Dir(e.name)
	}
	if disk.Exists(dir) {
		return nil, &Error{Name: e.name, Reason: dir + " exists", Hint: fmt.Sprintf("name another directory with -o, or go on with what is there: vxlite patch save %s", e.name)}
	}
	k, err := workspace.Open(ctx, m, p)
	if err != nil {
		return nil, err
	}
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	pl, err := k.PlanWith(ctx, client, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	mod := e.module(pl.Plan)
	if mod == nil || mod.Local {
		return nil, &Error{Name: e.name, Reason: "it is not taken from a repository"}
	}
	edited, err := clone(ctx, client, mod, e, dir, mod.Patches)
	if err != nil {
		return nil, err
	}
	w, err := source.OpenWork(dir)
	if err != nil {
		return nil, err
	}
	return edited, remember(w, locks(lock.Name(p.Config.File), w.Base()), e.sums())
}

// clone makes the directory to work in.
func clone(ctx context.Context, client *source.Client, mod *plan.Module, e entry, dir string, patches *patch.Series) (*Edited, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cloned, err := client.Clone(ctx, source.CloneRequest{Module: e.name, URL: mod.URL, Ref: refOf(mod), Commit: mod.Commit, Dir: abs, Patches: patches, Work: true})
	if err != nil {
		return nil, err
	}
	return &Edited{Name: e.name, Version: mod.Version, Commit: mod.Commit, Dir: dir, Branch: cloned.Branch, Commits: cloned.Commits}, nil
}

// refOf is the name of a module's commit, for people.
func refOf(m *plan.Module) string {
	if module.IsPseudoVersion(m.Version) {
		return m.Ref
	}
	return m.Version
}
