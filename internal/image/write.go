package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// refName is the annotation by which tools find an image in a layout.
const refName = "org.opencontainers.image.ref.name"

// Write puts an image as an OCI layout into a tar file, under a tag. The
// directory is for what comes before, and has to be there.
func Write(index v1.ImageIndex, tag, file, tmp string) error {
	dir := filepath.Join(tmp, "layout")
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := p.AppendIndex(index, layout.WithAnnotations(map[string]string{refName: tag})); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(pack(out, dir), out.Close())
}

// pack writes the files below dir in sorted order, as nobody's and of no time.
func pack(out io.Writer, dir string) error {
	w := tar.NewWriter(out)
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		h := &tar.Header{Typeflag: tar.TypeDir, Name: filepath.ToSlash(rel) + "/", Mode: 0o755, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if d.IsDir() {
			return w.WriteHeader(h)
		}
		f, err := disk.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		h.Typeflag, h.Name, h.Mode, h.Size = tar.TypeReg, filepath.ToSlash(rel), 0o644, fi.Size()
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return err
	})
	return errors.Join(err, w.Close())
}

// IsLayout reports whether a file is what Write writes: a tar file that begins
// with the blobs of an OCI layout, and has the layout's own file.
func IsLayout(file string) bool {
	f, err := disk.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	r := tar.NewReader(f) // which seeks past what it is not asked to read
	for first := true; ; first = false {
		h, err := r.Next()
		switch {
		case err != nil, first && h.Name != "blobs/":
			return false
		case h.Name == ociLayout:
			return true
		}
	}
}

// ociLayout is the file by which a directory is known to be an OCI layout.
const ociLayout = "oci-layout"

// RegistryError is what a registry, or the way to it, said.
type RegistryError struct {
	Doing, Ref string
	Err        error
}

// Error implements error.
func (e *RegistryError) Error() string { return fmt.Sprintf("%s %s: %v", e.Doing, e.Ref, e.Err) }

// Unwrap returns the cause.
func (e *RegistryError) Unwrap() error { return e.Err }

// Hints says where logins come from, unless the registry was not reached.
func (e *RegistryError) Hints() []string {
	if _, ok := errors.AsType[*net.OpError](e.Err); ok {
		return []string{"check the registry's name and port, and that it runs"}
	}
	return []string{"a registry's login is that of docker login or podman login: ~/.docker/config.json"}
}

// ReferenceError is what cannot be the name of an image.
type ReferenceError struct {
	Doing, Ref string
	Err        error
}

// Error implements error.
func (e *ReferenceError) Error() string { return fmt.Sprintf("%s %s: %v", e.Doing, e.Ref, e.Err) }

// Unwrap returns what is wrong with it.
func (e *ReferenceError) Unwrap() error { return e.Err }

// Hints gives an example.
func (e *ReferenceError) Hints() []string {
	return []string{"a reference is REGISTRY/NAME:TAG, such as registry.corp/team/rr:2025.1"}
}

// ExitStatus is that of wrong usage.
func (e *ReferenceError) ExitStatus() int { return 2 }

// CheckReference says what is wrong with a reference to push to.
func CheckReference(ref string) error {
	if _, err := name.ParseReference(ref); err != nil {
		return &ReferenceError{Doing: "pushing", Ref: ref, Err: err}
	}
	return nil
}

// BaseError is a base on this machine that is missing, damaged, or not a layout.
type BaseError struct {
	Base string
	Err  error
}

// Error implements error.
func (e *BaseError) Error() string { return fmt.Sprintf("base %s: %v", e.Base, e.Err) }

// Unwrap returns the cause.
func (e *BaseError) Unwrap() error { return e.Err }

// ExitStatus is that of wrong usage.
func (e *BaseError) ExitStatus() int { return 2 }

// isLocal reports whether a base is a path, by how it begins or by what is
// there. No reference begins so.
func isLocal(base string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(base), "/")
	if first == "" || first == "." || first == ".." || filepath.IsAbs(base) {
		return true
	}
	_, err := os.Stat(base)
	return err == nil
}

// Push puts an image into a registry and returns REPOSITORY@DIGEST. A registry
// on this machine is spoken to over HTTP, others over HTTPS.
func Push(ctx context.Context, index v1.ImageIndex, ref string) (string, error) {
	r, err := name.ParseReference(ref)
	if err != nil {
		return "", &ReferenceError{Doing: "pushing", Ref: ref, Err: err}
	}
	if err := remote.WriteIndex(r, index, options(ctx)...); err != nil {
		return "", &RegistryError{Doing: "pushing", Ref: ref, Err: err}
	}
	digest, err := index.Digest()
	return r.Context().Name() + "@" + digest.String(), err
}

func options(ctx context.Context) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithUserAgent("vxlite")}
}

// Base finds the image to put a server on: a path is an OCI layout's, all else a
// reference. Offline, only a layout will do.
func Base(ctx context.Context, base string, offline bool) (func(v1.Platform) (v1.Image, error), error) {
	if isLocal(base) {
		if fi, err := os.Stat(base); errors.Is(err, fs.ErrNotExist) {
			return nil, &BaseError{base, errors.New("no such directory")}
		} else if err == nil && !fi.IsDir() {
			return nil, &BaseError{base, errors.New("not an OCI layout: not a directory")}
		}
		if err := checkLayout(base); err != nil {
			return nil, &BaseError{base, err}
		}
		index, err := layout.ImageIndexFromPath(base)
		if err != nil {
			return nil, &BaseError{base, fmt.Errorf("not an OCI layout: %w", err)}
		}
		return func(p v1.Platform) (v1.Image, error) { return fromIndex(index, base, p) }, nil
	}
	ref, err := name.ParseReference(base)
	if err != nil {
		return nil, &ReferenceError{Doing: "base", Ref: base, Err: fmt.Errorf("neither a directory nor a reference: %w", err)}
	}
	if offline {
		return nil, fmt.Errorf("base %s is in a registry, and --offline forbids asking one", base)
	}
	return func(p v1.Platform) (v1.Image, error) {
		img, err := pull(ctx, ref, base, p)
		if none := (*NoPlatformError)(nil); err != nil && !errors.As(err, &none) {
			err = &RegistryError{Doing: "base", Ref: base, Err: err}
		}
		return img, err
	}, nil
}

// pull gets a base's image for a platform, whether the reference is of one
// image or of several.
func pull(ctx context.Context, ref name.Reference, base string, p v1.Platform) (v1.Image, error) {
	d, err := remote.Get(ref, options(ctx)...)
	if err != nil {
		return nil, err
	}
	if d.MediaType.IsIndex() {
		index, err := d.ImageIndex()
		if err != nil {
			return nil, err
		}
		return fromIndex(index, base, p)
	}
	img, err := d.Image()
	if err != nil {
		return nil, err
	}
	return img, check(img, base, p)
}

// fromIndex finds the image for a platform, in an index or in those that it
// lists: the one for its variant, or one that any such processor runs.
func fromIndex(index v1.ImageIndex, base string, p v1.Platform) (v1.Image, error) {
	img, err := search(index, base, func(c *v1.ConfigFile) bool { return fits(c, p) && c.Variant == p.Variant })
	if none := (*NoPlatformError)(nil); errors.As(err, &none) {
		img, err = search(index, base, func(c *v1.ConfigFile) bool { return fits(c, p) })
	}
	if none := (*NoPlatformError)(nil); errors.As(err, &none) {
		none.Platform = platformName(p)
	}
	return img, err
}

func search(index v1.ImageIndex, base string, want func(*v1.ConfigFile) bool) (v1.Image, error) {
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range m.Manifests {
		switch {
		case d.MediaType.IsIndex():
			inner, err := index.ImageIndex(d.Digest)
			if err != nil {
				return nil, err
			}
			if img, err := search(inner, base, want); err == nil {
				return img, nil
			}
		case d.MediaType.IsImage():
			img, err := index.Image(d.Digest)
			if err != nil {
				return nil, err
			}
			if c, err := img.ConfigFile(); err == nil && want(c) {
				return img, nil
			}
		}
	}
	return nil, &NoPlatformError{Base: base}
}

// fits reports whether an image runs wherever a platform's programs do: it has
// no variant, or one that asks no more of the processor.
func fits(c *v1.ConfigFile, p v1.Platform) bool {
	order := config.Variants(p.Architecture)
	return c.OS == p.OS && c.Architecture == p.Architecture &&
		(p.Variant == "" || slices.Index(order, c.Variant) <= slices.Index(order, p.Variant))
}

func platformName(p v1.Platform) string {
	return config.Target{OS: p.OS, Arch: p.Architecture, Variant: p.Variant}.String()
}

// check makes sure that an image is for the platform: a registry gives what it
// has where there is only one.
func check(img v1.Image, base string, p v1.Platform) error {
	c, err := img.ConfigFile()
	if err != nil {
		return err
	}
	if !fits(c, p) {
		return &NoPlatformError{Base: base, Platform: platformName(p)}
	}
	return nil
}

// NoPlatformError is a base that is not there for a binary's platform.
type NoPlatformError struct{ Base, Platform string }

// Error implements error.
func (e *NoPlatformError) Error() string {
	return fmt.Sprintf("base %s has no image for %s", e.Base, e.Platform)
}
