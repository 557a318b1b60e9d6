package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/provenance"
	"github.com/vxlite/vxlite/internal/sbom"
	"github.com/vxlite/vxlite/internal/workspace"
)

// The endings of what is written beside a binary, by which other tools know
// what is in it.
const (
	sbomExt       = ".cdx.json"
	provenanceExt = ".intoto.json"
)

// beside writes what was asked for beside each binary: a bill of materials, a
// provenance statement.
func beside(w *workspace.Workspace, jobs []job, withBill, withStatement bool) ([]job, error) {
	if !withBill && !withStatement {
		return jobs, nil
	}
	jobs = slices.Clone(jobs)
	for i := range jobs {
		b, err := inspect.Read(jobs[i].file)
		if err != nil {
			return nil, err
		}
		bin := &jobs[i].binary
		if withBill {
			data, err := bill(w, b)
			if err != nil {
				return nil, err
			}
			if err := put(bin, "sbom", b.File+sbomExt, data); err != nil {
				return nil, err
			}
		}
		if withStatement {
			data, err := provenance.Make(b, w.Config.File, manifest.ToolVersion())
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
func put(bin *Binary, kind, name string, data []byte) error {
	if err := output.Write(name, data); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	bin.Beside = append(bin.Beside, File{Kind: kind, Path: name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	return nil
}

// bill makes the bill of materials. Licences are looked for where the modules
// were compiled from.
func bill(w *workspace.Workspace, b *inspect.Binary) ([]byte, error) {
	o, err := billOptions(w.Kit)
	if err != nil {
		return nil, err
	}
	o.FromGit = func(m manifest.Module) string {
		if p := w.Plan.Lookup(m.Path); p != nil {
			return p.Dir
		}
		return ""
	}
	o.Patch = func(m manifest.Module, patch manifest.Patch) []byte {
		p := w.Plan.Lookup(m.Path)
		if p == nil || p.Patches == nil {
			return nil
		}
		for _, f := range p.Patches.Files {
			if f.SHA256 == patch.SHA256 {
				return f.Data
			}
		}
		return nil
	}
	return sbom.Make(b, o)
}

// billOptions are those that every bill has.
func billOptions(k *workspace.Kit) (sbom.Options, error) {
	o := sbom.Options{Tool: manifest.ToolVersion()}
	o.FromGit = func(m manifest.Module) string {
		dir, _ := k.Store.Module(m.Commit, m.Folder)
		return dir
	}
	o.ThirdParty = k.Tool.ModuleDir
	var err error
	o.Time, err = k.Epoch()
	return o, err
}

// BillOf makes the bill of materials of a finished binary. Licences are known
// for those modules whose files the store or the module cache still has.
func BillOf(ctx context.Context, m workspace.Machine, file string) ([]byte, error) {
	bin, err := inspect.Read(file)
	if err != nil {
		return nil, err
	}
	k, err := workspace.Open(ctx, m, workspace.Project{})
	if err != nil {
		return nil, err
	}
	opts, err := billOptions(k)
	if err != nil {
		return nil, err
	}
	return sbom.Make(bin, opts)
}

// Bill makes the bill of materials of what a config would give, for all its
// targets together, without compiling it.
func Bill(ctx context.Context, m workspace.Machine, p workspace.Project) ([]byte, error) {
	w, err := workspace.Prepare(ctx, m, p, workspace.Ask{})
	if err != nil {
		return nil, err
	}
	if err := w.Check(ctx); err != nil {
		return nil, err
	}
	if err := w.Write(); err != nil {
		return nil, err
	}
	contents, err := w.Contents(ctx)
	if err != nil {
		return nil, err
	}
	return bill(w, contents)
}
