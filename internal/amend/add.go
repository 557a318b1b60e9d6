package amend

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/edit"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Wish is a plugin to add.
type Wish struct {
	config.Origin
	// As is its name in the config; empty for the origin's own.
	As string
	// Folder, Import and Symbol are as in the config.
	Folder, Import, Symbol string
}

// Add adds plugins to a config, and those of RoadRunner's release that they need,
// unless needs is false. What Endure would disable besides is refused then, and
// otherwise told.
func Add(ctx context.Context, m workspace.Machine, f File, wishes []Wish, needs bool) (*Result, error) {
	m = noteOnce(m)
	old, err := f.Read(f.Data)
	if err != nil {
		return nil, err
	}
	a := &addition{file: f, old: old}
	if a.read, err = open(ctx, m, old); err != nil {
		return nil, err
	}
	defer a.read.client.Close()
	if err := a.want(ctx, wishes); err != nil {
		return nil, err
	}
	for {
		data, w, found, err := a.attempt(ctx, m)
		if err != nil {
			return nil, err
		}
		more, err := a.needed(ctx, found)
		if err != nil {
			return nil, err
		}
		switch {
		case found != nil && !needs:
			w.Note("%v", found)
		case len(more) > 0:
			a.plugins = append(a.plugins, more...)
			continue
		case found != nil:
			return nil, &RefusedError{File: f.Name, Err: found}
		}
		result := a.result(w)
		result.Incomplete = found != nil
		return result, f.write(ctx, data, w, result)
	}
}

// addition is what is to be added to a config.
type addition struct {
	file    File
	old     *config.Config
	read    *reader
	release *roadrunner.Release // nil until it is asked for
	plugins []added
}

// added is a plugin with what is to be said of it.
type added struct {
	config.Plugin
	about, neededBy string
}

// want makes the plugins of the wishes, with their versions.
func (a *addition) want(ctx context.Context, wishes []Wish) error {
	var failed []error
	for _, wish := range wishes {
		p, err := a.plugin(ctx, wish)
		if err == nil {
			err = a.free(p.Plugin)
		}
		if err == nil {
			p.Plugin, err = a.settle(ctx, p.Plugin)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		a.plugins = append(a.plugins, p)
	}
	return errors.Join(failed...)
}

// plugin is what a wish is for: one of the release, or from elsewhere.
func (a *addition) plugin(ctx context.Context, wish Wish) (added, error) {
	if wish.Dir != "" {
		var err error
		if wish.Dir, err = filepath.Abs(wish.Dir); err != nil {
			return added{}, err
		}
		if gitpack.IsBare(wish.Dir) {
			wish.URL, wish.Dir = wish.Dir, ""
		}
	}
	p := added{Plugin: config.Plugin{Name: wish.PluginName(), ModulePath: wish.Module, URL: wish.URL, Ref: wish.Ref, Symbol: "Plugin"}}
	own, err := a.own(ctx, wish)
	if err != nil {
		return p, err
	}
	switch {
	case own != nil:
		p.Plugin = scaffold.Entry(*own)
		p.about = scaffold.About(p.Name)
		if wish.URL != "" {
			p.URL, p.ModulePath = wish.URL, ""
		}
	case wish.Name != "":
		rel, err := a.releaseOf(ctx)
		if err != nil {
			return p, err
		}
		if slices.Contains([]string{"config", "informer", "resetter"}, wish.Name) {
			return p, &AlwaysInError{Name: wish.Name}
		}
		chosen, err := scaffold.Choose(rel, "", []string{wish.Name})
		if err != nil {
			return p, err
		}
		p.Plugin = scaffold.Entry(chosen[0])
		p.about = scaffold.About(p.Name)
		if wish.Ref != "" {
			p.Ref = wish.Ref
		}
	case wish.Dir != "":
		p.Path = wish.Dir
	}
	for _, set := range []struct {
		to    *string
		value string
	}{{&p.Name, wish.As}, {&p.Folder, wish.Folder}, {&p.Import, wish.Import}, {&p.Symbol, wish.Symbol}} {
		if set.value != "" {
			*set.to = set.value
		}
	}
	return p, nil
}

// own is the release's plugin that a module path or a clone URL leads to, where no
// version is asked for: a newer major would not go with the release. It is nil for none.
func (a *addition) own(ctx context.Context, wish Wish) (*roadrunner.Plugin, error) {
	modulePath := wish.Module
	if remote, err := giturl.Parse(wish.URL); wish.URL != "" && err == nil && !remote.Local() {
		modulePath = remote.Host + "/" + strings.TrimSuffix(strings.Trim(remote.Path, "/"), ".git")
	}
	if modulePath == "" || wish.Ref != "" || wish.Folder != "" {
		return nil, nil
	}
	rel, err := a.releaseOf(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range rel.Plugins {
		if prefix, _, _ := module.SplitPathVersion(p.Module); modulePath == p.Module || modulePath == prefix {
			return &p, nil
		}
	}
	return nil, nil
}

// releaseOf reads RoadRunner's release, once.
func (a *addition) releaseOf(ctx context.Context) (*roadrunner.Release, error) {
	if a.release != nil {
		return a.release, nil
	}
	var err error
	a.release, err = resolve.ReadRelease(ctx, a.old, a.read.with)
	return a.release, err
}

// free refuses a plugin that is there already, by its name or its module path.
func (a *addition) free(p config.Plugin) error {
	all := slices.Clone(a.old.Plugins)
	for _, q := range a.plugins {
		all = append(all, q.Plugin)
	}
	for _, q := range all {
		same := p.ModulePath != "" && endure.SameModule(p.ModulePath, q.ModulePath) && p.Import == q.Import && p.Symbol == q.Symbol
		if strings.EqualFold(p.Name, q.Name) || same {
			return &ThereError{Name: p.Name, There: q, Other: !same}
		}
	}
	return nil
}

// settle makes sure that a plugin is there, and writes down its version: what was
// asked for, or else the newest, or the commit where there is none.
func (a *addition) settle(ctx context.Context, p config.Plugin) (config.Plugin, error) {
	newest := p.Path == "" && (p.Ref == "" || p.Ref == "latest")
	if newest {
		p.Ref = "latest"
	}
	with := a.read.with
	with.Lock = nil
	m, err := resolve.ReadPlugin(ctx, a.old, with, p)
	if e, ok := errors.AsType[*modurl.NoURLError](err); ok {
		return p, &NoURLError{*e}
	}
	switch {
	case err != nil:
		return p, err
	case newest && module.IsPseudoVersion(m.Version):
		p.Ref = m.Commit
	case newest:
		p.Ref = strings.TrimSuffix(m.Version, "+incompatible")
	}
	found := p
	found.ModulePath = m.Path
	return p, a.free(found)
}

// attempt looks at the config with the plugins so far.
func (a *addition) attempt(ctx context.Context, m workspace.Machine) (data []byte, w *workspace.Workspace, found, err error) {
	var tables [][]string
	var names []string
	for _, p := range a.old.Plugins {
		names = append(names, p.Name)
	}
	for _, p := range a.plugins {
		if p.Path != "" {
			p.Path = config.PathFrom(a.file.Name, p.Path)
		}
		if filepath.IsAbs(p.URL) {
			p.URL = config.PathFrom(a.file.Name, p.URL)
		}
		tables = append(tables, scaffold.Lines(p.Plugin, p.about))
		names = append(names, p.Name)
	}
	data = edit.Add(a.file.Data, tables...)
	cfg, err := a.file.reread(a.old, data, names)
	if err != nil {
		return nil, nil, nil, err
	}
	for i := range a.plugins { // there is no such line yet
		cfg.Plugins[len(a.old.Plugins)+i].Pos = config.Position{}
	}
	w, found, err = Prepare(ctx, m, cfg)
	return data, w, found, err
}

// needed are the release's plugins that would meet what others lack.
func (a *addition) needed(ctx context.Context, found error) ([]added, error) {
	f, _ := errors.AsType[*endure.Findings](found)
	if f == nil {
		return nil, nil
	}
	var out []added
	for _, problem := range f.Problems {
		lacks, ok := problem.(*endure.LackError)
		if !ok {
			continue
		}
		for _, l := range lacks.Lacks {
			if l.Adds == "" || l.Present || len(l.Entry) == 0 || slices.ContainsFunc(out, func(p added) bool { return p.Name == l.Adds }) {
				continue
			}
			p, err := a.plugin(ctx, Wish{Origin: config.Origin{Name: l.Adds}})
			if err != nil {
				return nil, err
			}
			if err := a.free(p.Plugin); err != nil { // the name is another's
				return nil, err
			}
			p.neededBy = lacks.Name
			out = append(out, p)
		}
	}
	return out, nil
}

// result says what was added.
func (a *addition) result(w *workspace.Workspace) *Result {
	r := &Result{}
	for _, p := range a.plugins {
		row := Plugin{Name: p.Name, From: a.from(p.Plugin), NeededBy: p.neededBy}
		for _, m := range w.Plan.Modules {
			if slices.Contains(m.Names, p.Name) {
				row.Module = m.Path
				if !m.Local {
					row.Version = m.Version
				}
			}
		}
		r.Added = append(r.Added, row)
	}
	return r
}

func (a *addition) from(p config.Plugin) string {
	switch {
	case p.Path != "":
		return config.PathFrom(a.file.Name, p.Path)
	case p.URL != "":
		return p.URL
	}
	return p.ModulePath
}

// ThereError is a plugin that is in the config already, or another of its name.
type ThereError struct {
	Name  string
	There config.Plugin
	// Other says that what is there is another module.
	Other bool
}

// Error implements error.
func (e *ThereError) Error() string {
	if e.There.Pos.Line == 0 {
		return fmt.Sprintf("%s is named twice", e.Name)
	}
	return fmt.Sprintf("%s: plugin %q is there already", e.There.Pos, e.There.Name)
}

// ExitStatus implements the interface that picks the exit status.
func (*ThereError) ExitStatus() int { return 2 }

// Hints says how to have another version, or both.
func (e *ThereError) Hints() []string {
	switch {
	case e.There.Pos.Line == 0 && e.Other:
		return []string{"add one of them alone, with another --name"}
	case e.There.Pos.Line == 0:
		return nil
	case e.Other:
		return []string{"take another name with --name, or remove that one first: vxlite remove " + e.There.Name}
	}
	return []string{"for another version, edit its tag or ref"}
}

// NoURLError is a module path of a plugin whose repository is not known.
type NoURLError struct{ modurl.NoURLError }

// ExitStatus implements the interface that picks the exit status.
func (*NoURLError) ExitStatus() int { return 2 }

// Hints says how to name the repository, by what hosts mostly have: OWNER/REPOSITORY.
func (e *NoURLError) Hints() []string {
	elements := strings.Split(e.Module, "/")
	root, folder := elements[:min(3, len(elements))], elements[min(3, len(elements)):]
	hint := "give its clone URL, as in: vxlite add https://" + strings.Join(root, "/") + ".git"
	if len(folder) > 0 {
		hint += " --folder " + strings.Join(folder, "/")
	}
	return []string{hint}
}

// AlwaysInError is a plugin that no config need name.
type AlwaysInError struct{ Name string }

// Error implements error.
func (e *AlwaysInError) Error() string {
	return e.Name + " is always in, at the version that RoadRunner requires"
}

// ExitStatus implements the interface that picks the exit status.
func (*AlwaysInError) ExitStatus() int { return 2 }

// RefusedError is a config that would not do with what was to be added.
type RefusedError struct {
	File string
	Err  error
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Err.Error() }

// Unwrap returns what was found.
func (e *RefusedError) Unwrap() error { return e.Err }

// Hints says how to have it all the same.
func (e *RefusedError) Hints() []string {
	return []string{e.File + " is not changed; --no-needs adds the plugin all the same"}
}
