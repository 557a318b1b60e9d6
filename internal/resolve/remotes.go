package resolve

import (
	"cmp"
	"context"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/source"
)

// Remote is where something that the config names is cloned from, before
// mirrors.
type Remote struct {
	Name string
	URL  string
	// Dir is a local directory in the place of a repository.
	Dir string
	Err error
	// asks is what the config wants of it; without a ref nothing is known.
	asks query
}

// Check looks among a repository's refs for the one that the config asks for. A
// commit is taken to be there, since a server does not list all of them.
func (r Remote) Check(refs *source.Refs) error {
	if r.asks.ref == "" {
		return nil
	}
	_, err := r.asks.choose(refs)
	return err
}

// Remotes lists what the config names, in its order, RoadRunner first.
func Remotes(ctx context.Context, cfg *config.Config, o Options) []Remote {
	r := newResolver(cfg, o)
	out := []Remote{{Name: config.RoadRunnerName, URL: cfg.RoadRunner.URL, Dir: cfg.RoadRunner.Path, asks: query{ref: cfg.RoadRunner.Ref, anyMajor: true}}}
	for _, p := range cfg.Plugins {
		rem := Remote{Name: p.Name, URL: p.URL, Dir: p.Path, asks: query{ref: p.Ref, folder: p.Folder}}
		if p.Replace != nil {
			rem.asks.ref = "" // another module's is taken, or none
			rem.Dir = cmp.Or(p.Replace.Dir, rem.Dir)
		}
		if rem.Dir != "" {
			rem.Dir = moduleDir(rem.Dir, p.Folder)
		}
		out = append(out, r.located(ctx, rem, p.ModulePath))
	}
	for _, m := range cfg.Modules {
		out = append(out, r.located(ctx, Remote{Name: m.Path, URL: m.URL, Dir: m.Dir, asks: query{ref: m.Ref, folder: m.Folder}}, m.Path))
	}
	return out
}

func (r *resolver) located(ctx context.Context, rem Remote, modulePath string) Remote {
	_, rem.asks.major, _ = module.SplitPathVersion(modulePath)
	rem.asks.anyMajor = modulePath == ""
	if rem.URL == "" && rem.Dir == "" {
		var loc location
		var all []location
		if all, rem.Err = r.candidates(ctx, wanted{name: rem.Name, path: modulePath}); rem.Err == nil {
			loc = r.reachable(ctx, all)
		}
		rem.URL, rem.asks.folder = loc.url, cmp.Or(rem.asks.folder, loc.folder)
	}
	return rem
}
