package modfiles

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/vxlite/vxlite/internal/gitattr"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// blobFile is a file of a commit, as golang.org/x/mod/zip wants to see it.
type blobFile struct {
	path string
	mode filemode.FileMode
	hash plumbing.Hash
	m    *Module
	size int64 // 0 before it is read
	// times is for how many files of the module its size counts.
	times int64
	// obj is kept where it was read before its turn.
	obj plumbing.EncodedObject
	// convert is what .gitattributes asks for; nil for nothing.
	convert *gitattr.Conversion
	// sum is of the file once it is written, blob of what it is in the
	// repository where that is another.
	sum, blob [sha256.Size]byte
}

// Path implements zip.File.
func (f *blobFile) Path() string { return f.path }

// Lstat implements zip.File.
func (f *blobFile) Lstat() (os.FileInfo, error) { return blobInfo{f, f.size}, nil }

// Open implements zip.File.
func (f *blobFile) Open() (io.ReadCloser, error) {
	obj, err := f.object()
	if err != nil {
		return nil, err
	}
	return obj.Reader()
}

func (f *blobFile) object() (plumbing.EncodedObject, error) {
	if f.obj != nil {
		return f.obj, nil
	}
	return f.m.object(plumbing.BlobObject, f.hash)
}

// converted is the file as git writes it out.
func (f *blobFile) converted(obj plumbing.EncodedObject) (plumbing.EncodedObject, error) {
	blob, err := gitpack.Content(obj)
	if err != nil {
		return nil, err
	}
	f.blob = sha256.Sum256(blob)
	data, err := f.convert.Apply(blob, f.m.Limits.Object)
	if err != nil {
		return nil, err
	}
	return gitpack.NewObject(plumbing.ZeroHash, plumbing.BlobObject, data), nil
}

type blobInfo struct {
	f    *blobFile
	size int64
}

func (i blobInfo) Name() string       { return path.Base(i.f.path) }
func (i blobInfo) Size() int64        { return i.size }
func (i blobInfo) ModTime() time.Time { return time.Time{} }
func (i blobInfo) IsDir() bool        { return false }
func (i blobInfo) Sys() any           { return nil }

// Mode reports only what zip looks at: whether the file is a regular one.
func (i blobInfo) Mode() fs.FileMode {
	if i.f.mode == filemode.Symlink {
		return fs.ModeSymlink | 0o777
	}
	return 0o644
}
