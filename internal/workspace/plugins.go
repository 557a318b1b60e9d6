package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/rrkeys"
)

// EachTarget reads the plugins of EachTarget target.
func (w *Workspace) EachTarget(ctx context.Context, do func(config.Target, *endure.Set) error) error {
	if err := w.Check(ctx); err != nil {
		return err
	}
	locals, err := Fingerprints(w.Plan)
	if err != nil {
		return err
	}
	for _, t := range w.Targets() {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return err
		}
		s, err := w.ReadPlugins(ctx, c, Inputs(w.Digest, locals, w.Tool, c, w.Config.Check))
		if err != nil {
			return err
		}
		if err := do(t, s); err != nil {
			return err
		}
	}
	return nil
}

// ReadPlugins returns the plugins of one target. What was read before, of the same
// sources and for the same compiler, is not read again.
func (w *Workspace) ReadPlugins(ctx context.Context, c gotool.Compile, key string) (*endure.Set, error) {
	if s := w.Remembered(key); s != nil {
		return s, nil
	}
	if err := w.Write(); err != nil {
		return nil, err
	}
	l, err := w.List(ctx, c)
	if err != nil {
		return nil, w.Explain(ctx, w.Dir, c, err)
	}
	if err := w.CheckLinked(ctx, l.Packages, c); err != nil {
		return nil, err
	}
	compilation := l.Tool.Compile(w.Dir, c, l.Packages)
	compilation.Start()
	s, err := w.Plugins(ctx, compilation, key)
	if err != nil {
		return nil, w.Explain(ctx, w.Dir, c, err)
	}
	compilation.Done()
	return s, nil
}

// factsVersion changes with what is read of the sources, and how.
const factsVersion = "5"

// keysVersion changes with what is read of keys, and how.
const keysVersion = "keys-1-"

// facts is what is kept of the plugins.
type facts struct {
	*endure.Set
	// Modules are all that take part, with their directories.
	Modules []rrkeys.Module `json:"modules"`
}

// factsFile names what is read of the plugins. Without a lock, the key does not
// tell which third-party modules went in: those of the proxies that were asked.
func (w *Workspace) factsFile(key string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", key)
	for _, name := range []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOINSECURE"} {
		fmt.Fprintf(h, "%s=%q\n", name, w.Tool.Var(name))
	}
	return factsVersion + "-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// Remembered are the plugins that were read before, of the same sources and for
// the same compiler; or nil.
func (w *Workspace) Remembered(key string) *endure.Set {
	if f := w.remembered(key); f != nil {
		return f.Set
	}
	return nil
}

func (w *Workspace) remembered(key string) *facts {
	f := &facts{}
	if !w.Store.ReadJSON(f, "plugins", w.factsFile(key)) || f.Set == nil {
		return nil
	}
	return f
}

// Plugins reads the plugins from their sources and from what is compiled.
func (w *Workspace) Plugins(ctx context.Context, c *gotool.Compilation, key string) (*endure.Set, error) {
	if s := w.Remembered(key); s != nil {
		return s, nil
	}
	pkgs, err := c.Export(ctx)
	if err != nil {
		return nil, err
	}
	s, err := endure.Load(ctx, w.input(pkgs))
	if err != nil {
		return nil, err
	}
	f := facts{Set: s}
	for _, p := range pkgs {
		if m := (rrkeys.Module{Path: p.Module, Dir: p.ModuleDir}); p.ModuleDir != "" && !slices.Contains(f.Modules, m) {
			f.Modules = append(f.Modules, m)
		}
	}
	return s, w.Store.WriteJSON(f, "plugins", w.factsFile(key))
}

// Keys reads what the plugins of a target, which have been read, read of a
// .rr.yaml.
func (w *Workspace) Keys(ctx context.Context, t config.Target) (*rrkeys.Keys, error) {
	c, err := w.Settings(w.Plan, t)
	if err != nil {
		return nil, err
	}
	locals, err := Fingerprints(w.Plan)
	if err != nil {
		return nil, err
	}
	key := Inputs(w.Digest, locals, w.Tool, c, w.Config.Check)
	k := &rrkeys.Keys{}
	if w.Store.ReadJSON(k, "plugins", keysVersion+w.factsFile(key)) {
		return k, nil
	}
	f := w.remembered(key)
	if f == nil {
		return nil, errors.New("the plugins have changed meanwhile")
	}
	if err := w.Write(); err != nil {
		return nil, err
	}
	in := rrkeys.Input{Modules: f.Modules, RoadRunner: w.Plan.RoadRunner.Path, GOOS: t.OS, GOARCH: t.Arch, Tags: c.Tags}
	for i, p := range f.Plugins {
		if i < len(w.Plan.Plugins) {
			in.Plugins = append(in.Plugins, rrkeys.Source{Name: p.Name, Module: p.Module, Import: p.Import, Symbol: p.Symbol})
		} else {
			in.Own = append(in.Own, p.Module)
		}
	}
	if k, err = rrkeys.Load(ctx, in); err != nil {
		return nil, err
	}
	return k, w.Store.WriteJSON(k, "plugins", keysVersion+w.factsFile(key))
}

// input is what the plugins are read from: those that main.go registers. Those
// that RoadRunner registers itself are found in its source.
func (w *Workspace) input(pkgs []gotool.Exported) endure.Input {
	in := endure.Input{RoadRunner: w.Plan.RoadRunner.Path}
	versions := map[string]string{}
	for _, p := range pkgs {
		in.Packages = append(in.Packages, endure.Package{Path: p.Path, Dir: p.Dir, Files: p.Files, Export: p.Export,
			Imports: p.Imports, ImportMap: p.ImportMap, Module: p.Module, Version: p.Version, ModuleDir: p.ModuleDir})
		versions[p.Module] = p.Version
	}
	for _, p := range w.Plan.Plugins {
		src := endure.Source{Name: p.Name, Version: versions[p.Module], Module: p.Module, Import: p.Import, Symbol: p.Symbol, Pos: p.Pos}
		if m := w.Plan.Lookup(p.Module); m != nil {
			src.Version = m.Version
			if m.Local {
				src.Version = "(local)"
			}
		}
		in.Plugins = append(in.Plugins, src)
	}
	for _, req := range w.Plan.RoadRunner.GoMod.Require {
		if prefix, _, _ := module.SplitPathVersion(req.Mod.Path); path.Base(prefix) == "endure" {
			in.Endure = req.Mod.Path
		}
	}
	return in
}

// Admit refuses what Endure would disable, and tells what is no problem and may
// become one.
func (w *Workspace) Admit(s *endure.Set, tell func([]string)) error {
	g := endure.Decide(s)
	tell(g.Remarks(w.Allowance()))
	return endure.Check(g, w.Allowance())
}

// Allowance is what of Endure's findings the config lets pass.
func (w *Workspace) Allowance() endure.Allowance {
	return endure.Allowance{Disabled: w.Config.Check.AllowDisabled, Methods: w.Config.Check.Allow, Release: w.Plan.Release}
}
