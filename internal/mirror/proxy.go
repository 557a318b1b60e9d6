// Package mirror fills mirrors, and brings them up to date. What is in one is package
// mirrordir's.
package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/sumcopy"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/vulndb"
	"github.com/vxlite/vxlite/internal/workspace"
)

// ProxyAsk says what a proxy's file tree is to hold.
type ProxyAsk struct {
	// Dir is the tree, which may not be there yet, and Stage an empty directory of
	// the same file system.
	Dir, Stage string
	// Platforms are in place of each config's targets; nil is for those.
	Platforms []config.Target
	// Toolchains are Go releases, as GOTOOLCHAIN names them, for the Platforms, or
	// for this machine's.
	Toolchains []string
	// VulnDB adds the newest database of known vulnerabilities.
	VulnDB bool
	// Known are what workspaces needed before. Where the tree has all that one needs,
	// no proxy is asked for it.
	Known []Proxied
}

// Proxied is what a workspace takes from module proxies.
type Proxied struct {
	// Digest changes with all that decides over it.
	Digest string
	// Modules are as go.sum names them, sorted: PATH@VERSION, and PATH@VERSION/go.mod
	// where the go.mod alone is needed.
	Modules []string
}

// ProxyResult is what was added to a proxy's file tree.
type ProxyResult struct {
	// Needs are the workspaces', in their order.
	Needs []Proxied `json:"-"`
	// Tools are the Go releases and the database of vulnerabilities: PATH@VERSION.
	Tools []string `json:"tools,omitempty"`
	// Modules counts zips, Files all that was added, of Bytes in all.
	Modules int   `json:"modules"`
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	// Database is the checksum database that was copied, or empty; Unknown are the
	// modules that it does not have: PATH@VERSION.
	Database string   `json:"database,omitempty"`
	Unknown  []string `json:"unknown,omitempty"`
}

// FillProxy adds to a GOPROXY file tree what the workspaces' builds ask module proxies
// for, and what the checksum database says of it. The tree serves all that it did
// before at any time.
func FillProxy(ctx context.Context, k *workspace.Kit, ws []*workspace.Workspace, ask ProxyAsk) (*ProxyResult, error) {
	client, err := k.Client(false)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	db, err := sumcopy.ParseSetting(k.Tool.Var("GOSUMDB"))
	if err != nil {
		return nil, err
	}
	f := &proxyFiller{kit: *k, ask: ask}
	out := &ProxyResult{}
	var remote *sumcopy.Remote
	if db != nil {
		if remote, err = db.Find(ctx, likeGo(client.HTTP(), k), k.Tool.Var("GOPROXY")); err != nil {
			return nil, err
		}
		// Else the go command would take the tree's own copy for all of the database.
		f.kit.Tool = k.Tool.With(map[string]string{"GOSUMDB": db.Setting(remote.Address)})
		out.Database = db.Name
	}
	for _, w := range ws {
		p, err := f.workspace(ctx, w)
		if err != nil {
			return nil, err
		}
		out.Needs = append(out.Needs, p)
	}
	if out.Tools, err = f.tools(ctx); err != nil {
		return nil, err
	}
	placed := placing{dir: ask.Dir, out: out}
	if remote == nil {
		return out, placed.all(ctx, f.trees, nil)
	}
	sums, err := f.sums(ctx, remote)
	if err != nil {
		return nil, err
	}
	for _, m := range sums.Unknown {
		out.Unknown = append(out.Unknown, m.String())
	}
	stage := filepath.Join(ask.Stage, "sumdb")
	return out, placed.all(ctx, f.trees, func() error { return placed.sums(sums.Files, stage, sumsDir(ask.Dir, db.Name)) })
}

// sumsDir is where a proxy's tree has a copy of a checksum database.
func sumsDir(dir, name string) string { return filepath.Join(dir, "sumdb", filepath.FromSlash(name)) }

// proxyFiller has the go command fetch, each time into a tree of its own below the
// stage: what is in it is what was needed.
type proxyFiller struct {
	kit   workspace.Kit
	ask   ProxyAsk
	trees []string // in their order
}

// fetch lets do fetch with a go command, and returns the tree of what it took.
func (f *proxyFiller) fetch(ctx context.Context, do func(*gotool.Tool) error) (tree string, err error) {
	base := filepath.Join(f.ask.Stage, fmt.Sprint(len(f.trees)))
	cache, tree := base+"-cache", base+"-proxy"
	tool, err := f.kit.Fetcher(cache, append([]string{f.ask.Dir}, f.trees...)...)
	if err != nil {
		return "", err
	}
	if err := do(tool); err != nil {
		return "", err
	}
	if err := vendordir.WriteProxy(ctx, workspace.Downloads(cache), tree, vendordir.ProxyOptions{Toolchains: true, Times: true}); err != nil {
		return "", err
	}
	f.trees = append(f.trees, tree)
	return tree, disk.RemoveAll(cache)
}

// workspace fetches what a workspace needs.
func (f *proxyFiller) workspace(ctx context.Context, w *workspace.Workspace) (Proxied, error) {
	targets := f.ask.Platforms
	if len(targets) == 0 {
		targets = w.Targets()
	}
	digest, err := proxyDigest(w, targets)
	if err != nil {
		return Proxied{}, err
	}
	i := slices.IndexFunc(f.ask.Known, func(p Proxied) bool { return p.Digest == digest && len(missing(f.ask.Dir, p.Modules)) == 0 })
	if i >= 0 {
		return f.ask.Known[i], nil
	}
	tree, err := f.fetch(ctx, func(tool *gotool.Tool) error { return w.Fetch(ctx, tool, targets) })
	if err != nil {
		return Proxied{}, err
	}
	mods, err := modulesIn(ctx, tree)
	return Proxied{digest, mods}, err
}

// proxyDigest is of all that decides over which modules are needed.
func proxyDigest(w *workspace.Workspace, targets []config.Target) (string, error) {
	locals, err := workspace.Fingerprints(w.Plan)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %q\n", w.Digest, locals)
	for _, t := range targets {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return "", err
		}
		kind, err := w.Tool.Kind(c)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, kind)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// tools fetches Go releases and the database of vulnerabilities, as far as the tree
// lacks them.
func (f *proxyFiller) tools(ctx context.Context) ([]string, error) {
	platforms := f.ask.Platforms
	if len(platforms) == 0 {
		goos, goarch := f.kit.Tool.Host()
		platforms = []config.Target{{OS: goos, Arch: goarch}}
	}
	var all []string
	add := func(m module.Version, fetch func(*gotool.Tool) error) error {
		name := m.String()
		if slices.Contains(all, name) { // of variants of a platform
			return nil
		}
		all = append(all, name)
		if len(missing(f.ask.Dir, []string{name})) == 0 {
			return nil
		}
		_, err := f.fetch(ctx, fetch)
		return err
	}
	for _, release := range f.ask.Toolchains {
		for _, p := range platforms {
			m := vendordir.ToolchainModule(release, p.OS, p.Arch)
			if err := add(m, func(tool *gotool.Tool) error { return workspace.FetchToolchain(ctx, tool, m) }); err != nil {
				return nil, err
			}
		}
	}
	if f.ask.VulnDB {
		version, err := f.kit.Tool.Latest(ctx, vulndb.Module)
		if err != nil {
			return nil, &workspace.NoDatabaseError{Err: err}
		}
		m := module.Version{Path: vulndb.Module, Version: version}
		if err := add(m, func(tool *gotool.Tool) error { return tool.Download(ctx, m.Path, m.Version) }); err != nil {
			return nil, &workspace.NoDatabaseError{Err: err}
		}
	}
	slices.Sort(all)
	return all, nil
}

// sums copies what the checksum database says of modules in the tree, and of those that
// were fetched, and is not there yet.
func (f *proxyFiller) sums(ctx context.Context, remote *sumcopy.Remote) (*sumcopy.Added, error) {
	dir, private := sumsDir(f.ask.Dir, remote.Name), f.kit.Tool.Var("GONOSUMDB")
	var mods []module.Version
	for _, tree := range append([]string{f.ask.Dir}, f.trees...) {
		names, err := modulesIn(ctx, tree)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			p, v, _ := strings.Cut(strings.TrimSuffix(name, goModSuffix), "@")
			m := module.Version{Path: p, Version: v}
			// The go command asks for Go releases whatever is private.
			if (p == lock.Toolchain || !module.MatchPrefixPatterns(private, p)) && !sumcopy.Has(dir, m) {
				mods = append(mods, m)
			}
		}
	}
	seen, err := seenTree(f.kit.Tool, remote.Name)
	if err != nil {
		return nil, err
	}
	return remote.Copy(ctx, dir, mods, seen)
}

// seenTree is the signed tree that the go command knows a checksum database by: it takes
// no other's proof. It is empty where there is none.
func seenTree(tool *gotool.Tool, name string) ([]byte, error) {
	gopath := filepath.SplitList(tool.Var("GOPATH")) // it writes to the first
	if len(gopath) == 0 {
		return nil, nil
	}
	data, err := disk.ReadText(filepath.Join(gopath[0], "pkg", "sumdb", filepath.FromSlash(name), "latest"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// placing adds files to a proxy's tree, and counts them.
type placing struct {
	dir string
	out *ProxyResult
}

// all moves what was fetched to its place: modules, then their checksums, and then the
// lists of versions, by which they are found.
func (p placing) all(ctx context.Context, trees []string, sums func() error) error {
	for _, tree := range trees {
		if err := p.tree(ctx, tree); err != nil {
			return err
		}
	}
	if sums != nil {
		if err := sums(); err != nil {
			return err
		}
	}
	return p.lists(ctx)
}

// tree moves the files of a tree that are not there yet; an .info, by which others know
// that a version is there, comes last.
func (p placing) tree(ctx context.Context, tree string) error {
	if err := p.files(ctx, tree, func(ext string) bool { return ext != ".info" }); err != nil {
		return err
	}
	return p.files(ctx, tree, func(ext string) bool { return ext == ".info" })
}

func (p placing) files(ctx context.Context, tree string, which func(ext string) bool) error {
	return eachServed(ctx, tree, func(dir, name string) error {
		ext := filepath.Ext(name)
		to := filepath.Join(p.dir, dir, name)
		if !which(ext) || disk.Exists(to) {
			return nil
		}
		if ext == ".zip" {
			p.out.Modules++
		}
		return p.move(filepath.Join(tree, dir, name), to)
	})
}

// move renames a file to its place, and counts it.
func (p placing) move(from, to string) error {
	fi, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	p.out.Files++
	p.out.Bytes += fi.Size()
	return disk.Rename(from, to)
}

// sums writes a copy's files, by way of the stage.
func (p placing) sums(files []sumcopy.File, stage, dir string) error {
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return err
	}
	staged := func(i int) string { return filepath.Join(stage, fmt.Sprint(i)) }
	for i, f := range files {
		if err := os.WriteFile(staged(i), f.Data, 0o644); err != nil {
			return err
		}
	}
	for i, f := range files {
		if err := p.move(staged(i), filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return err
		}
	}
	return nil
}
