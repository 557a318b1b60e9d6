package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
)

// binary is one for a platform, in a directory of its own.
func binary(t *testing.T, target string) *inspect.Binary {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rr")
	if err := os.WriteFile(file, []byte("a server for "+target), 0o755); err != nil {
		t.Fatal(err)
	}
	return &inspect.Binary{File: file, Target: target, Go: "go1.26.4", Manifest: &manifest.Manifest{Format: 1, Config: "sha256:11", Modules: []manifest.Module{
		{Name: "roadrunner", Path: "github.com/roadrunner-server/roadrunner/v2025", Version: "v2025.1.15", URL: "https://github.com/roadrunner-server/roadrunner", Commit: strings.Repeat("a", 40)},
	}}}
}

func mustBuild(t *testing.T, o Options, targets ...string) v1.ImageIndex {
	t.Helper()
	var all []*inspect.Binary
	for _, target := range targets {
		all = append(all, binary(t, target))
	}
	o.User = DefaultUser
	index, err := Build(all, o)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func digest(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	d, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// TestDigest wants the same digest of the same input, in another directory and
// another order, and another of other input.
func TestDigest(t *testing.T) {
	want := digest(t, mustBuild(t, Options{}, "linux/amd64", "linux/arm64"))
	if got := digest(t, mustBuild(t, Options{}, "linux/arm64", "linux/amd64")); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if got := digest(t, mustBuild(t, Options{CACerts: []byte("pem")}, "linux/amd64", "linux/arm64")); got == want {
		t.Error("the certificates make no difference")
	}
}

// only returns the image of an index for a processor.
func only(t *testing.T, index v1.ImageIndex, arch string) v1.Image {
	t.Helper()
	img, err := fromIndex(index, "", v1.Platform{OS: "linux", Architecture: arch})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestContents looks at the files and the config of an image on nothing.
func TestContents(t *testing.T) {
	img := only(t, mustBuild(t, Options{CACerts: []byte("pem")}, "linux/amd64", "linux/arm64"), "arm64")
	want := []string{
		"etc/ 755 0:0 0 ", "etc/passwd 644 0:0 0 root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n",
		"etc/ssl/ 755 0:0 0 ", "etc/ssl/certs/ 755 0:0 0 ", "etc/ssl/certs/ca-certificates.crt 644 0:0 0 pem", "tmp/ 1777 0:0 0 ",
		"usr/ 755 0:0 0 ", "usr/bin/ 755 0:0 0 ", "usr/bin/rr 755 0:0 0 a server for linux/arm64",
	}
	if got := contents(t, img); !slices.Equal(got, want) {
		t.Errorf("%q\nnot\n%q", got, want)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.Config.User != "65532:65532" || c.Architecture != "arm64" || !slices.Equal(c.Config.Entrypoint, []string{"/usr/bin/rr"}) || c.Created.Unix() != 0 {
		t.Errorf("config is %+v", c)
	}
	var m manifest.Manifest
	if err := json.Unmarshal([]byte(c.Config.Labels["vxlite.manifest"]), &m); err != nil || m.Config != "sha256:11" {
		t.Errorf("labels are %q: %v", c.Config.Labels, err)
	}
	if got := c.Config.Labels["org.opencontainers.image.version"]; got != "v2025.1.15" {
		t.Errorf("version is %q", got)
	}
}

// contents lists an image's files: name, mode, owner, time, data.
func contents(t *testing.T, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s %o %d:%d %d %s", h.Name, h.Mode, h.Uid, h.Gid, h.ModTime.Unix(), data))
		}
		r.Close()
	}
	return out
}

// TestWrite packs twice and reads the layout back.
func TestWrite(t *testing.T) {
	var sums [2][32]byte
	for i := range sums {
		dir := t.TempDir()
		file := filepath.Join(dir, "image.tar")
		if err := Write(mustBuild(t, Options{}, "linux/amd64", "linux/arm64"), "v1", file, dir); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(data)
		if !bytes.Contains(data, []byte(`"org.opencontainers.image.ref.name": "v1"`)) {
			t.Error("the tag is missing")
		}
		index, err := layout.ImageIndexFromPath(filepath.Join(dir, "layout"))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(index); err != nil {
			t.Error(err)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("%s and %s", hex.EncodeToString(sums[0][:]), hex.EncodeToString(sums[1][:]))
	}
}

// newRegistry runs a registry in this process and returns its host.
func newRegistry(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestPush puts an image into a registry and gets it back.
func TestPush(t *testing.T) {
	index := mustBuild(t, Options{}, "linux/amd64", "linux/arm64")
	ref := newRegistry(t) + "/team/rr:v1"
	got, err := Push(t.Context(), index, ref)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSuffix(ref, ":v1") + "@" + digest(t, index); got != want {
		t.Errorf("%s, not %s", got, want)
	}
	r, err := name.ParseReference(got)
	if err != nil {
		t.Fatal(err)
	}
	back, err := remote.Index(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(back); err != nil {
		t.Error(err)
	}
	if got, want := contents(t, only(t, back, "amd64")), contents(t, only(t, index, "amd64")); !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// baseIndex has images for two processors, one of them with a variant, with a
// file each.
func baseIndex(t *testing.T) v1.ImageIndex {
	t.Helper()
	var index v1.ImageIndex = empty.Index
	for _, p := range []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64", Variant: "v8"}} {
		img, err := random.Image(64, 1)
		if err != nil {
			t.Fatal(err)
		}
		c, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		c = c.DeepCopy()
		c.OS, c.Architecture, c.Variant = p.OS, p.Architecture, p.Variant
		c.Config.Env = []string{"FROM=" + p.Architecture}
		if img, err = mutate.ConfigFile(img, c); err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &p}})
	}
	return index
}

// TestBase takes a base from a layout and from a registry.
func TestBase(t *testing.T) {
	base := baseIndex(t)
	dir := filepath.Join(t.TempDir(), "base")
	if _, err := layout.Write(dir, base); err != nil {
		t.Fatal(err)
	}
	ref := newRegistry(t) + "/base:v1"
	if _, err := Push(t.Context(), base, ref); err != nil {
		t.Fatal(err)
	}
	digests := map[string]bool{}
	for _, from := range []string{dir, ref} {
		find, err := Base(t.Context(), from, false)
		if err != nil {
			t.Fatal(err)
		}
		index := mustBuild(t, Options{Base: find}, "linux/amd64", "linux/arm64")
		digests[digest(t, index)] = true
		for _, arch := range []string{"amd64", "arm64"} {
			img := only(t, index, arch)
			c, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			files := contents(t, img)
			if len(files) != 4 || !strings.HasSuffix(files[3], "a server for linux/"+arch) || !slices.Equal(c.Config.Env, []string{"FROM=" + arch}) {
				t.Errorf("%s, %s: %q, %q", from, arch, files, c.Config.Env)
			}
		}
		var none *NoPlatformError
		if _, err := Build([]*inspect.Binary{binary(t, "linux/riscv64")}, Options{Base: find}); !errors.As(err, &none) {
			t.Errorf("%s: a base for no such platform: %v", from, err)
		}
	}
	if len(digests) != 1 {
		t.Errorf("%d digests of one base", len(digests))
	}
}

// TestHostileBase has bases whose contents are not those that were named: a
// registry that sends another manifest or another layer for a digest, and
// layouts with a changed layer and with an index that lists itself.
func TestHostileBase(t *testing.T) {
	base := baseIndex(t)
	layers, err := only(t, base, "amd64").Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	good := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	changed := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if changed == "" || !strings.HasSuffix(r.URL.Path, changed) || r.Method != http.MethodGet {
			good.ServeHTTP(w, r)
			return
		}
		sent := httptest.NewRecorder()
		good.ServeHTTP(sent, r)
		data := sent.Body.Bytes()
		data[len(data)/2] ^= 1
		maps.Copy(w.Header(), sent.Header())
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	ref, err := Push(t.Context(), base, strings.TrimPrefix(server.URL, "http://")+"/base:v1")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "base")
	if _, err := layout.Write(dir, base); err != nil {
		t.Fatal(err)
	}
	write := func(from string) error {
		find, err := Base(t.Context(), from, false)
		if err != nil {
			return err
		}
		index, err := Build([]*inspect.Binary{binary(t, "linux/amd64")}, Options{Base: find, User: DefaultUser})
		if err != nil {
			return err
		}
		return Write(index, "v1", filepath.Join(t.TempDir(), "image.tar"), t.TempDir())
	}
	for _, from := range []string{ref, dir} {
		if err := write(from); err != nil {
			t.Fatalf("%s, as it should be: %v", from, err)
		}
	}
	for _, changed = range []string{digest(t, base), layer.String()} {
		if err := write(ref); err == nil {
			t.Errorf("another %s was taken from a registry", changed)
		}
	}
	blob := filepath.Join(dir, "blobs", layer.Algorithm, layer.Hex)
	data, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(blob, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(dir); err == nil {
		t.Error("a changed layer was taken from a layout")
	}

	// an index that lists itself
	self := strings.Repeat("0", 64)
	index := fmt.Sprintf(`{"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:%s", "size": 1}]}`, self)
	circle := t.TempDir()
	if err := os.MkdirAll(filepath.Join(circle, "blobs", "sha256"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"oci-layout": `{"imageLayoutVersion": "1.0.0"}`, "index.json": index, "blobs/sha256/" + self: index} {
		if err := os.WriteFile(filepath.Join(circle, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(circle); err == nil || !strings.Contains(err.Error(), "checksum mismatch") {
		t.Errorf("an index that lists itself: %v", err)
	}
}

// TestErrors has what cannot become an image.
func TestErrors(t *testing.T) {
	_, err := Build([]*inspect.Binary{binary(t, "windows/amd64")}, Options{})
	if e := (*PlatformError)(nil); !errors.As(err, &e) {
		t.Errorf("windows: %v", err)
	}
	if _, err := Build([]*inspect.Binary{binary(t, "linux/amd64"), binary(t, "linux/amd64")}, Options{}); err == nil {
		t.Error("two binaries for one platform were taken")
	}
	for _, base := range []string{t.TempDir(), "A b"} {
		if _, err := Base(t.Context(), base, false); err == nil {
			t.Errorf("%q is no base", base)
		}
	}
	if _, err := Base(t.Context(), "registry.corp/base", true); err == nil || !strings.Contains(err.Error(), "--offline forbids") {
		t.Errorf("offline: %v", err)
	}
	if _, err := Push(t.Context(), mustBuild(t, Options{}, "linux/amd64"), "127.0.0.1:1/x"); err == nil {
		t.Error("there is no registry there")
	}
}
