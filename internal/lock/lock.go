// Package lock is the format of velox.lock: which commit and which bytes each
// module of a velox.toml is. It knows the file and nothing of how its contents
// come about.
//
// A lock is made for reading in a diff: TOML, sorted, a table for each
// git-sourced module and a line for each third-party one, and the same bytes
// whoever wrote it. There is no secret in it, no mirror, and no directory of
// the machine it was written on.
package lock

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// File is a lock's contents.
type File struct {
	// Go is the toolchain that the lock was made with, as `go version` has it:
	// go1.26.4.
	Go string
	// Modules are the git-sourced modules, sorted by path.
	Modules []Module
	// Sums are the checksums of third-party modules, sorted by path and version.
	Sums []Sum
	// Toolchains are the checksums of Go releases that were vendored: the versions
	// of [Toolchain]. No build of the same lock elsewhere needs any.
	Toolchains []Sum
}

// Toolchain is the module that Go's own releases are, to a module proxy.
const Toolchain = "golang.org/toolchain"

// Module is one git-sourced module.
type Module struct {
	Path    string `toml:"path"`
	Version string `toml:"version"` // canonical; a pseudo-version for a commit without a tag
	// URL is the clone URL before mirrors, as the config or the module's path
	// gives it, without what may be a secret.
	URL string `toml:"url"`
	// Ref is what the config or a requirement asks for.
	Ref    string `toml:"ref"`
	Commit string `toml:"commit"` // 40 hex digits
	// Folder is where the module's go.mod is, slash-separated; empty for the
	// repository's root.
	Folder string `toml:"folder"`
	// ReplacedBy is the module whose files these are, as PATH@VERSION, where
	// that is another; H1 is its hash then.
	ReplacedBy string `toml:"replaced_by"`
	// InsteadOf is set where a plugin's `replace` says so: its own repository
	// and ref, separated by a space.
	InsteadOf string `toml:"instead_of"`
	// H1 is the hash of the module's zip, as go.sum has it: h1:…. It is of the files
	// without the patches.
	H1 string `toml:"h1"`
	// Patches are applied to the files, in order.
	Patches []Patch `toml:"patches"`
}

// Patch is a patch file.
type Patch struct {
	// File is where it lies to the config, slash-separated. It is for messages: a
	// lock fits whatever the file is called.
	File   string `toml:"file"`
	SHA256 string `toml:"sha256"` // 64 hex digits
}

// Sum is what go.sum knows of a third-party module.
type Sum struct {
	Path, Version string
	// H1 is the hash of the module's zip; empty where only its go.mod is needed.
	H1 string
	// GoMod is the hash of its go.mod; empty where only the zip is needed.
	GoMod string
}

// Name returns the lock's file for a config: velox.lock beside velox.toml.
func Name(config string) string {
	return strings.TrimSuffix(config, filepath.Ext(config)) + ".lock"
}

// Lookup returns the module of that path, or nil.
func (f *File) Lookup(path string) *Module {
	i, ok := slices.BinarySearchFunc(f.Modules, path, func(m Module, path string) int { return cmp.Compare(m.Path, path) })
	if !ok {
		return nil
	}
	return &f.Modules[i]
}

// Sort puts modules and sums in the file's order.
func (f *File) Sort() {
	slices.SortFunc(f.Modules, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	for _, sums := range [][]Sum{f.Sums, f.Toolchains} {
		slices.SortFunc(sums, func(a, b Sum) int { return compareVersions(a.module(), b.module()) })
	}
}

func (s Sum) module() module.Version { return module.Version{Path: s.Path, Version: s.Version} }

func compareVersions(a, b module.Version) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), semver.Compare(a.Version, b.Version), cmp.Compare(a.Version, b.Version))
}
