// Package check says what Endure would make of a config's plugins, without
// linking them.
package check

import (
	"context"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/rryaml"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Plugins reads what would be built for each target, down to the types of the
// plugins, and links nothing. The result says what was checked, also where the
// error is an [endure.Findings]. rrYAML names a .rr.yaml to check along, or is
// empty.
func Plugins(ctx context.Context, m workspace.Machine, p workspace.Project, rrYAML string) (*Report, error) {
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	var report *Report
	tell := workspace.OnceEach(m.Sink)
	err = w.EachTarget(ctx, func(t config.Target, s *endure.Set) error {
		g := endure.Decide(s)
		tell(g.Remarks(w.Allowance()))
		check := checked(g)
		found := endure.Check(g, w.Allowance())
		if rrYAML != "" {
			conf, err := rryaml.Read(rrYAML, m.Env)
			if err != nil {
				return err
			}
			sections, remarks, problems := rryaml.Check(conf, g, w.Allowance())
			tell(remarks)
			check.YAML = sections
			found = endure.Join(found, problems)
		}
		if report == nil || found != nil {
			report = check
		}
		return found
	})
	return report, err
}

// Graph returns what Endure makes of the plugins, for the first target.
func Graph(ctx context.Context, m workspace.Machine, p workspace.Project) (*endure.Graph, error) {
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	var g *endure.Graph
	err = w.EachTarget(ctx, func(_ config.Target, s *endure.Set) error {
		if g == nil {
			g = endure.Decide(s)
		}
		return nil
	})
	return g, err
}

// checked is what a graph is shown as.
func checked(g *endure.Graph) *Report {
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
	YAML []rryaml.Section `json:"rr_yaml,omitempty"`
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
