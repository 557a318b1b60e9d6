package upgrade

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/edit"
	"github.com/vxlite/vxlite/internal/outdated"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// move is what becomes of one line or two of the config. row is the index of what
// moves: RoadRunner is 0, the plugins and then the [[modules]] are the next.
type move struct {
	row       int
	ref, path string // the new ones; path is empty where it stays
}

// target is the version that a row is to have.
type target struct {
	module.Version
	exact bool // also if it is a lower one
}

// target says what a row is to have: what the release uses, or the newest version.
// release is nil where only newest ones are wanted.
func (a Ask) target(row outdated.Row, release *roadrunner.Release) target {
	if release != nil {
		if used := release.Uses(row.Path); used.Path == row.Path || used.Path != "" && (a.Major || a.Ref != "") {
			return target{used, a.Ref != ""}
		}
	}
	t := target{module.Version{Path: row.Path, Version: row.Newest}, false}
	if a.Major && row.Major != "" {
		t.Path, t.Version.Version = withMajor(row.Path, row.Major), row.Major
	}
	return t
}

// withMajor is a module path at another major version.
func withMajor(path, version string) string {
	prefix, _, _ := module.SplitPathVersion(path)
	if major := semver.Major(version); major != "v0" && major != "v1" {
		return prefix + "/" + major
	}
	return prefix
}

// decide finds what is to move among the rows that are selected. Notes say why
// others stay.
func (a Ask) decide(cfg *config.Config, rows []outdated.Row, selected []int, release *roadrunner.Release) (moves []move, notes []string, err error) {
	var failed []error
	for _, i := range selected {
		row := rows[i]
		t := a.target(row, release)
		why := ""
		switch {
		case row.Local:
			why = "a local directory"
		case row.Replaced:
			why = "replaced by another module"
		case row.Ref == "":
			continue // requirements decide
		case !outdated.Exact(row.Ref):
			why = fmt.Sprintf("%s names no version: vxlite update moves it", row.Ref)
		case t.Version.Version == "":
			why = "its repository has no version"
		case t.Path != row.Path && !a.Major:
			failed = append(failed, &MajorError{Name: row.Name, Pos: position(cfg, i), Module: t.Version, From: row.Path})
			continue
		case t.Version.Version == row.Version && t.Path == row.Path:
			continue
		case !t.exact && semver.Compare(t.Version.Version, row.Version) < 0:
			why = fmt.Sprintf("%s is newer than %s", row.Version, t.Version.Version)
		}
		if why != "" {
			if len(a.Names) > 0 || !row.Local && !row.Replaced {
				notes = append(notes, row.Name+" stays as it is: "+why)
			}
			continue
		}
		m := move{row: i, ref: refOf(row.Ref, t.Version.Version)}
		if t.Path != row.Path {
			m.path = t.Path
		}
		moves = append(moves, m)
	}
	return moves, notes, errors.Join(failed...)
}

// refOf is a version as the config names it: as the old one was, or a commit where
// there is no tag.
func refOf(old, version string) string {
	if rev, err := module.PseudoVersionRev(version); err == nil {
		return rev
	}
	return old[:strings.LastIndex(old, "/")+1] + strings.TrimSuffix(version, "+incompatible")
}

// position is the place of a row in the config.
func position(cfg *config.Config, row int) config.Position {
	switch n := len(cfg.Plugins); {
	case row == 0:
		return cfg.RoadRunner.Pos
	case row <= n:
		return cfg.Plugins[row-1].Pos
	default:
		return cfg.Modules[row-1-n].Pos
	}
}

// changed is the config as the moves make it, and the changes that make it of the
// file.
func changed(old *config.Config, moves []move) (*config.Config, []edit.Change) {
	cfg := *old
	cfg.Plugins, cfg.Modules = slices.Clone(old.Plugins), slices.Clone(old.Modules)
	var out []edit.Change
	set := func(table []string, value *string, now string, keys ...string) {
		if *value != "" && now != "" && *value != now {
			out = append(out, edit.Change{Table: table, Keys: keys, Old: *value, New: now})
			*value = now
		}
	}
	for _, m := range moves {
		switch n := len(cfg.Plugins); {
		case m.row == 0:
			set([]string{config.RoadRunnerName}, &cfg.RoadRunner.Ref, m.ref, "ref")
		case m.row <= n:
			p := &cfg.Plugins[m.row-1]
			table := edit.PluginTable(p.Name)
			if below, ok := strings.CutPrefix(p.Import, p.ModulePath+"/"); ok && m.path != "" && p.ModulePath != "" {
				set(table, &p.Import, m.path+"/"+below, "import")
			}
			set(table, &p.ModulePath, m.path, "module_name")
			set(table, &p.Ref, m.ref, "tag", "ref")
		default:
			i := m.row - 1 - n
			table := []string{"modules", strconv.Itoa(i)}
			set(table, &cfg.Modules[i].Path, m.path, "module")
			set(table, &cfg.Modules[i].Ref, m.ref, "ref", "tag")
		}
	}
	return &cfg, out
}

// MajorError is a module that would have to cross a major version.
type MajorError struct {
	Name string
	Pos  config.Position
	// Module is what would be taken, From the module path in use.
	Module module.Version
	From   string
}

// Error implements error.
func (e *MajorError) Error() string {
	return fmt.Sprintf("%s: %s: %s %s has another major version than %s", plan.At(e.Pos), e.Name, e.Module.Path, e.Module.Version, e.From)
}

// Hints says how to cross it.
func (*MajorError) Hints() []string {
	return []string{"to change to another major version: vxlite upgrade --major"}
}

// select finds the rows of some names: of plugins, modules or RoadRunner; or all.
func (a Ask) selected(cfg *config.Config) ([]int, error) {
	known := []string{config.RoadRunnerName}
	paths := []string{""}
	for _, p := range cfg.Plugins {
		known, paths = append(known, p.Name), append(paths, p.ModulePath)
	}
	for _, m := range cfg.Modules {
		known, paths = append(known, m.Path), append(paths, m.Path)
	}
	var out []int
	var failed []error
	for _, name := range a.Names {
		i := cmp.Or(slices.Index(known, name)+1, slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })+1, slices.Index(paths, name)+1) - 1
		if i < 0 {
			failed = append(failed, &config.NameError{Name: name, Known: known, Of: cfg.File + " has no plugin or module of this name"})
			continue
		}
		if !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	if len(a.Names) == 0 {
		for i := range known {
			out = append(out, i)
		}
	}
	return out, errors.Join(failed...)
}
