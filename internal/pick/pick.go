// Package pick chooses the plugins of a RoadRunner release that a .rr.yaml uses,
// and those that they need. Begin at [Plugins].
package pick

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/amend"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/roadrunner"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/scaffold"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Picked is what came of it.
type Picked struct {
	// Plugins are in the release's order.
	Plugins []scaffold.Reason
	// Plain are the names of the plugins that need no section.
	Plain []string
	// Unknown are the places of the .rr.yaml that no plugin of the release is for.
	Unknown []string
}

// Plugins reads the sources of all plugins of a release, and finds those that
// .rr.yaml files use, and those that these need by Endure's rules. cfg names the
// release, and has no plugins; files have been read.
func Plugins(ctx context.Context, m workspace.Machine, cfg *config.Config, rel *roadrunner.Release, files []*rryaml.File) (*Picked, error) {
	all := with(cfg, rel.Plugins)
	w, err := workspace.Prepare(ctx, m, workspace.Project{Config: all}, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	keys, err := rrkeys.Load(ctx, sources(rel, w))
	if err != nil {
		return nil, err
	}
	uses, unknown := used(files, keys)
	why := map[string]string{}
	for _, u := range uses {
		why[u.name] = brief(u.places)
	}
	if err := closed(ctx, m, cfg, rel, why); err != nil {
		return nil, err
	}
	out := &Picked{Unknown: unknown}
	for _, p := range keys.Plugins {
		if len(p.Reads) == 0 && len(p.Roles) == 0 {
			out.Plain = append(out.Plain, p.Name)
		}
	}
	for _, p := range chosen(rel, why) {
		out.Plugins = append(out.Plugins, scaffold.Reason{Plugin: p, Why: why[p.Name]})
	}
	return out, nil
}

// with is a config with some plugins of the release.
func with(cfg *config.Config, plugins []roadrunner.Plugin) *config.Config {
	out := *cfg
	out.Plugins = nil
	for _, p := range plugins {
		out.Plugins = append(out.Plugins, scaffold.Entry(p))
	}
	return &out
}

// sources is where the release's plugins are, for this machine.
func sources(rel *roadrunner.Release, w *workspace.Workspace) rrkeys.Input {
	in := rrkeys.Input{RoadRunner: w.Plan.RoadRunner.Path, GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}
	for _, p := range rel.Plugins {
		in.Plugins = append(in.Plugins, rrkeys.Source{Name: p.Name, Module: p.Module, Import: p.Import, Symbol: p.Symbol})
	}
	for _, m := range w.Plan.Modules {
		in.Modules = append(in.Modules, rrkeys.Module{Path: m.Path, Dir: m.Dir})
	}
	return in
}

// chosen are the plugins with a reason, in the release's order.
func chosen(rel *roadrunner.Release, why map[string]string) []roadrunner.Plugin {
	return slices.DeleteFunc(slices.Clone(rel.Plugins), func(p roadrunner.Plugin) bool { return why[p.Name] == "" })
}

// closed adds reasons for the plugins that those with one need, until Endure would
// disable none.
func closed(ctx context.Context, m workspace.Machine, cfg *config.Config, rel *roadrunner.Release, why map[string]string) error {
	for {
		_, found, err := amend.Prepare(ctx, m, with(cfg, chosen(rel, why)))
		if err != nil {
			return err
		}
		if found == nil {
			return nil
		}
		f, _ := errors.AsType[*endure.Findings](found)
		if f == nil || !need(f, rel, why) {
			return found
		}
	}
}

// need gives reasons to what others lack, and reports whether there was such.
func need(f *endure.Findings, rel *roadrunner.Release, why map[string]string) bool {
	more := false
	for _, problem := range f.Problems {
		lacks, ok := problem.(*endure.LackError)
		if !ok {
			continue
		}
		for _, l := range lacks.Lacks {
			i := slices.IndexFunc(rel.Plugins, func(p roadrunner.Plugin) bool { return p.Name == l.Adds })
			if l.Present || i < 0 || why[l.Adds] != "" {
				continue
			}
			why[l.Adds] = fmt.Sprintf("%s needs it: %s", lacks.Name, methods(l.Want))
			more = true
		}
	}
	return more
}

// methods are the names of an interface's, a few of them.
func methods(w endure.Want) string {
	var names []string
	for _, m := range w.Methods {
		name, _, _ := strings.Cut(m, "(")
		names = append(names, name)
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return strings.Join(names, ", ")
}

// brief lists places, a few of them.
func brief(places []string) string {
	if len(places) > 3 {
		places = append(slices.Clone(places[:3]), "…")
	}
	return strings.Join(places, "; ")
}
