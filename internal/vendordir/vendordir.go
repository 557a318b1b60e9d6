// Package vendordir is the form of a vendor folder: everything that an offline
// rebuild needs, as files.
//
//	velox.toml    the config, with its variables expanded and no secret in it
//	velox.lock    what each ref of it means
//	git/COMMIT/   a bare repository with the one commit, for each commit
//	proxy/        the third-party modules, as a GOPROXY file tree: see
//	              go.dev/ref/mod#goproxy-protocol
//	cache/        compiled packages, where they were asked for
//	mod/          with them, what the build reads of the third-party modules,
//	              unpacked as in a module cache; mod/KINDS says for which builds,
//	              and mod/SUMS/PATH@VERSION has the hashes of all files of a
//	              module, of which the lock's checksum is the hash
//	build.pgo     the config's own profile, where it has one
//	patches/SHA256/NAME
//	              its patches
//	vulndb.zip    known vulnerabilities, where they were asked for
//	SHA256SUMS    every other file's hash; sha256sum -c reads it
//	SHA256SUMS.sig
//	              its signature, where it is signed
//
// A folder may be packed into one file, a tar archive in zstd, by [Pack]. Both
// forms are checked whole before anything in them is used: [Check] and
// [Unpack] name each file that is missing, changed, or not in the list.
//
// What zstd's format wants passed over, its skippable frames, is passed over, as by
// zstd itself: it is no part of the folder, and nothing reads it.
//
// The same contents give the same bytes. Nothing in a folder tells when, where
// or by whom it was made.
package vendordir

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
)

// The names in a vendor folder.
const (
	ConfigFile  = "velox.toml"
	LockFile    = "velox.lock"
	GitDir      = "git"
	ProxyDir    = "proxy"
	CacheDir    = "cache"
	ModulesDir  = "mod"
	ProfileFile = "build.pgo"
	PatchesDir  = "patches"
	VulnDBFile  = "vulndb.zip"
	ListFile    = "SHA256SUMS"
	// SignatureFile signs the list, and by it all else.
	SignatureFile = "SHA256SUMS.sig"
)

// kindsFile, in ModulesDir, has a line for each kind of build. No module path
// looks like it.
const kindsFile = "KINDS"

// sumsDir, in ModulesDir, has a file for each module.
const sumsDir = "SUMS"

// Extension is how the name of a folder in one file ends.
const Extension = ".tar.zst"

// names are all that stand at a folder's top.
var names = []string{ConfigFile, LockFile, GitDir, ProxyDir, CacheDir, ModulesDir, ProfileFile, PatchesDir, VulnDBFile, ListFile, SignatureFile}

// Is reports whether dir looks like a vendor folder: it has a list and a lock,
// and nothing that no vendor folder has.
func Is(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	has := map[string]bool{}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			return false
		}
		has[e.Name()] = true
	}
	return has[ListFile] && has[LockFile]
}

// DamageError is a vendor folder or file that is not as it was written.
type DamageError struct {
	// Place is the folder or file.
	Place string
	// Missing, Changed and Extra are slash-separated paths in it, sorted.
	Missing, Changed, Extra []string
}

// Error implements error: the first few of each kind, and how many more.
func (e *DamageError) Error() string {
	var parts []string
	for _, kind := range []struct {
		what  string
		files []string
	}{{"missing", e.Missing}, {"changed", e.Changed}, {"not in " + ListFile, e.Extra}} {
		if len(kind.files) > 0 {
			parts = append(parts, kind.what+": "+brief.List(kind.files, 5))
		}
	}
	return fmt.Sprintf("%s is damaged: %s", e.Place, strings.Join(parts, "; "))
}

// ExitStatus is that of a check that found a problem.
func (*DamageError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*DamageError) Hints() []string {
	return []string{"copy it again, or run vxlite vendor again"}
}

// any reports whether there is any damage.
func (e *DamageError) any() bool { return len(e.Missing)+len(e.Changed)+len(e.Extra) > 0 }

// ArchiveError is a file that is no archive, or not any more.
type ArchiveError struct{ Place, Reason string }

// Error implements error.
func (e *ArchiveError) Error() string {
	return fmt.Sprintf("%s is damaged or no vendored archive: %s", e.Place, e.Reason)
}

// ExitStatus is that of a check that found a problem.
func (*ArchiveError) ExitStatus() int { return (*DamageError)(nil).ExitStatus() }

// Hints says what to do.
func (*ArchiveError) Hints() []string { return (*DamageError)(nil).Hints() }

// FormatError is a folder or file that no vxlite wrote.
type FormatError struct {
	Place, Reason string
	// Damaged says that it was one.
	Damaged bool
}

// Error implements error.
func (e *FormatError) Error() string { return e.Place + ": " + e.Reason }

// Hints says what would be one.
func (e *FormatError) Hints() []string {
	if e.Damaged {
		return (*DamageError)(nil).Hints()
	}
	return []string{"name what vxlite vendor wrote: a folder, or one file that ends in " + Extension}
}

// ExitStatus is that of a check that found a problem, where it found damage.
func (e *FormatError) ExitStatus() int {
	if e.Damaged {
		return (*DamageError)(nil).ExitStatus()
	}
	return 1
}

// join is filepath.Join for a slash-separated path.
func join(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
