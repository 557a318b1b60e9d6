// Package check says what Endure would make of a config's plugins, without
// linking them.
package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/rrcheck"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/size"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Plugins reads what would be built for each target, down to the types of the
// plugins, and links nothing. The result says what was checked, also where the
// error is an [endure.Findings]. rr is a .rr.yaml to check along.
func Plugins(ctx context.Context, m workspace.Machine, p workspace.Project, rr YAML) (*Report, error) {
	var conf *rryaml.File
	if rr.File != "" { // before anything is compiled
		var err error
		if conf, err = rryaml.Read(rr.File, m.Env, rr.Set...); err != nil {
			return nil, err
		}
	}
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	var report *Report
	tell := workspace.OnceEach(m.Sink)
	err = w.EachTarget(ctx, func(t config.Target, s *endure.Set) error {
		g := endure.Decide(s)
		tell(g.Remarks(w.Allowance()))
		keys, err := w.Keys(ctx, t)
		if err != nil {
			return err
		}
		check := checked(g, keys)
		found := endure.Check(g, w.Allowance())
		if conf != nil {
			r := rrcheck.Check(conf, g, keys, w.Allowance())
			tell(r.Remarks)
			if len(r.Unused) > 0 {
				tell([]string{unused(ctx, w, rr, r.Unused)})
			}
			check.YAML, check.Unused = r.Sections, r.Unused
			found = endure.Join(found, r.Problems)
		}
		if report == nil || found != nil {
			report = check
		}
		return found
	})
	return report, err
}

// YAML is a .rr.yaml to check.
type YAML struct {
	// File is its name, empty for none.
	File string
	// Set are key=value, as rr serve -o takes them.
	Set []string
	// Binary is the server that was built last, empty if there is none: what it is
	// larger by is said of plugins that the file never uses.
	Binary string
}

// unused words which plugins a .rr.yaml never uses, with what they cost if the binary
// at hand is that of the config.
func unused(ctx context.Context, w *workspace.Workspace, rr YAML, names []string) string {
	words := slices.Clone(names)
	end := ""
	if rr.Binary != "" {
		each, all, err := size.Costs(ctx, w, rr.Binary, names)
		for i := range each {
			words[i] += " (" + brief.Bytes(each[i]) + ")"
		}
		if err == nil && len(names) > 1 {
			end = fmt.Sprintf("; without them, %s would be %s smaller", rr.Binary, brief.Bytes(all))
		}
	}
	return fmt.Sprintf("%s never uses %s%s", rr.File, endure.List(words), end)
}

// Graph returns what Endure makes of the plugins, for the first target, and what
// they read of a .rr.yaml.
func Graph(ctx context.Context, m workspace.Machine, p workspace.Project) (*endure.Graph, *rrkeys.Keys, error) {
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, nil, err
	}
	var g *endure.Graph
	var k *rrkeys.Keys
	err = w.EachTarget(ctx, func(t config.Target, s *endure.Set) error {
		if g != nil {
			return nil
		}
		g = endure.Decide(s)
		k, err = w.Keys(ctx, t)
		return err
	})
	return g, k, err
}

// checked is what a graph is shown as.
func checked(g *endure.Graph, k *rrkeys.Keys) *Report {
	out := &Report{}
	for i := range g.Set.Plugins {
		p := &g.Set.Plugins[i]
		row := Plugin{Name: p.Name, Version: p.Version, Params: len(p.Init), Provides: len(p.Provides), Collects: len(p.Collects),
			Weight: p.Weight, State: g.Fates[i].State.String()}
		for _, w := range p.Init {
			if len(w.Offers) > 0 {
				row.Met++
			}
		}
		row.Unknown = p.Unknowns()
		if i < len(k.Plugins) && len(k.Plugins[i].Unknown) > 0 {
			row.Unknown = append(row.Unknown, strings.Join(k.Plugins[i].Unknown, ", ")+": "+rrkeys.UnknownText)
		}
		out.Plugins = append(out.Plugins, row)
	}
	out.Edges = len(g.Edges)
	return out
}

// Report is what a check looked at.
type Report struct {
	// Plugins are in the order in which they are registered.
	Plugins []Plugin `json:"plugins"`
	// Edges counts who meets or is collected by whom.
	Edges int `json:"edges"`
	// YAML are the sections of the .rr.yaml that was checked along.
	YAML []rrcheck.Section `json:"rr_yaml,omitempty"`
	// Unused are the plugins that the .rr.yaml never uses.
	Unused []string `json:"unused,omitempty"`
}

// Plugin is one registered plugin.
type Plugin struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Met counts those of Init's Params that something meets.
	Met      int  `json:"met"`
	Params   int  `json:"params"`
	Provides int  `json:"provides"`
	Collects int  `json:"collects"`
	Weight   uint `json:"weight"`
	// State is active, disabled, or "at risk" where chance decides at each start.
	State string `json:"state"`
	// Unknown are the things that the source does not tell.
	Unknown []string `json:"unknown,omitempty"`
}
