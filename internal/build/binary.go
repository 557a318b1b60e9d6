package build

import "github.com/vxlite/vxlite/internal/workspace"

// Binary is one compiled file.
type Binary struct {
	Target string `json:"target"`
	Path   string `json:"path"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is 64 hex digits.
	SHA256 string `json:"sha256"`
	// UpToDate says that nothing had changed and nothing was compiled.
	UpToDate bool `json:"up_to_date,omitempty"`
	// Verified says that building it again gave the same bytes.
	Verified bool `json:"verified,omitempty"`
	// Beside are the files that were written about it.
	Beside []File `json:"beside,omitempty"`
}

// File is one that was written beside a binary.
type File struct {
	// Kind is "sbom" or "provenance".
	Kind string `json:"kind"`
	Path string `json:"path"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is 64 hex digits.
	SHA256 string `json:"sha256"`
}

// Result is what a build made, and of what.
type Result struct {
	// Modules holds RoadRunner first, then the plugins by name, then the other
	// git-sourced modules by path.
	Modules  []workspace.Row `json:"modules,omitempty"`
	Binaries []Binary        `json:"binaries,omitempty"`
	// Before are the modules of the build before, of the first binary; none
	// where that is not known.
	Before []workspace.Row `json:"-"`
}
