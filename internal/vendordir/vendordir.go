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
// A folder may be packed into one file by [Pack]. Both forms are checked whole before
// anything in them is used: [Check] and [Unpack] name each file that is missing,
// changed, or not in the list. See package archive.
//
// Nothing in a folder tells when, where or by whom it was made.
package vendordir

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/vxlite/vxlite/internal/archive"
	"github.com/vxlite/vxlite/internal/signature"
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
)

// kindsFile, in ModulesDir, has a line for each kind of build. No module path
// looks like it.
const kindsFile = "KINDS"

// sumsDir, in ModulesDir, has a file for each module.
const sumsDir = "SUMS"

// names are all that stand at a folder's top.
var names = []string{ConfigFile, LockFile, GitDir, ProxyDir, CacheDir, ModulesDir, ProfileFile, PatchesDir, VulnDBFile, archive.ListFile, archive.SignatureFile}

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
	return has[archive.ListFile] && has[LockFile]
}

// form is a vendor folder's. Each of its limits is far above any build's needs.
var form = &archive.Form{
	Top:     "vendor/",
	Folder:  "vendor folder",
	Archive: "vendored archive",
	File:    "vendored file",
	Again:   "copy it again, or run vxlite vendor again",
	Name:    "name what vxlite vendor wrote: a folder, or one file that ends in " + archive.Extension,
	Needs:   LockFile,
	Bytes:   16 << 30,
	Files:   1 << 17,
	Whole:   map[string]int64{ConfigFile: mostRead, LockFile: mostRead, path.Join(ModulesDir, kindsFile): mostRead},
}

const mostRead = 16 << 20

// Not returns the error for a place that has no vendor folder or file.
func Not(place, reason string) error { return form.Not(place, reason) }

// WriteList writes the list of all files in dir, which has none yet, and
// returns the list's own hash in hex.
func WriteList(ctx context.Context, dir string) (sum string, err error) {
	return form.WriteList(ctx, dir)
}

// Sign writes the signature of the list of the folder dir.
func Sign(dir string, key *signature.Key) error { return form.Sign(dir, key) }

// Pack writes the folder dir, which has its list, as one archive.
func Pack(ctx context.Context, dir string, w io.Writer) error { return form.Pack(ctx, dir, w) }

// Contents are a folder's files, as they were checked.
type Contents struct {
	dir string
	*archive.Contents
}

// Check compares all files of a folder with its list, and the list with its
// signature by one of the keys, unless these are nil: see [archive.Form.Check].
func Check(ctx context.Context, dir string, keys *signature.Keys) (*Contents, error) {
	c, err := form.Check(ctx, dir, keys)
	if err != nil {
		return nil, err
	}
	return &Contents{dir, c}, nil
}

// Unpack writes the contents of an archive into dir, which is empty, and
// checks them: see [archive.Form.Unpack]. place names the archive in errors.
func Unpack(ctx context.Context, place string, r io.Reader, dir string, keys *signature.Keys) (*Contents, error) {
	c, err := form.Unpack(ctx, place, r, dir, keys)
	if err != nil {
		return nil, err
	}
	return &Contents{dir, c}, nil
}

// join is filepath.Join for a slash-separated path.
func join(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
