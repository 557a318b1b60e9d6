package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/rrkeys"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Session builds one server for this machine, again and again while its local
// directories change. The binaries stay in the store.
type Session struct {
	machine workspace.Machine
	project workspace.Project
	// w is the last plan that could be made, or nil.
	w *workspace.Workspace
	// Running is a binary that is not to be written over.
	Running string
	// Watched refuses a plan without local directories.
	Watched bool
	// pkgs and settings are those of w, where pkgs is not nil.
	pkgs     []gotool.Package
	settings gotool.Compile
	// graph is nil until it was asked for.
	graph     *endure.Graph
	keys      *rrkeys.Keys
	allowance endure.Allowance
}

// NewSession makes a session. The config's targets do not count.
func NewSession(m workspace.Machine, p workspace.Project) *Session {
	cfg := *p.Config
	cfg.Build.Targets = []config.Target{{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	p.Config = &cfg
	return &Session{machine: m, project: p}
}

// Place is the session's directory in the store, by the config's place and the
// directories that stand in for modules.
func (s *Session) Place() (st *store.Store, elem []string, err error) {
	file, err := filepath.Abs(s.project.Config.File)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %+v", file, s.project.Config.Overrides))
	st, err = store.Open(s.machine.StoreDir)
	return st, []string{"run", hex.EncodeToString(sum[:16])}, err
}

// output is where the next binary goes, so that the one before it can go on
// running.
func (s *Session) output() (string, error) {
	st, elem, err := s.Place()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(append([]string{st.Dir()}, elem...)...)
	if s.Running != "" && filepath.Dir(s.Running) == filepath.Join(dir, "a") {
		return filepath.Join(dir, "b") + "/", nil
	}
	return filepath.Join(dir, "a") + "/", nil
}

// Build resolves, generates, checks and compiles, and returns the binary.
func (s *Session) Build(ctx context.Context) (build.Binary, error) {
	s.pkgs = nil
	out, err := s.output()
	if err != nil {
		return build.Binary{}, err
	}
	w, result, err := build.Build(ctx, build.Options{Machine: s.machine, Project: s.project, Output: out, Planned: s.planned})
	if w != nil {
		s.w = w // to be watched, though it may not compile
	}
	if err != nil {
		return build.Binary{}, err
	}
	return result.Binaries[0], nil
}

// planned refuses a plan of which nothing could be watched, before it is compiled.
func (s *Session) planned(w *workspace.Workspace) error {
	if s.Watched && len(locals(w)) == 0 {
		return nothingLocal{s.project.Config}
	}
	return nil
}

// Locals are the directories that the last build took modules from, in the
// plan's order; none where it has not come as far as a plan.
func (s *Session) Locals() []string {
	if s.w == nil {
		return nil
	}
	return locals(s.w)
}

func locals(w *workspace.Workspace) []string {
	var out []string
	for _, m := range w.Plan.Modules {
		if m.Local {
			out = append(out, m.Dir)
		}
	}
	return out
}

// Rebuild makes the binary anew after these files changed. Where no go.mod is
// among them, the plan stands, and all that is left is to compile.
func (s *Session) Rebuild(ctx context.Context, changed []string) (build.Binary, error) {
	if s.w == nil || planChanged(changed) {
		return s.Build(ctx)
	}
	out, err := s.output()
	if err != nil {
		return build.Binary{}, err
	}
	file := filepath.Join(out, s.w.Config.Build.Name)
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if err := s.list(ctx); err != nil {
		return build.Binary{}, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return build.Binary{}, err
	}
	if err := endure.CheckLocalSymbols(s.w.Plan); err != nil {
		return build.Binary{}, err
	}
	compilation := s.w.Tool.Compile(s.w.Dir, s.settings, s.pkgs)
	compilation.Start()
	if err := compilation.Build(ctx, file); err != nil {
		return build.Binary{}, s.w.Explain(ctx, s.w.Dir, s.settings, err)
	}
	compilation.Done()
	return build.Binary{Target: runtime.GOOS + "/" + runtime.GOARCH, Path: file}, nil
}

// list learns once which packages there are, for the display of the progress,
// and makes sure that the workspace is on disk.
func (s *Session) list(ctx context.Context) error {
	if s.pkgs != nil && disk.IsDir(s.w.Dir) {
		return nil
	}
	if err := s.w.Write(); err != nil {
		return err
	}
	var err error
	if s.settings, err = s.w.Settings(s.w.Plan, s.w.Config.Build.Targets[0]); err != nil {
		return err
	}
	s.pkgs, err = s.w.Tool.Packages(ctx, s.w.Dir, s.settings)
	if err != nil {
		return s.w.Explain(ctx, s.w.Dir, s.settings, err)
	}
	return nil
}

// Relist learns anew which packages there are. Where that fails, those that were
// known have to do.
func (s *Session) Relist(ctx context.Context) error {
	before := s.pkgs
	s.pkgs = nil
	err := s.list(ctx)
	if err != nil {
		s.pkgs = before
	}
	return err
}

// Admitted refuses a server with plugins that Endure would disable, as a build
// does. A rebuild leaves it out, so that the server is there the sooner.
func (s *Session) Admitted(ctx context.Context) error {
	set, err := s.read(ctx)
	if err != nil {
		return nil // what does not compile any more is the next build's to say
	}
	return s.w.Admit(set, workspace.OnceEach(s.machine.Sink))
}

// Graph is what Endure makes of the plugins, and what they read of a .rr.yaml, as of
// the last build that they could be read of; nil before that.
func (s *Session) Graph(ctx context.Context) (*endure.Graph, *rrkeys.Keys, endure.Allowance) {
	if s.w != nil {
		set := s.remembered()
		if set == nil && s.list(ctx) == nil {
			set, _ = s.read(ctx) // what does not compile is a build's to say
		}
		if set == nil {
			return s.graph, s.keys, s.allowance
		}
		if keys, err := s.w.Keys(ctx, s.w.Config.Build.Targets[0]); err == nil {
			s.graph, s.keys, s.allowance = endure.Decide(set), keys, s.w.Allowance()
		}
	}
	return s.graph, s.keys, s.allowance
}

// remembered are the plugins where the build has read them, which needs no
// listing.
func (s *Session) remembered() *endure.Set {
	c, err := s.w.Settings(s.w.Plan, s.w.Config.Build.Targets[0])
	if err != nil {
		return nil
	}
	key, err := s.key(c)
	if err != nil {
		return nil
	}
	return s.w.Remembered(key)
}

// read reads the plugins of what was built last. Its packages are listed.
func (s *Session) read(ctx context.Context) (*endure.Set, error) {
	key, err := s.key(s.settings)
	if err != nil {
		return nil, err
	}
	return s.w.Plugins(ctx, s.w.Tool.Compile(s.w.Dir, s.settings, s.pkgs), key)
}

// key is what the plugins are remembered by.
func (s *Session) key(c gotool.Compile) (string, error) {
	locals, err := workspace.Fingerprints(s.w.Plan)
	if err != nil {
		return "", err
	}
	return workspace.Inputs(s.w.Digest, locals, s.w.Tool, c, s.w.Config.Check), nil
}

// Embedded reports whether a file is one that the code of the last build
// embeds, or would embed if it were there before.
func (s *Session) Embedded() func(name string) bool {
	type pattern struct{ dir, glob string }
	var all []pattern
	for _, p := range s.pkgs {
		m := s.w.Plan.Lookup(p.Module)
		dir, err := filepath.EvalSymlinks(p.Dir) // a local directory is linked to
		if m == nil || !m.Local || p.Dir == "" || err != nil {
			continue
		}
		for _, e := range p.Embeds {
			all = append(all, pattern{dir, strings.TrimPrefix(e, "all:")})
		}
	}
	return func(name string) bool {
		for _, p := range all {
			rel, err := filepath.Rel(p.dir, name)
			if err != nil {
				continue
			}
			// A pattern that names a directory takes all that is below it.
			for rel = filepath.ToSlash(rel); rel != "." && !strings.HasPrefix(rel, "../"); rel = path.Dir(rel) {
				if ok, _ := path.Match(p.glob, rel); ok {
					return true
				}
			}
		}
		return false
	}
}

// planChanged reports whether a change concerns more than the code.
func planChanged(files []string) bool {
	for _, f := range files {
		switch filepath.Base(f) {
		case "go.mod", "go.sum", "go.work":
			return true
		}
		if filepath.Ext(f) == ".toml" {
			return true
		}
	}
	return false
}
