package workspace

import (
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/query"
)

// Settings are the compiler's, from config and plan.
func (k *Kit) Settings(p *plan.Plan, t config.Target) (gotool.Compile, error) {
	cfg := k.Config.Build
	c := gotool.Compile{
		OS: t.OS, Arch: t.Arch, Setting: t.Setting(), Target: t.String(),
		Meta:    p.RoadRunner.Path + "/internal/meta",
		Version: cfg.Version, Time: cfg.Time,
		Tags: cfg.Tags, LDFlags: cfg.LDFlags, GCFlags: cfg.GCFlags,
		CGO: cfg.CGO, Race: cfg.Race, Debug: cfg.Debug, CacheProg: cfg.CacheProg,
		Private: p.Private, Offline: k.Offline,
	}
	for _, m := range p.Modules {
		if m.OnlyVersion == "" { // its other versions are the proxy's
			c.Private = append(c.Private, m.Path)
		}
	}
	if c.Version == "" {
		c.Version = query.Short(p.RoadRunner.Ref)
		if v := p.RoadRunner.Version; c.Version == "" || isQuery(c.Version, v) {
			c.Version = v // a query's answer tells more than the query
		}
	}
	if p.RoadRunner.Local && cfg.Version == "" {
		c.Version = "local" // as RoadRunner's own source has it
	}
	c.Version = withoutV(c.Version)
	if c.Time != "" {
		return c, nil
	}
	at := p.RoadRunner.Time
	if p.RoadRunner.Local {
		c.Time = "development" // likewise, unless SOURCE_DATE_EPOCH knows better
	}
	epoch, err := k.Epoch()
	if err != nil {
		return c, err
	}
	if !epoch.IsZero() {
		at = epoch
	}
	if !at.IsZero() {
		c.Time = at.UTC().Format(time.RFC3339)
	}
	return c, nil
}

// isQuery reports whether a ref only begins the version it led to, or asks
// for the newest.
func isQuery(ref, version string) bool {
	return ref == "latest" || ref == "HEAD" || ref == "@" || ref != version && strings.HasPrefix(version, ref+".")
}

// withoutV drops the v of v2025.1.15, as RoadRunner's own build does.
func withoutV(v string) string {
	if len(v) > 1 && v[0] == 'v' && v[1] >= '0' && v[1] <= '9' {
		return v[1:]
	}
	return v
}

// Targets are those of the config, each once, and the host where it has none.
func (p Project) Targets() []config.Target {
	var out []config.Target
	for _, t := range p.Config.Build.Targets {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		out = append(out, config.Target{OS: runtime.GOOS, Arch: runtime.GOARCH})
	}
	return out
}
