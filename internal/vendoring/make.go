// Package vendoring makes vendor folders and opens them for a build. What is in
// one, and how it is checked, is package vendordir's.
package vendoring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/portable"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/signature"
	"github.com/vxlite/vxlite/internal/vendordir"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Options says what a vendor folder has besides what every one has.
type Options struct {
	// CompileCache adds the compiled packages for all targets.
	CompileCache bool
	// Toolchain adds the Go release that is in use, for this machine's platform.
	Toolchain bool
	// VulnDB adds the known vulnerabilities of all modules, from the database DB, or
	// the module proxy's where that is empty.
	VulnDB bool
	DB     string
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
	if w, err = w.CompleteForTargets(ctx); err != nil {
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
	if g.with.VulnDB {
		steps = append(steps, g.vulnDB)
	}
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
	if !archive.Is(place) {
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
