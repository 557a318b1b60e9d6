package vendoring

import (
	"context"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/gosum"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// toolchain fetches the Go release in use, for this machine, and puts its
// checksum into the lock. The go command asks Go's checksum database for it,
// whatever the settings are, but for a single proxy of files.
func (g *gatherer) toolchain(ctx context.Context, tool *gotool.Tool) error {
	goos, goarch := tool.Host()
	m := vendordir.ToolchainModule(tool.Version(), goos, goarch)
	known := slices.IndexFunc(g.locked.Toolchains, func(s lock.Sum) bool { return s.Version == m.Version })
	if g.ws.Offline && known >= 0 { // the database cannot be asked, and need not be
		own, _, _ := strings.Cut(tool.Var("GOPROXY"), ",")
		tool = tool.With(map[string]string{"GOPROXY": own, "GOSUMDB": "off"})
	}
	if err := workspace.FetchToolchain(ctx, tool, m); err != nil {
		return err
	}
	h1, err := vendordir.ToolchainHash(tool.Var("GOMODCACHE"), m)
	switch {
	case err != nil:
		return err
	case known < 0:
		return g.addToolchain(lock.Sum{Path: m.Path, Version: m.Version, H1: h1})
	case g.locked.Toolchains[known].H1 != h1:
		return &gosum.SumError{Name: m.Path, Module: m, Got: h1, From: "the module proxy", Proxied: true, Want: g.locked.Toolchains[known].H1, By: g.ws.Lock.Name}
	}
	return nil
}

// addToolchain adds a Go release to the lock.
func (g *gatherer) addToolchain(s lock.Sum) error {
	if g.ws.Locked {
		return &workspace.LockedError{File: g.ws.Lock.Name, Config: g.ws.Config.File, Entries: []string{s.Path + "@" + s.Version + ": its checksum is not in the lock"},
			Hint: "vxlite vendor --with-toolchain writes it there, without --locked"}
	}
	now := *g.locked
	now.Toolchains = append(slices.Clone(now.Toolchains), s)
	now.Sort()
	if _, err := g.ws.Lock.Write(&now, g.ws.Sink); err != nil {
		return err
	}
	g.locked = &now
	g.ws.Note("%s now has the checksum of %s@%s", g.ws.Lock.Name, s.Path, s.Version)
	return nil
}
