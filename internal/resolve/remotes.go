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
	Pos  config.Position
	// Path is the module path, empty where go.mod decides.
	Path string
	URL  string
	// Dir is a local directory in the place of a repository.
	Dir string
	// Replaced says that an entry's own `replace` takes another module.
	Replaced bool
	Err      error
	// Asks is what the config wants of it; without a ref nothing is known.
	Asks query.Query
}

// Check looks among a repository's refs for the one that the config asks for. A
// commit is taken to be there, since a server does not list all of them.
func (r Remote) Check(refs *source.Refs) error {
	if r.Asks.Ref == "" {
		return nil
	}
	_, err := r.Asks.Choose(refs)
	return err
}

// Remotes lists what the config names, in its order, RoadRunner first, and then
// what the lock has of the modules that only a pattern makes come from git.
func Remotes(ctx context.Context, cfg *config.Config, o Options) []Remote {
	r := newResolver(cfg, o)
	out := []Remote{{Name: config.RoadRunnerName, Pos: cfg.RoadRunner.Pos, URL: cfg.RoadRunner.URL, Dir: cfg.RoadRunner.Path, Asks: query.Query{Ref: cfg.RoadRunner.Ref, AnyMajor: true}}}
	for _, p := range cfg.Plugins {
		rem := Remote{Name: p.Name, Pos: p.Pos, URL: p.URL, Dir: p.Path, Asks: query.Query{Ref: p.Ref, Folder: p.Folder}}
		if p.Replace != nil {
			rem.Asks.Ref = "" // another module's is taken, or none
			rem.Dir = cmp.Or(p.Replace.Dir, rem.Dir)
			rem.Replaced = rem.Dir == ""
		}
		if rem.Dir != "" {
			rem.Dir = moduleDir(rem.Dir, p.Folder)
		}
		out = append(out, r.located(ctx, rem, p.ModulePath))
	}
	for _, m := range cfg.Modules {
		out = append(out, r.located(ctx, Remote{Name: m.Path, Pos: m.Pos, URL: m.URL, Dir: m.Dir, Asks: query.Query{Ref: m.Ref, Folder: m.Folder}}, m.Path))
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
		rem := Remote{Name: m.Path, Path: m.Path, URL: m.URL, Asks: query.Query{Folder: m.Folder}}
		if m.ReplacedBy == "" && !module.IsPseudoVersion(m.Version) {
			rem.Asks.Ref = strings.TrimSuffix(m.Version, "+incompatible")
		}
		_, rem.Asks.Major, _ = module.SplitPathVersion(m.Path)
		out = append(out, rem)
	}
	return out
}

func (r *resolver) located(ctx context.Context, rem Remote, modulePath string) Remote {
	rem.Path = modulePath
	_, rem.Asks.Major, _ = module.SplitPathVersion(modulePath)
	rem.Asks.AnyMajor = modulePath == ""
	if rem.URL == "" && rem.Dir == "" {
		var loc modurl.Location
		var all []modurl.Location
		if all, rem.Err = r.candidates(ctx, wanted{name: rem.Name, path: modulePath}); rem.Err == nil {
			loc = r.reachable(ctx, all)
		}
		rem.URL, rem.Asks.Folder = loc.URL, cmp.Or(rem.Asks.Folder, loc.Folder)
	}
	return rem
}
