// Package vendoring makes vendor folders and opens them for a build. What is in
// one, and how it is checked, is package vendordir's.
package vendoring

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/portable"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gosum"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/signature"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Options says what a vendor folder has besides what every one has.
type Options struct {
	// CompileCache adds the compiled packages for all targets.
	CompileCache bool
	// Toolchain adds the Go release that is in use, for this machine's platform.
	Toolchain bool
	// Sign is the file of a private key to sign it with, or empty.
	Sign string
}

// Make writes everything that an offline rebuild needs to a place: a
// folder, or one file where the name says so. What stands there is replaced in
// one step at the end, if it is a vendor folder or file.
func Make(ctx context.Context, m workspace.Machine, p workspace.Project, place string, v Options) (*Result, error) {
	place, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	if err := vendordir.CheckPlace(place); err != nil {
		return nil, err
	}
	var key *signature.Key
	if v.Sign != "" {
		if key, err = signature.ReadKey(v.Sign); err != nil {
			return nil, err
		}
	}
	p.Config = withTargets(p.Config)
	if _, err := portable.Write(p.Config, portable.Options{}); err != nil { // before anything is fetched
		return nil, err
	}
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(ctx); err != nil {
		return nil, err
	}
	stage, remove, err := stageFor(place) // before anything takes long: it may be refused
	if err != nil {
		return nil, err
	}
	defer remove() // in vain once it is renamed
	if w, err = completeForTargets(ctx, w); err != nil {
		return nil, err
	}
	g := &gatherer{ws: w, locked: w.Lock.Old, with: v, folder: filepath.Join(stage, "vendor")}
	if err := g.gather(ctx); err != nil {
		return nil, err
	}
	out, err := g.put(ctx, place, key)
	if err != nil {
		return nil, err
	}
	return &Result{Modules: workspace.Modules(w.Plan), Vendored: out}, nil
}

// withTargets is cfg with this machine's platform in place of no target: what
// is carried is for certain platforms, so the config that is carried names them.
func withTargets(cfg *config.Config) *config.Config {
	c := *cfg
	if len(c.Build.Targets) == 0 {
		c.Build.Targets = []config.Target{{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	}
	return &c
}

// completeForTargets is complete for the config's targets.
func completeForTargets(ctx context.Context, w *workspace.Workspace) (*workspace.Workspace, error) {
	var all []gotool.Compile
	for _, t := range w.Targets() {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	w, _, err := w.Complete(ctx, all)
	return w, err
}

// stageFor makes a directory beside place, from where a rename is one step.
func stageFor(place string) (stage string, remove func() error, err error) {
	refused := func(dir string, err error) error {
		return &output.Error{Path: dir, Reason: disk.Reason(err)}
	}
	parent := filepath.Dir(place)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", nil, refused(parent, err)
	}
	disk.Sweep(place)
	if stage, remove, err = disk.MkdirTemp(place); err != nil {
		return "", nil, refused(parent, err)
	}
	return stage, remove, nil
}

// gatherer fills one vendor folder.
type gatherer struct {
	ws     *workspace.Workspace
	with   Options
	folder string // not in its place yet

	locked *lock.File // the lock that goes into the folder

	files, kinds []string // of third-party modules, and for which builds
}

// gather writes the folder: config and lock, git, third-party modules,
// compiled packages, and the list of it all.
func (g *gatherer) gather(ctx context.Context) error {
	steps := []func(context.Context) error{g.download, g.repositories, g.config, g.lockFile}
	if g.with.CompileCache {
		steps = append(steps, g.compiled)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// put writes the list, and its signature where there is a key, and moves the
// folder, or the file it becomes, to place.
func (g *gatherer) put(ctx context.Context, place string, key *signature.Key) (*Made, error) {
	sum, err := vendordir.WriteList(ctx, g.folder)
	if err != nil {
		return nil, err
	}
	if key != nil {
		if err := vendordir.Sign(g.folder, key); err != nil {
			return nil, err
		}
	}
	out := &Made{Path: place, SHA256: sum}
	if out.Files, out.Size, err = vendordir.Size(g.folder); err != nil {
		return nil, err
	}
	if !vendordir.IsArchive(place) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return out, vendordir.Replace(g.folder, place)
	}
	out.Archive = true
	packed := filepath.Join(filepath.Dir(g.folder), filepath.Base(place))
	if out.Size, out.SHA256, err = pack(ctx, g.folder, packed); err != nil {
		return nil, err
	}
	return out, disk.Rename(packed, place)
}

// pack makes one file of a folder and returns its size in bytes and its hash.
func pack(ctx context.Context, dir, file string) (int64, string, error) {
	f, err := os.Create(file)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	n := &countingWriter{w: io.MultiWriter(f, h)}
	err = vendordir.Pack(ctx, dir, n)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, "", err
	}
	return n.n, hex.EncodeToString(h.Sum(nil)), nil
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// config writes the config as it is to be read on another machine, and the
// profile that it names.
func (g *gatherer) config(context.Context) error {
	o := portable.Options{Private: g.ws.Tool.Private()}
	if p := g.ws.Profile(); p != "" {
		data, err := disk.ReadAny(p)
		if err != nil {
			return fmt.Errorf("build.pgo: %w", err)
		}
		if err := os.WriteFile(filepath.Join(g.folder, vendordir.ProfileFile), data, 0o644); err != nil {
			return err
		}
		o.Profile = vendordir.ProfileFile
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
			var folders []string
			for _, m := range ms {
				folders = append(folders, m.Folder)
			}
			found := source.Found{Commit: ms[0].Commit, URL: ms[0].URL, From: ms[0].From,
				NoGoMod: slices.ContainsFunc(ms, func(m *plan.Module) bool { return m.NoGoMod })}
			dir := filepath.Join(g.folder, vendordir.GitDir, found.Commit)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			return client.Export(ctx, found, folders, dir)
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
	downloads := filepath.Join(tmp, "cache", "download")
	if err := os.MkdirAll(downloads, 0o755); err != nil { // the go command makes it only for what it downloads
		return err
	}
	tool := g.ws.Tool.With(map[string]string{"GOMODCACHE": tmp, "GOPROXY": g.proxies(), "GOFLAGS": "-modcacherw"})
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
	return vendordir.WriteProxy(ctx, downloads, filepath.Join(g.folder, vendordir.ProxyDir), g.with.Toolchain)
}

// downloadFor fetches what one target needs.
func (g *gatherer) downloadFor(ctx context.Context, tool *gotool.Tool, t config.Target) error {
	c, err := g.ws.Settings(g.ws.Plan, t)
	if err != nil {
		return err
	}
	c.Offline = false // proxies says what may be asked
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

// proxies is the GOPROXY setting with the user's module cache in front.
func (g *gatherer) proxies() string {
	own := vendordir.ProxyURL(filepath.Join(g.ws.Tool.Var("GOMODCACHE"), "cache", "download"))
	rest := g.ws.Tool.Var("GOPROXY")
	if rest == "" || g.ws.Offline {
		rest = "off"
	}
	return own + "," + rest
}

// toolchain fetches the Go release in use, for this machine, and puts its
// checksum into the lock. The go command asks Go's checksum database for it,
// whatever the settings are, but for a single proxy of files.
func (g *gatherer) toolchain(ctx context.Context, tool *gotool.Tool) error {
	goos, goarch := tool.Host()
	m := vendordir.ToolchainModule(tool.Version(), goos, goarch)
	known := slices.IndexFunc(g.locked.Toolchains, func(s lock.Sum) bool { return s.Version == m.Version })
	if g.ws.Offline && known >= 0 { // the database cannot be asked, and need not be
		own, _, _ := strings.Cut(g.proxies(), ",")
		tool = tool.With(map[string]string{"GOPROXY": own, "GOSUMDB": "off"})
	}
	if err := tool.Download(ctx, m.Path, m.Version); err != nil {
		return &ToolchainError{Version: tool.Version(), Platform: goos + "/" + goarch, Err: err}
	}
	h1, err := vendordir.ToolchainHash(tool.Var("GOMODCACHE"), m)
	switch {
	case err != nil:
		return err
	case known < 0:
		return g.lockToolchain(lock.Sum{Path: m.Path, Version: m.Version, H1: h1})
	case g.locked.Toolchains[known].H1 != h1:
		return &gosum.SumError{Name: m.Path, Module: m, Got: h1, From: "the module proxy", Proxied: true, Want: g.locked.Toolchains[known].H1, By: g.ws.Lock.Name}
	}
	return nil
}

// lockToolchain adds a Go release to the lock.
func (g *gatherer) lockToolchain(s lock.Sum) error {
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

// compiled compiles for all targets, as far as the user's build cache lacks
// anything, and takes the packages from there.
func (g *gatherer) compiled(ctx context.Context) error {
	tool := g.ws.Tool.With(map[string]string{"GOCACHEPROG": ""}) // its entries are elsewhere
	tmp, remove, err := g.ws.Store.TempDir()
	if err != nil {
		return err
	}
	defer remove()
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

// ToolchainError is a Go release that no proxy serves.
type ToolchainError struct {
	Version, Platform string
	Err               error
}

// Error implements error.
func (e *ToolchainError) Error() string {
	return fmt.Sprintf("the module proxy does not have the toolchain %s for %s\n%v", e.Version, e.Platform, e.Err)
}

// Unwrap returns the go command's error.
func (e *ToolchainError) Unwrap() error { return e.Err }

// Hints says how to get on.
func (e *ToolchainError) Hints() []string {
	return []string{"ask a proxy that has it, with GOPROXY; or leave out --with-toolchain, and install " + e.Version + " where the build is to run"}
}

// Made is a vendor folder, or one in a single file.
type Made struct {
	Path string `json:"path"`
	// Archive says that Path is a file.
	Archive bool `json:"archive,omitempty"`
	// Files counts those in it, without the list of them.
	Files int `json:"files"`
	// Size is the file's, or that of all files, in bytes.
	Size int64 `json:"size"`
	// SHA256 is the file's, or that of the folder's SHA256SUMS; 64 hex digits.
	SHA256 string `json:"sha256"`
}

// Result is what a vendor folder was made of, and where it is.
type Result struct {
	Modules  []workspace.Row `json:"modules,omitempty"`
	Vendored *Made           `json:"vendored"`
}
