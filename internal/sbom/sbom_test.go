package sbom

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/licensecheck"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/testkit/cyclonedx"
)

// sample has a module of each kind.
func sample() *inspect.Binary {
	commit := strings.Repeat("a", 40)
	return &inspect.Binary{
		File: "dist/rr", Size: 7, SHA256: strings.Repeat("0", 64), Target: "linux/amd64", Go: "go1.26.4",
		Manifest: &manifest.Manifest{Format: 1, Config: "sha256:" + strings.Repeat("1", 64), Modules: []manifest.Module{
			{Path: "git.corp/Team/scp", Version: "v1.0.0", URL: "git@git.corp:team/scp.git", Commit: commit, H1: "h1:scp", Folder: "go",
				Patches: []manifest.Patch{{Name: "0001 ü.patch", SHA256: strings.Repeat("2", 64)}, {Name: "2.diff", SHA256: strings.Repeat("3", 64)}}},
			{Name: "here", Path: "github.com/acme/here", Version: "v0.0.0", Commit: commit, Local: true, Dirty: true},
			{Path: "github.com/acme/lib", Version: "v1.0.0", URL: "https://github.com/acme/fork.git", Commit: commit, H1: "h1:lib", ReplacedBy: "github.com/acme/fork@v1.0.1"},
			{Name: "mirrored", Path: "github.com/acme/mirrored", Version: "v2.0.0+incompatible", URL: "local:mirrored", Commit: commit, H1: "h1:m"},
			{Name: "roadrunner", Path: "github.com/roadrunner-server/roadrunner/v2025", Version: "v2025.1.15", URL: "https://github.com/roadrunner-server/roadrunner", Commit: commit, H1: "h1:rr"},
		}},
		ThirdParty: []inspect.Module{
			{Path: "example.com/third/tally", Version: "v1.0.0", Sum: "h1:t", ReplacedBy: "example.com/third/other@v1.0.1"},
			{Path: "example.com/third/text", Version: "v1.1.0", Sum: "h1:x"},
			{Path: "example.com/third/mine", Version: "v1.1.0", ReplacedBy: "(a folder)"},
		},
	}
}

func options(t *testing.T) Options {
	t.Helper()
	dir := t.TempDir()
	mit, err := os.ReadFile(filepath.Join("..", "..", "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"LICENSE": string(mit), "LICENSE.go": string(mit), "COPYING.txt": "do as you please\n", "README.md": string(mit)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Options{
		Tool: "v0.1.0",
		Patch: func(_ manifest.Module, p manifest.Patch) []byte {
			return map[bool][]byte{true: []byte("--- a/x\n+++ b/x\n")}[p.Name == "2.diff"]
		},
		FromGit: func(m manifest.Module) string { return map[bool]string{true: dir}[m.Name == "roadrunner"] },
		ThirdParty: func(path, version string) string {
			return map[bool]string{true: dir}[path+version == "example.com/third/otherv1.0.1"]
		},
	}
}

func mustMake(t *testing.T, b *inspect.Binary, o Options) []byte {
	t.Helper()
	data, err := Make(b, o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestMake compares the bill as a whole.
func TestMake(t *testing.T) {
	got := mustMake(t, sample(), options(t))
	file := filepath.Join("testdata", "sample.cdx.json")
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s\nwant, unless it is rightly so (UPDATE_SCRIPTS=1):\n%s", got, want)
	}
}

// TestSame wants the same bytes of the same contents, and another serial
// number of others.
func TestSame(t *testing.T) {
	one, two := mustMake(t, sample(), options(t)), mustMake(t, sample(), options(t))
	if !bytes.Equal(one, two) {
		t.Error("the bytes differ")
	}
	b := sample()
	b.ThirdParty[1].Version = "v1.1.1"
	if serial(t, mustMake(t, b, options(t))) == serial(t, one) {
		t.Error("other contents have the same serial number")
	}
	o := options(t)
	o.Time = time.Unix(1700000000, 0)
	if !bytes.Contains(mustMake(t, sample(), o), []byte(`"timestamp": "2023-11-14T22:13:20Z"`)) {
		t.Error("the time is missing")
	}
}

func serial(t *testing.T, data []byte) string {
	t.Helper()
	var v struct{ SerialNumber string }
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v.SerialNumber
}

// TestSchema validates with CycloneDX's own schemas, which come with its
// library, and makes sure that they find a mistake.
func TestSchema(t *testing.T) {
	schema, err := cyclonedx.Schema()
	if err != nil {
		t.Fatal(err)
	}
	built := mustMake(t, sample(), options(t))
	b := sample()
	b.File, b.SHA256 = "", ""
	o := options(t)
	o.Time = time.Unix(1700000000, 0)
	for _, data := range [][]byte{built, mustMake(t, b, o), mustMake(t, b, Options{})} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.Replace(built, []byte(`"id": "MIT"`), []byte(`"id": "MIT-0.5"`), 1)))
	if err != nil {
		t.Fatal(err)
	}
	if schema.Validate(doc) == nil {
		t.Error("a licence that SPDX does not know was taken")
	}
}

// TestNotSPDX compares licensecheck's names with SPDX's list.
func TestNotSPDX(t *testing.T) {
	dir, err := cyclonedx.Schemas()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "spdx.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spdx struct{ Enum []string }
	if err := json.Unmarshal(data, &spdx); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range licensecheck.BuiltinLicenses() {
		if !slices.Contains(spdx.Enum, l.ID) {
			got = append(got, l.ID)
		}
	}
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, notSPDX) {
		t.Errorf("%q, not %q", got, notSPDX)
	}
}

func TestMakeWithoutManifest(t *testing.T) {
	if _, err := Make(&inspect.Binary{File: "x"}, Options{}); err == nil {
		t.Error("a bill of nothing was made")
	}
}
