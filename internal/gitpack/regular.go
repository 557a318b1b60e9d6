package gitpack

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

const (
	// mostSmall is how large a file may be that holds a line or some, in bytes.
	mostSmall = 1 << 20
	// mostIndex is how large an index may be, a work tree's or a pack's, which is
	// read whole.
	mostIndex = 256 << 20
	// mostLoose is how large an object's own file may be.
	mostLoose = 2 << 30
)

// alternatesFile names the repositories that another borrows objects from.
const alternatesFile = "objects/info/alternates"

// mostOf is how large a repository's file of that name may be.
func mostOf(name string, limits config.Limits) int64 {
	switch slashed := filepath.ToSlash(name); {
	case slashed == "packed-refs", slashed == "shallow":
		return limits.Refs
	case slashed == "index":
		return mostIndex
	}
	return mostSmall
}

// regularFS has the files of a repository on this machine, for go-git to read. It
// may be anybody's: only regular files of a sane size are opened, since a pipe has
// no end but its writer's, and a link to a device none at all.
type regularFS struct {
	billy.Filesystem // for all but opening
	most             func(name string) int64
}

// gitFiles are those of a repository.
func gitFiles(dir string, limits config.Limits) regularFS {
	return regularFS{osfs.New(dir), func(name string) int64 { return mostOf(name, limits) }}
}

// WorkFiles are those of a work tree, which may be of any size.
func WorkFiles(dir string) billy.Filesystem {
	return regularFS{osfs.New(dir), func(string) int64 { return math.MaxInt64 }}
}

// Open implements billy.Filesystem.
func (r regularFS) Open(name string) (billy.File, error) {
	return r.OpenFile(name, os.O_RDONLY, 0)
}

// OpenFile implements billy.Filesystem, for reading.
func (r regularFS) OpenFile(name string, flag int, _ fs.FileMode) (billy.File, error) {
	name = filepath.Clean(name)
	switch {
	case flag != os.O_RDONLY:
		return nil, billy.ErrReadOnly
	case !filepath.IsLocal(name):
		return nil, billy.ErrCrossedBoundary
	}
	f, err := disk.OpenRegular(filepath.Join(r.Root(), name), r.most(name))
	if err != nil {
		return nil, err
	}
	return regularFile{f}, nil
}

// Chroot implements billy.Filesystem.
func (r regularFS) Chroot(dir string) (billy.Filesystem, error) {
	below, err := r.Filesystem.Chroot(dir)
	return regularFS{below, r.most}, err
}

// regularFile is a file as go-git wants to see it. It is not written to, so that
// there is nothing to lock.
type regularFile struct{ *os.File }

// Lock implements billy.File.
func (regularFile) Lock() error { return nil }

// Unlock implements billy.File.
func (regularFile) Unlock() error { return nil }
