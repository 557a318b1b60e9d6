package resolve

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/query"
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
	asks query.Query
}

// Check looks among a repository's refs for the one that the config asks for. A
// commit is taken to be there, since a server does not list all of them.
func (r Remote) Check(refs *source.Refs) error {
	if r.asks.Ref == "" {
		return nil
	}
	_, err := r.asks.Choose(refs)
	return err
}

// Remotes lists what the config names, in its order, RoadRunner first, and then
// what the lock has of the modules that only a pattern makes come from git.
func Remotes(ctx context.Context, cfg *config.Config, o Options) []Remote {
	r := newResolver(cfg, o)
	out := []Remote{{Name: config.RoadRunnerName, URL: cfg.RoadRunner.URL, Dir: cfg.RoadRunner.Path, asks: query.Query{Ref: cfg.RoadRunner.Ref, AnyMajor: true}}}
	for _, p := range cfg.Plugins {
		rem := Remote{Name: p.Name, URL: p.URL, Dir: p.Path, asks: query.Query{Ref: p.Ref, Folder: p.Folder}}
		if p.Replace != nil {
			rem.asks.Ref = "" // another module's is taken, or none
			rem.Dir = cmp.Or(p.Replace.Dir, rem.Dir)
		}
		if rem.Dir != "" {
			rem.Dir = moduleDir(rem.Dir, p.Folder)
		}
		out = append(out, r.located(ctx, rem, p.ModulePath))
	}
	for _, m := range cfg.Modules {
		out = append(out, r.located(ctx, Remote{Name: m.Path, URL: m.URL, Dir: m.Dir, asks: query.Query{Ref: m.Ref, Folder: m.Folder}}, m.Path))
	}
	return append(out, r.matched(o.Lock, out)...)
}

// matched lists the modules of a lock that come from git by a pattern, and whose
// repository is not listed yet.
func (r *resolver) matched(locked *lock.File, listed []Remote) (out []Remote) {
	if locked == nil {
		return nil
	}
	for _, m := range locked.Modules {
		there := slices.ContainsFunc(slices.Concat(listed, out), func(other Remote) bool { return r.lock.url(other.URL) == m.URL })
		remote, err := giturl.Parse(m.URL)
		if err != nil || remote.Local() || there || !r.fromGit(m.Path) {
			continue
		}
		rem := Remote{Name: m.Path, URL: m.URL, asks: query.Query{Folder: m.Folder}}
		if m.ReplacedBy == "" && !module.IsPseudoVersion(m.Version) {
			rem.asks.Ref = strings.TrimSuffix(m.Version, "+incompatible")
		}
		_, rem.asks.Major, _ = module.SplitPathVersion(m.Path)
		out = append(out, rem)
	}
	return out
}

func (r *resolver) located(ctx context.Context, rem Remote, modulePath string) Remote {
	_, rem.asks.Major, _ = module.SplitPathVersion(modulePath)
	rem.asks.AnyMajor = modulePath == ""
	if rem.URL == "" && rem.Dir == "" {
		var loc modurl.Location
		var all []modurl.Location
		if all, rem.Err = r.candidates(ctx, wanted{name: rem.Name, path: modulePath}); rem.Err == nil {
			loc = r.reachable(ctx, all)
		}
		rem.URL, rem.asks.Folder = loc.URL, cmp.Or(rem.asks.Folder, loc.Folder)
	}
	return rem
}
