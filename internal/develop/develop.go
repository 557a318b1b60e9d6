// Package develop writes the workspace of a config as plain files to work in.
package develop

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Write writes the workspace to a place, as plain files to work in: local
// directories are referred to, all else is copied. The modules in clones, by a
// plugin's name or a module path, become repositories with a branch. What was
// changed by hand since an earlier run stays.
func Write(ctx context.Context, m workspace.Machine, p workspace.Project, place string, clones []string) (*Result, error) {
	dir, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	record, err := gen.ReadRecord(dir)
	if err != nil {
		return nil, err
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
	plan := pl.Plan
	if err := explain.CheckGo(plan, k.Tool); err != nil {
		return nil, err
	}
	d := &develop{sink: m.Sink, plan: plan, dir: dir, record: record, at: map[string]string{}, kind: map[string]string{}}
	if err := d.clone(ctx, client, clones); err != nil {
		return nil, err
	}
	d.locals()
	files, err := gen.Develop(plan, gen.Options{Profile: k.Profile(), ProfilePlace: k.Config.Places.PGO, NoProfile: p.Config.Build.PGO == "off", GoSums: pl.GoSums, Sums: pl.Lock.Sums()}, d.at)
	if err != nil {
		return nil, err
	}
	updated, err := files.Update(dir, record)
	if err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	return &Result{Modules: workspace.Modules(plan), Workspace: &Workspace{Dir: dir, Written: updated.Written, Removed: updated.Removed,
		Kept: updated.Kept, Modules: d.table(files)}}, nil
}

// develop is a workspace to work in, in the making.
type develop struct {
	sink   event.Sink
	plan   *plan.Plan
	dir    string // absolute
	record *gen.Record
	// at says where the modules are that are not copied, and kind what stands
	// there, by module path.
	at, kind map[string]string
}

// cloneKey names a checkout among the record's clones.
func cloneKey(m *plan.Module) string {
	return strings.TrimSpace(m.URL + " " + m.Commit + " " + m.Patches.Key())
}

// clone makes the repositories that are asked for, and finds those of earlier
// runs. All modules of a repository are taken from its one clone.
func (d *develop) clone(ctx context.Context, client *source.Client, names []string) error {
	for _, name := range names {
		m, err := d.named(name)
		if err != nil {
			return err
		}
		if place, ok := d.record.Clones[cloneKey(m)]; ok && disk.IsDir(filepath.Join(d.dir, place)) {
			continue
		}
		place := d.freePlace(m)
		ref := m.Version
		if module.IsPseudoVersion(ref) {
			ref = m.Ref
		}
		cloned, err := client.Clone(ctx, source.CloneRequest{Module: explain.Label(m), URL: m.URL, Ref: ref, Commit: m.Commit,
			Dir: filepath.Join(d.dir, filepath.FromSlash(place)), Without: d.workFiles(m), Patches: m.Patches})
		if err != nil {
			return fmt.Errorf("cloning %s: %w", explain.Label(m), err)
		}
		d.sink.Send(event.Event{Kind: event.Note, Text: cloneNote(place, cloned)})
		d.record.Clones[cloneKey(m)] = place
	}
	for _, m := range d.plan.Modules {
		place, ok := d.record.Clones[cloneKey(m)]
		dir := filepath.Join(d.dir, filepath.FromSlash(place), filepath.FromSlash(m.Folder))
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); ok && err == nil && m != d.plan.RoadRunner {
			d.at[m.Path], d.kind[m.Path] = path.Join(place, m.Folder), InClone
		}
	}
	return nil
}

func cloneNote(place string, c source.Cloned) string {
	note := fmt.Sprintf("%s is a clone, on the branch %s", place, c.Branch)
	if c.Commits > 0 {
		note += fmt.Sprintf(", with a commit for each patch, %d in all", c.Commits)
	}
	if len(c.LeftOut) > 0 {
		note += fmt.Sprintf(", without %s, which would be used instead of the workspace's", strings.Join(c.LeftOut, " and "))
	}
	return note
}

// workFiles are the go.work files that a module's repository may have above one
// of the plan's modules, where they would win over the workspace's.
func (d *develop) workFiles(m *plan.Module) (names []string) {
	for _, other := range d.plan.Modules {
		if cloneKey(other) != cloneKey(m) {
			continue
		}
		for dir := path.Join(".", other.Folder); ; dir = path.Dir(dir) {
			if name := path.Join(dir, "go.work"); !slices.Contains(names, name) {
				names = append(names, name)
			}
			if dir == "." {
				break
			}
		}
	}
	return names
}

// freePlace returns clones/NAME, or with a number behind it where another
// module's clone is there.
func (d *develop) freePlace(m *plan.Module) string {
	prefix, _, _ := module.SplitPathVersion(m.Path)
	name := path.Base(prefix)
	if len(m.Names) > 0 && !strings.ContainsAny(m.Names[0], `/\:`) {
		name = m.Names[0]
	}
	place := path.Join("clones", name)
	for i := 2; ; i++ {
		if _, err := os.Lstat(filepath.Join(d.dir, filepath.FromSlash(place))); err != nil {
			return place
		}
		place = path.Join("clones", fmt.Sprintf("%s-%d", name, i))
	}
}

// named finds the module that a clone is asked of.
func (d *develop) named(name string) (*plan.Module, error) {
	var names []string
	for _, m := range d.plan.Modules {
		if m.Path == name || slices.ContainsFunc(m.Names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return m, cannotClone(m, d.plan)
		}
		names = append(append(names, m.Path), m.Names...)
	}
	sort.Strings(names)
	return nil, &config.NameError{Flag: "--clones", Name: name, Known: names}
}

func cannotClone(m *plan.Module, p *plan.Plan) error {
	switch {
	case m == p.RoadRunner:
		return &CloneError{Name: explain.Label(m), Reason: "the workspace has its own container/plugins.go in place of RoadRunner's",
			Hint: "clone it yourself, and build with --with roadrunner=DIR"}
	case m.Local:
		return &CloneError{Name: explain.Label(m), Reason: "it is the local directory " + m.Dir + " already"}
	}
	return nil
}

// CloneError is a module that cannot be cloned into a workspace.
type CloneError struct{ Name, Reason, Hint string }

// Error implements error.
func (e *CloneError) Error() string {
	return fmt.Sprintf("--clones %s: %s", e.Name, e.Reason)
}

// ExitStatus implements the interface that picks the exit status.
func (*CloneError) ExitStatus() int { return 2 }

// Hints says what would do.
func (e *CloneError) Hints() []string {
	if e.Hint == "" {
		return nil
	}
	return []string{e.Hint}
}

// locals refers to the user's directories: by a relative path where workspace
// and directory lie in one part of the file system, so that both can be moved.
func (d *develop) locals() {
	for _, m := range d.plan.Modules {
		if !m.Local || m == d.plan.RoadRunner {
			continue
		}
		d.at[m.Path], d.kind[m.Path] = relative(d.dir, m.Dir), InPlace
	}
}

// relative returns target as seen from dir, unless they have nothing but the
// root in common.
func relative(dir, target string) string {
	rel, err := filepath.Rel(dir, target)
	if err != nil {
		return target
	}
	rel = filepath.ToSlash(rel)
	if up := strings.Count(rel, "../"); up >= strings.Count(strings.TrimSuffix(filepath.ToSlash(dir), "/"), "/") && up > 0 {
		return target
	}
	return rel
}

// table lists where each module is, in the order of a build's table.
func (d *develop) table(files *gen.Workspace) []Placed {
	place := map[string]string{}
	for _, m := range files.Modules {
		place[m.Dir] = m.Path
	}
	var out []Placed
	for _, row := range workspace.Modules(d.plan) {
		p := Placed{Name: row.Name, Path: row.Path, Version: manifest.PatchedVersion(row.Version, row.Patches != ""), Dir: d.at[row.Path], Kind: d.kind[row.Path]}
		if p.Dir == "" {
			p.Dir, p.Kind = place[d.plan.Lookup(row.Path).Dir], Copied
		}
		out = append(out, p)
	}
	return out
}

// Workspace is a directory to work in.
type Workspace struct {
	Dir string `json:"dir"`
	// Modules stand in the order of a build's.
	Modules []Placed `json:"modules"`
	// Written and Removed count files. Kept are those that were changed by
	// hand, and are as they were; slash-separated, below Dir, sorted.
	Written int      `json:"written"`
	Removed int      `json:"removed"`
	Kept    []string `json:"kept,omitempty"`
}

// Placed is a module in a workspace.
type Placed struct {
	Name    string `json:"name,omitempty"`
	Path    string `json:"module"`
	Version string `json:"version"`
	// Dir is relative to the workspace, or absolute.
	Dir string `json:"dir"`
	// Kind is Copied, InClone or InPlace.
	Kind string `json:"kind"`
}

// The kinds of a module's place in a workspace.
const (
	Copied  = "copy"
	InClone = "clone"
	InPlace = "local" // the user's own directory
)

// Result is what a workspace was made of, and what it has become.
type Result struct {
	Modules   []workspace.Row `json:"modules,omitempty"`
	Workspace *Workspace      `json:"workspace"`
}
