// Package archive is the form of a folder that travels: a list of all its files,
// SHA256SUMS, which sha256sum -c reads, a signature of the list where there is
// one, and the whole in one file, a tar archive in zstd that begins with the list.
//
// Whoever made it, a folder or an archive is checked whole before anything in it
// is used, within limits for what it takes of the memory and the disk, and nothing
// outside the folder is written to. The same files give the same bytes.
//
// What zstd's format wants passed over, its skippable frames, is passed over, as by
// zstd itself: it is no part of the folder, and nothing reads it.
package archive

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// The names that every folder has.
const (
	ListFile = "SHA256SUMS"
	// SignatureFile signs the list, and by it all else.
	SignatureFile = "SHA256SUMS.sig"
)

// Extension is how the name of an archive ends.
const Extension = ".tar.zst"

// Is reports whether a name is for an archive.
func Is(name string) bool { return strings.HasSuffix(name, Extension) }

// Form is a kind of folder: what messages call it, and what it may hold.
type Form struct {
	// Top is the folder that an archive's names begin with, with a slash, so that
	// unpacking one by hand makes a folder.
	Top string
	// Folder, Archive and File name the folder, one in one file, and a file of it,
	// as "vendor folder", "vendored archive" and "vendored file".
	Folder, Archive, File string
	// Again and Name are hints: how to come by one that is not damaged, and what
	// would have been one.
	Again, Name string
	// Needs is a file that every list names.
	Needs string
	// Bytes is how much all files may have, and Files how many files and
	// directories there may be. They are far above any need, and keep a hostile
	// folder from filling the disk or the memory.
	Bytes int64
	Files int
	// Whole are the files that something reads whole, with how many bytes they may
	// have.
	Whole map[string]int64
}

// join is filepath.Join for a slash-separated path.
func join(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }

// CheckFile says why a file may not be replaced by an archive: what does not begin
// as a zstd file does may be somebody's only copy of it. It returns "" where it may.
func CheckFile(name string) (reason string) {
	fi, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil:
		return disk.Reason(err)
	case fi.IsDir():
		return "is a directory"
	}
	f, err := disk.Open(name)
	if err != nil {
		return disk.Reason(err)
	}
	defer f.Close()
	head := make([]byte, 4)
	if n, _ := io.ReadFull(f, head); n > 0 && !bytes.Equal(head[:n], []byte{0x28, 0xb5, 0x2f, 0xfd}[:n]) {
		return "exists and is not a zstd file"
	}
	return ""
}
