package source

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"golang.org/x/mod/zip"
)

// blobFile is a file of a commit, as golang.org/x/mod/zip wants to see it.
type blobFile struct {
	path string
	mode filemode.FileMode
	hash plumbing.Hash
	w    *treeWriter
	size int64 // 0 before it is loaded
	err  error // of loading it
	// obj is kept from the time its size was asked for, as it was inflated for that.
	obj plumbing.EncodedObject
	sum [sha256.Size]byte // once it is written
}

// load reads the file's size, and keeps its content while there is room.
func (f *blobFile) load() {
	if f.mode == filemode.Symlink {
		return
	}
	obj, err := f.object()
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.err = err; err != nil || w.over != nil { // one blob may be a thousand files
		return
	}
	f.size = obj.Size()
	if w.bytes += f.size; w.bytes > w.limits.Module {
		over := tooLarge("its files have more than", "module", w.limits.Module)
		over.Final = w.limits.Module == zip.MaxZipFile
		w.over = over
		return
	}
	const mostHeld = 16 << 20 // bytes of one tree's files in memory
	if w.held+f.size <= mostHeld {
		w.held += f.size
		f.obj = obj
	}
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
	return f.w.object(plumbing.BlobObject, f.hash)
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
