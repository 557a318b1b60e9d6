package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/provenance"
	"github.com/vxlite/vxlite/internal/sbom"
)

// The endings of what is written beside a binary, by which other tools know
// what is in it.
const (
	sbomExt       = ".cdx.json"
	provenanceExt = ".intoto.json"
)

// beside writes what was asked for beside each binary: a bill of materials, a
// provenance statement.
func (w *Workspace) beside(jobs []job, bill, statement bool) ([]job, error) {
	if !bill && !statement {
		return jobs, nil
	}
	jobs = slices.Clone(jobs)
	for i := range jobs {
		b, err := inspect.Read(jobs[i].file)
		if err != nil {
			return nil, err
		}
		bin := &jobs[i].binary
		if bill {
			data, err := w.bill(b)
			if err != nil {
				return nil, err
			}
			if err := put(bin, "sbom", b.File+sbomExt, data); err != nil {
				return nil, err
			}
		}
		if statement {
			data, err := provenance.Make(b, w.Config.File)
			if err != nil {
				return nil, err
			}
			if err := put(bin, "provenance", b.File+provenanceExt, data); err != nil {
				return nil, err
			}
		}
	}
	return jobs, nil
}

// put writes a file and adds it to the binary's.
func put(bin *event.Binary, kind, name string, data []byte) error {
	if err := writeBeside(name, data); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	bin.Beside = append(bin.Beside, event.File{Kind: kind, Path: name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	return nil
}

// writeBeside writes a file in one step.
func writeBeside(name string, data []byte) error {
	if err := disk.Write(name, data, 0o644); err != nil {
		return &OutputError{Path: name, Reason: disk.Reason(err)}
	}
	return nil
}

// bill makes the bill of materials. Licences are looked for where the modules
// were compiled from.
func (w *Workspace) bill(b *inspect.Binary) ([]byte, error) {
	o, err := w.billOptions()
	if err != nil {
		return nil, err
	}
	o.FromGit = func(m manifest.Module) string {
		if p := w.Plan.Lookup(m.Path); p != nil {
			return p.Dir
		}
		return ""
	}
	return sbom.Make(b, o)
}

// billOptions are those that every bill has.
func (k *Kit) billOptions() (sbom.Options, error) {
	o := sbom.Options{Tool: manifest.ToolVersion()}
	o.FromGit = func(m manifest.Module) string {
		dir, _ := k.Store.Module(m.Commit, m.Folder)
		return dir
	}
	cache := k.Tool.Var("GOMODCACHE")
	o.ThirdParty = func(path, version string) string {
		p, err := module.EscapePath(path)
		v, err2 := module.EscapeVersion(version)
		if err != nil || err2 != nil {
			return ""
		}
		return filepath.Join(cache, filepath.FromSlash(p)+"@"+v)
	}
	if s, ok := k.Env("SOURCE_DATE_EPOCH"); ok {
		sec, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return o, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a number of seconds", s)
		}
		o.Time = time.Unix(sec, 0)
	}
	return o, nil
}

// BillOf makes the bill of materials of a finished binary. Licences are known
// for those modules whose files the store or the module cache still has.
func BillOf(ctx context.Context, m Machine, file string) ([]byte, error) {
	bin, err := inspect.Read(file)
	if err != nil {
		return nil, err
	}
	k, err := Open(ctx, m, Project{})
	if err != nil {
		return nil, err
	}
	opts, err := k.billOptions()
	if err != nil {
		return nil, err
	}
	return sbom.Make(bin, opts)
}

// Bill makes the bill of materials of what a config would give, for all its
// targets together, without compiling it.
func Bill(ctx context.Context, m Machine, p Project) ([]byte, error) {
	w, err := Prepare(ctx, m, p, Ask{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(ctx); err != nil {
		return nil, err
	}
	if err := w.Write(); err != nil {
		return nil, err
	}
	contents, err := w.contents(ctx)
	if err != nil {
		return nil, err
	}
	return w.bill(contents)
}

// contents is what a binary of the workspace would say of itself.
func (w *Workspace) contents(ctx context.Context) (*inspect.Binary, error) {
	m, err := w.Kit.Manifest(w.Planned)
	if err != nil {
		return nil, err
	}
	out := &inspect.Binary{Manifest: m, Go: w.Tool.Version()}
	sources := map[module.Version]module.Version{} // of the third-party modules
	var targets []string
	for _, t := range w.Targets() {
		c, err := w.Settings(w.Plan, t)
		if err != nil {
			return nil, err
		}
		pkgs, err := w.Tool.Packages(ctx, w.Dir, c)
		if err != nil {
			return nil, w.Explain(ctx, w.Dir, c, err)
		}
		for _, p := range pkgs {
			if p.Version != "" && m.Lookup(p.Module) == nil {
				sources[module.Version{Path: p.Module, Version: p.Version}] = p.Source
			}
		}
		targets = append(targets, t.String())
	}
	out.Target = strings.Join(targets, " ")
	lines, err := ReadSums(filepath.Join(w.Dir, gen.SumFile))
	if err != nil {
		return nil, err
	}
	sums := SumLines(lines)
	for mod, from := range sources {
		e := inspect.Module{Path: mod.Path, Version: mod.Version, Sum: sums[from]}
		switch {
		case from.Version == "":
			e.ReplacedBy = inspect.Folder
		case from != mod:
			e.ReplacedBy = from.Path + "@" + from.Version
		}
		out.ThirdParty = append(out.ThirdParty, e)
	}
	slices.SortFunc(out.ThirdParty, func(a, b inspect.Module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}
