// Package manifest is the note that each binary carries on what it was built
// from: its form, how it is put into a binary, and how it is found there again
// without running it.
//
// A manifest has nothing of when, where, by whom or through which mirror a
// binary was built, so it costs no reproducibility. What the go command records
// in every binary by itself, the toolchain and third-party modules with their
// sums, is not repeated in it: see debug/buildinfo.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime/debug"
)

// Manifest says what a binary was built from.
type Manifest struct {
	// Format numbers what a vxlite makes of a config: see [Format]. It is 0 in
	// binaries that name the version of vxlite instead.
	Format int `json:"format"`
	// Config identifies what the config means: see config.Config.Digest.
	Config string `json:"config"`
	// Flags are the go command's arguments, in order. debug/buildinfo leaves
	// out those of the linker where paths are trimmed.
	Flags []string `json:"flags"`
	// Modules are the git-sourced modules, sorted by path.
	Modules []Module `json:"modules"`
}

// Module is one git-sourced module.
type Module struct {
	// Name is the plugin's name in the config, "roadrunner" for RoadRunner, and
	// empty for a module that is neither.
	Name    string `json:"name,omitempty"`
	Path    string `json:"module"`
	Version string `json:"version"`
	// URL is the clone URL before mirrors, without what may be a secret; empty
	// for a local directory.
	URL string `json:"url,omitempty"`
	// Commit is 40 hex digits. Of a local directory it is the one that is
	// checked out, and empty where there is none.
	Commit string `json:"commit,omitempty"`
	// Folder is where the module's go.mod is in its repository; empty for the
	// root.
	Folder string `json:"folder,omitempty"`
	// ReplacedBy is the module whose files these are, as PATH@VERSION, where
	// that is another.
	ReplacedBy string `json:"replaced_by,omitempty"`
	// H1 is the hash of the module's zip as go.sum has it, without the patches;
	// empty for a local directory.
	H1 string `json:"h1,omitempty"`
	// Patches were applied to the files, in order.
	Patches []Patch `json:"patches,omitempty"`
	// Local says that a directory was compiled as it stood; Dirty, that it
	// differed from Commit.
	Local bool `json:"local,omitempty"`
	Dirty bool `json:"dirty,omitempty"`
}

// Patch is a patch file. Where it lay does not count.
type Patch struct {
	Name   string `json:"name"`   // the file's own, without directories
	SHA256 string `json:"sha256"` // 64 hex digits
}

// Equal reports whether two entries say the same; nil is none.
func (m *Module) Equal(other *Module) bool { return reflect.DeepEqual(m, other) }

// PatchedVersion is a module's version as tables have it: with +patched behind it
// where patches were applied. No version of Go's ends so by itself.
func PatchedVersion(version string, patched bool) string {
	if patched {
		return version + "+patched"
	}
	return version
}

// Format is the number of the form of a workspace: which files it has, what is in
// them, and with which flags they are compiled. Versions of vxlite with the same
// number give the same bytes, which is why a binary does not name the version.
const Format = 1

// Lookup returns the module of that path, or nil.
func (m *Manifest) Lookup(path string) *Module {
	for i := range m.Modules {
		if m.Modules[i].Path == path {
			return &m.Modules[i]
		}
	}
	return nil
}

// RoadRunner returns the server that all others are plugins of; its zero value
// where there is none.
func (m *Manifest) RoadRunner() Module {
	for _, e := range m.Modules {
		if e.Name == "roadrunner" {
			return e
		}
	}
	return Module{}
}

// ToolVersion is the version of the program that is running, as the go command
// recorded it.
func ToolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// maxSize bounds a manifest, in bytes; a module takes about 300 of them.
const maxSize = 4 << 20

// The marks around a manifest in a binary. What finds it must not contain it,
// or vxlite would find one in itself: see [begin].
const (
	frame   = "VXLITE MANIFEST"
	version = 1
	dashes  = "-----"
)

// begin is the mark that a manifest begins with. The length of what is between
// the marks in bytes, and its SHA-256, follow on the same line.
func begin() []byte { return fmt.Appendf(nil, "\n%sBEGIN %s %d ", dashes, frame, version) }

// end is the mark that a manifest ends with.
func end() []byte { return fmt.Appendf(nil, "\n%sEND %s%s\n", dashes, frame, dashes) }

// header is what stands between the begin mark and the manifest.
func header(body []byte) []byte {
	sum := sha256.Sum256(body)
	return fmt.Appendf(nil, "%07d %s%s\n", len(body), hex.EncodeToString(sum[:]), dashes)
}

// Encode returns a manifest with its marks: what a binary has to contain.
func Encode(m *Manifest) ([]byte, error) {
	body, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return nil, err
	}
	if len(body) > maxSize {
		return nil, fmt.Errorf("the manifest has %d bytes, more than %d", len(body), maxSize)
	}
	out := append(begin(), header(body)...)
	return append(append(out, body...), end()...), nil
}
