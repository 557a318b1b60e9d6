package resolve

import (
	"context"

	"github.com/vxlite/vxlite/internal/config"
)

// Remote is where something that the config names is cloned from, before
// mirrors.
type Remote struct {
	Name string
	URL  string
	// Dir is a local directory in the place of a repository.
	Dir string
	Err error
}

// Remotes lists what the config names, in its order, RoadRunner first.
func Remotes(ctx context.Context, cfg *config.Config, o Options) []Remote {
	r := newResolver(cfg, o)
	out := []Remote{{Name: config.RoadRunnerName, URL: cfg.RoadRunner.URL, Dir: cfg.RoadRunner.Path}}
	for _, p := range cfg.Plugins {
		rem := Remote{Name: p.Name, URL: p.URL, Dir: p.Path}
		if p.Replace != nil && p.Replace.Dir != "" {
			rem.Dir = p.Replace.Dir
		}
		out = append(out, r.located(ctx, rem, p.ModulePath))
	}
	for _, m := range cfg.Modules {
		out = append(out, r.located(ctx, Remote{Name: m.Path, URL: m.URL, Dir: m.Dir}, m.Path))
	}
	return out
}

func (r *resolver) located(ctx context.Context, rem Remote, modulePath string) Remote {
	if rem.URL == "" && rem.Dir == "" {
		var loc location
		loc, rem.Err = r.whereIs(ctx, wanted{name: rem.Name, path: modulePath})
		rem.URL = loc.url
	}
	return rem
}
