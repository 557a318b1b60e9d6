package vendoring

import (
	"context"
	"path/filepath"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// download writes the proxy tree. It lets the go command fetch what the targets need into an empty
// module cache, from the user's as far as that has it: what it took is what is
// needed.
func (g *gatherer) download(ctx context.Context) error {
	if err := g.ws.Write(); err != nil {
		return err
	}
	tmp, remove, err := g.ws.Store.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	tool, err := g.ws.Fetcher(tmp)
	if err != nil {
		return err
	}
	for _, t := range g.ws.Config.Build.Targets {
		if err := g.downloadFor(ctx, tool, t); err != nil {
			return err
		}
	}
	if g.with.Toolchain {
		if err := g.toolchain(ctx, tool); err != nil {
			return err
		}
	}
	if g.with.CompileCache {
		if err := vendordir.WriteModules(ctx, tmp, filepath.Join(g.folder, vendordir.ModulesDir), g.files, g.kinds); err != nil {
			return err
		}
	}
	return vendordir.WriteProxy(ctx, workspace.Downloads(tmp), filepath.Join(g.folder, vendordir.ProxyDir), vendordir.ProxyOptions{Toolchains: g.with.Toolchain})
}

// downloadFor fetches what one target needs.
func (g *gatherer) downloadFor(ctx context.Context, tool *gotool.Tool, t config.Target) error {
	c, err := g.ws.Settings(g.ws.Plan, t)
	if err != nil {
		return err
	}
	c.Offline = false // the tool knows whether any proxy may be asked
	pkgs, err := tool.Packages(ctx, g.ws.Dir, c)
	if err != nil {
		return g.ws.Explain(ctx, g.ws.Dir, c, err)
	}
	if err := g.ws.CheckLinked(ctx, pkgs, c); err != nil || !g.with.CompileCache {
		return err
	}
	return g.sources(ctx, tool, c)
}

// sources notes what one target reads of the third-party modules. Where
// nothing is to be compiled, unpacking them whole would take most of the time.
func (g *gatherer) sources(ctx context.Context, tool *gotool.Tool, c gotool.Compile) error {
	kind, err := tool.Kind(c)
	if err != nil {
		return err
	}
	files, err := tool.Sources(ctx, g.ws.Dir, c, tool.Var("GOMODCACHE"))
	if err != nil {
		return g.ws.Explain(ctx, g.ws.Dir, c, err)
	}
	g.files, g.kinds = append(g.files, files...), append(g.kinds, kind)
	return nil
}
