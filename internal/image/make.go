package image

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/output"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Request say where an image goes. What is in it beside the binaries is
// the config's [image].
type Request struct {
	config.Image
	// Files are binaries that were built before; with none, the config's are
	// built.
	Files []string
	// Output is a file, whose name ends in .tar unless it is there, a directory,
	// or empty. Push is a reference in a registry, or empty.
	Output, Push string
}

// Result is an image that was made.
type Result struct {
	// Digest is the index's, sha256:….
	Digest string `json:"digest"`
	// Output is the file, Pushed is REPOSITORY@DIGEST; empty where there is none.
	Output string `json:"output,omitempty"`
	Pushed string `json:"pushed,omitempty"`
	// Platforms are OS/ARCH or OS/ARCH/VARIANT, sorted.
	Platforms []string `json:"platforms"`
}

// Make builds the binaries, unless they are given, and makes an image of them.
func Make(ctx context.Context, m workspace.Machine, p workspace.Project, r Request) (*Result, error) {
	result := &Result{}
	var err error
	if result.Output, err = r.place(p.Config); err != nil {
		return nil, err
	}
	if r.Push != "" {
		if err := CheckReference(r.Push); err != nil {
			return nil, err
		}
	}
	opts, err := r.options(ctx, m) // what is wrong with it is told before anything is built
	if err != nil {
		return nil, err
	}
	tmp, remove, err := m.TempDir()
	if err != nil {
		return nil, err
	}
	defer remove()
	if len(r.Files) == 0 {
		if r.Files, err = buildForImage(ctx, m, p, tmp); err != nil {
			return nil, err
		}
	}
	var binaries []*inspect.Binary
	for _, f := range r.Files {
		b, err := inspect.Read(f)
		if err != nil {
			return nil, err
		}
		binaries = append(binaries, b)
	}
	index, err := Build(binaries, opts)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range manifest.Manifests {
		p := config.Target{OS: d.Platform.OS, Arch: d.Platform.Architecture, Variant: d.Platform.Variant}
		result.Platforms = append(result.Platforms, p.String())
	}
	digest, err := index.Digest()
	if err != nil {
		return nil, err
	}
	result.Digest = digest.String()
	if result.Output != "" {
		packed := filepath.Join(tmp, "tar")
		if err := Write(index, tagOf(r.Push), packed, tmp); err != nil {
			return nil, err
		}
		if err := placeFile(packed, result.Output); err != nil {
			return nil, err
		}
	}
	if r.Push != "" {
		result.Pushed, err = Push(ctx, index, r.Push)
	}
	return result, err
}

// place returns the absolute file that the image becomes, or "" for none, once
// it is sure that it may become it: NAME.tar in a directory.
func (r Request) place(cfg *config.Config) (string, error) {
	if r.Output == "" {
		return "", nil
	}
	dir, name, err := output.Split(r.Output, func(name string) bool { return filepath.Ext(name) == ".tar" })
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, cmp.Or(name, cfg.Build.Name+".tar"))
	what := output.Product{Name: "an image of vxlite", Input: "is an input of the image", Another: "name another place with -o", Is: IsLayout}
	inputs := append([]string{cfg.File, lock.Name(cfg.File), r.CACerts}, r.Files...)
	return file, output.CheckWritable([]string{file}, what, inputs...)
}

// buildForImage builds the config's targets, or for Linux on this machine's
// processor where it has none. Binaries for other systems are refused later,
// with their names.
func buildForImage(ctx context.Context, m workspace.Machine, p workspace.Project, tmp string) ([]string, error) {
	cfg := *p.Config
	if len(cfg.Build.Targets) == 0 {
		cfg.Build.Targets = []config.Target{{OS: "linux", Arch: runtime.GOARCH}}
	}
	for _, t := range cfg.Build.Targets {
		if t.OS != "linux" {
			return nil, &PlatformError{File: "a target", Target: t.String()}
		}
	}
	p.Config = &cfg
	_, built, err := build.Build(ctx, build.Options{Machine: m, Project: p, Output: tmp})
	if err != nil {
		return nil, err
	}
	var files []string
	for _, b := range built.Binaries {
		files = append(files, b.Path)
	}
	return files, nil
}

// options reads what the image is to have.
func (r Request) options(ctx context.Context, m workspace.Machine) (Options, error) {
	opts := Options{User: cmp.Or(r.User, DefaultUser)}
	var err error
	if opts.Time, err = m.Epoch(); err != nil {
		return opts, err
	}
	if r.CACerts != "" {
		data, err := disk.ReadNamed(r.CACerts)
		if err != nil {
			return opts, r.CACertsPlace.Wrap(fmt.Errorf("CA certificates %s: %s", r.CACerts, disk.Reason(err)))
		}
		if !hasCertificate(data) {
			return opts, r.CACertsPlace.Wrap(fmt.Errorf("CA certificates %s: no PEM certificate in it", r.CACerts))
		}
		opts.CACerts = data
	}
	if r.Base != "" && r.Base != "scratch" {
		base, err := Base(ctx, r.Base, m.Offline)
		if err != nil {
			return opts, r.BasePlace.Wrap(err)
		}
		opts.Base = base
		if !disk.IsDir(r.Base) {
			opts.BaseName = r.Base
		}
	}
	return opts, nil
}

// hasCertificate reports whether a file has a certificate in PEM form.
func hasCertificate(data []byte) bool {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return false
		}
		if block.Type == "CERTIFICATE" {
			if _, err := x509.ParseCertificate(block.Bytes); err == nil {
				return true
			}
		}
		data = rest
	}
}

// tagOf is the tag of a reference, under which an image stands in its file.
func tagOf(ref string) string {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	if _, tag, ok := strings.Cut(name, ":"); ok {
		return tag
	}
	return "latest"
}

// placeFile moves a file that is no program to its place.
func placeFile(made, file string) error {
	if disk.Rename(made, file) == nil {
		return nil
	}
	data, err := disk.ReadLarge(made)
	if err != nil {
		return err
	}
	return output.Write(file, data)
}
