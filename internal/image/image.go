// Package image makes a container's image of finished binaries, one for each
// platform, without a daemon: as a file, or in a registry.
//
// The same binaries, base and certificates give the same digest: times are
// fixed, owners are root, and lists are sorted.
package image

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/inspect"
)

// Options say what goes into an image besides the server.
type Options struct {
	// Base returns the image for a platform that the server is put on; nil for
	// nothing, scratch.
	Base func(v1.Platform) (v1.Image, error)
	// BaseName is how the user wrote the base, for the labels.
	BaseName string
	// CACerts are PEM certificates; nil for the base's own.
	CACerts []byte
	// User is UID or UID:GID.
	User string
	// Time is the image's and its files'; zero for 1970, as it is said in the
	// registries of images that can be built again.
	Time time.Time
}

// DefaultUser is nobody's account, as distroless images have it.
const DefaultUser = "65532:65532"

// The places in an image.
const (
	program = "usr/bin/rr"
	caFile  = "etc/ssl/certs/ca-certificates.crt" // the first that crypto/x509 looks at
)

// PlatformError is a binary for which there are no containers.
type PlatformError struct{ File, Target string }

// Error implements error.
func (e *PlatformError) Error() string {
	return fmt.Sprintf("%s is for %s, and an image can hold only Linux programs", e.File, e.Target)
}

// ExitStatus is that of wrong usage.
func (e *PlatformError) ExitStatus() int { return 2 }

// Hints says how to get one.
func (e *PlatformError) Hints() []string {
	return []string{"build for one with --target linux/amd64 or --target linux/arm64"}
}

// Build makes the index of an image with a binary each.
func Build(binaries []*inspect.Binary, o Options) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	binaries = slices.Clone(binaries)
	slices.SortFunc(binaries, func(a, b *inspect.Binary) int { return strings.Compare(a.Target, b.Target) })
	for i, b := range binaries {
		if i > 0 && binaries[i-1].Target == b.Target {
			return nil, fmt.Errorf("%s and %s are both for %s", binaries[i-1].File, b.File, b.Target)
		}
		target, err := config.ParseTarget(b.Target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.File, err)
		}
		if target.OS != "linux" {
			return nil, &PlatformError{File: b.File, Target: b.Target}
		}
		platform := v1.Platform{OS: target.OS, Architecture: target.Arch, Variant: target.Variant}
		if target.Arch == "arm" && target.Variant == "" {
			platform.Variant = "v7" // there is no ARM without one
		}
		img, err := single(b, platform, o)
		if err != nil {
			return nil, err
		}
		made, err := img.ConfigFile()
		if err != nil {
			return nil, err
		}
		platform.Variant = made.Variant // the base's, where the program has none
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index, nil
}

// single makes the image for one platform.
func single(b *inspect.Binary, platform v1.Platform, o Options) (v1.Image, error) {
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if o.Base != nil {
		var err error
		if base, err = o.Base(platform); err != nil {
			return nil, err
		}
	}
	kind, err := layerType(base)
	if err != nil {
		return nil, err
	}
	var layers []v1.Layer
	common, err := o.files(kind)
	if err != nil {
		return nil, err
	}
	if common != nil {
		layers = append(layers, common)
	}
	server, err := o.server(b.File, kind)
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(base, append(layers, server)...)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = platform.OS, platform.Architecture
	config.Variant = cmp.Or(platform.Variant, config.Variant)
	config.Created = v1.Time{Time: o.time()}
	config.History = nil // the base's has times, and what made it is its own affair
	config.Config.User = o.User
	config.Config.Entrypoint, config.Config.Cmd = []string{"/" + program}, nil
	if config.Config.WorkingDir == "" {
		config.Config.WorkingDir = "/"
	}
	if len(config.Config.Env) == 0 {
		config.Config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	}
	if config.Config.Labels == nil {
		config.Config.Labels = map[string]string{}
	}
	if err := label(config.Config.Labels, b, o); err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, config)
}

// layerType is the form of layers that goes with a base: OCI's, or that of the
// images of Docker's own form, which are not to be mixed.
func layerType(base v1.Image) (types.MediaType, error) {
	m, err := base.MediaType()
	if err != nil {
		return "", err
	}
	if m == types.DockerManifestSchema2 {
		return types.DockerLayer, nil
	}
	return types.OCILayer, nil
}

func (o Options) time() time.Time {
	if o.Time.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return o.Time.UTC()
}

// label says what is in an image, in OCI's names where it has some.
func label(labels map[string]string, b *inspect.Binary, o Options) error {
	m := b.Manifest
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	rr := m.RoadRunner()
	for name, value := range map[string]string{
		"org.opencontainers.image.title":     "roadrunner",
		"org.opencontainers.image.version":   rr.Version,
		"org.opencontainers.image.revision":  rr.Commit,
		"org.opencontainers.image.source":    rr.URL,
		"org.opencontainers.image.base.name": o.BaseName,
		"vxlite.config":                      m.Config,
		"vxlite.go":                          b.Go,
		"vxlite.manifest":                    string(data),
	} {
		if value == "" {
			delete(labels, name) // the base's would say something else
		} else {
			labels[name] = value
		}
	}
	return nil
}

// entry is a file of a layer, or a directory where data is nil.
type entry struct {
	name string
	mode int64
	data []byte
}

// files is the layer that all platforms share: certificates, and what a program
// without any base still looks for. It is nil for none.
func (o Options) files(kind types.MediaType) (v1.Layer, error) {
	var entries []entry
	if o.Base == nil {
		entries = append(entries, entry{"tmp", 0o1777, nil},
			entry{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:" + ids(o.User) + ":nonroot:/:/sbin/nologin\n")})
	}
	if o.CACerts != nil {
		entries = append(entries, entry{caFile, 0o644, o.CACerts})
	}
	if len(entries) == 0 {
		return nil, nil
	}
	return o.layer(entries, kind)
}

// ids is UID:GID; a user without a group has that of its own number.
func ids(user string) string {
	if strings.Contains(user, ":") {
		return user
	}
	return user + ":" + user
}

// server is the layer with the binary.
func (o Options) server(file string, kind types.MediaType) (v1.Layer, error) {
	data, err := disk.ReadLarge(file)
	if err != nil {
		return nil, err
	}
	return o.layer([]entry{{program, 0o755, data}}, kind)
}

// layer packs files, each with the directories above it, sorted.
func (o Options) layer(entries []entry, kind types.MediaType) (v1.Layer, error) {
	have := map[string]bool{}
	for _, e := range slices.Clone(entries) {
		have[e.name] = true
		for i := range e.name {
			if dir := e.name[:i]; e.name[i] == '/' && !have[dir] {
				have[dir] = true
				entries = append(entries, entry{dir, 0o755, nil})
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.data)), ModTime: o.time(), Format: tar.FormatPAX}
		if e.data == nil {
			h.Typeflag, h.Name = tar.TypeDir, e.name+"/"
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(kind))
}
