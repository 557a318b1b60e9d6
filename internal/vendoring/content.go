package vendoring

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/config/portable"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/vendordir"
	"golang.org/x/sync/errgroup"
)

// patches writes the config's patches to where its portable form has them.
func (g *gatherer) patches() error {
	for _, p := range g.ws.Config.AllPatches() {
		name := filepath.Join(g.folder, filepath.FromSlash(portable.PatchFile(p)))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, p.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// config writes the config as it is to be read on another machine, and the
// profile and the patches that it names.
func (g *gatherer) config(context.Context) error {
	o := portable.Options{Private: g.ws.Tool.Private()}
	if p := g.ws.Profile(); p != "" {
		data, err := disk.ReadLarge(p)
		if err != nil {
			return g.ws.Config.Places.PGO.Wrap(err)
		}
		if err := os.WriteFile(filepath.Join(g.folder, vendordir.ProfileFile), data, 0o644); err != nil {
			return err
		}
		o.Profile = vendordir.ProfileFile
	}
	if err := g.patches(); err != nil {
		return err
	}
	data, err := portable.Write(g.ws.Config, o)
	if err != nil {
		return err
	}
	if _, err := portable.Read(vendordir.ConfigFile, data, g.folder); err != nil {
		g.ws.Note("build --vendor will need a config of your own, with -c: %v", err)
	}
	return os.WriteFile(filepath.Join(g.folder, vendordir.ConfigFile), data, 0o644)
}

// lockFile writes the lock that everything else was taken by.
func (g *gatherer) lockFile(context.Context) error {
	return os.WriteFile(filepath.Join(g.folder, vendordir.LockFile), g.locked.Format(), 0o644)
}

// vulnDB writes the database of known vulnerabilities.
func (g *gatherer) vulnDB(ctx context.Context) error {
	client, err := g.ws.Client(false)
	if err != nil {
		return err
	}
	defer client.Close()
	db, err := g.ws.VulnDB(ctx, client.HTTP(), g.with.DB)
	if err != nil {
		return err
	}
	data, err := db.Zip()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(g.folder, vendordir.VulnDBFile), data, 0o644)
}

// repositories writes a repository for each commit.
func (g *gatherer) repositories(ctx context.Context) error {
	client, err := g.ws.Client(false)
	if err != nil {
		return err
	}
	defer client.Close()
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(max(1, g.ws.Jobs))
	for _, ms := range byCommit(g.ws.Plan.Modules) {
		eg.Go(func() error {
			var of []source.Exported
			for _, m := range ms {
				of = append(of, source.Exported{Folder: m.Folder, Patches: m.Patches})
			}
			found := source.Found{Commit: ms[0].Commit, URL: ms[0].URL, From: ms[0].From,
				NoGoMod: slices.ContainsFunc(ms, func(m *plan.Module) bool { return m.NoGoMod })}
			dir := filepath.Join(g.folder, vendordir.GitDir, found.Commit)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			return client.Export(ctx, found, of, dir)
		})
	}
	return eg.Wait()
}

// byCommit groups modules that come from one commit.
func byCommit(ms []*plan.Module) [][]*plan.Module {
	sorted := slices.Clone(ms)
	slices.SortStableFunc(sorted, func(a, b *plan.Module) int { return cmp.Compare(a.Commit, b.Commit) })
	var out [][]*plan.Module
	for i, m := range sorted {
		if i == 0 || m.Commit != sorted[i-1].Commit {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], m)
	}
	return out
}

// compiled compiles for all targets, as far as the user's build cache lacks
// anything, and takes the packages from there.
func (g *gatherer) compiled(ctx context.Context) error {
	tmp, remove, err := g.ws.Store.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	tool := g.ws.Tool.With(map[string]string{"GOCACHEPROG": ""}).TempIn(tmp) // its entries are elsewhere
	for _, t := range g.ws.Config.Build.Targets {
		c, err := g.ws.Settings(g.ws.Plan, t)
		if err != nil {
			return err
		}
		pkgs, err := tool.Packages(ctx, g.ws.Dir, c)
		if err != nil {
			return g.ws.Explain(ctx, g.ws.Dir, c, err)
		}
		compilation := tool.Compile(g.ws.Dir, c, pkgs)
		compilation.Start()
		if err := compilation.Build(ctx, filepath.Join(tmp, "rr")); err != nil {
			return g.ws.Explain(ctx, g.ws.Dir, c, err)
		}
		compilation.Done()
		entries, err := tool.Compiled(ctx, g.ws.Dir, c)
		if err != nil {
			return g.ws.Explain(ctx, g.ws.Dir, c, err)
		}
		if err := gotool.WriteCache(ctx, filepath.Join(g.folder, vendordir.CacheDir), entries); err != nil {
			return err
		}
	}
	return nil
}
