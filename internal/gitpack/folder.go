package gitpack

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// OpenFolder opens a bare repository or a work tree's, or returns nil where
// there is neither.
func OpenFolder(dir string, limits config.Limits) (*Storage, error) {
	switch {
	case disk.Exists(filepath.Join(dir, ".git")):
		gitDir, err := GitDir(dir)
		if err != nil {
			return nil, err
		}
		st, err := OpenGitDir(gitDir, limits)
		if err != nil {
			return nil, err
		}
		_, err = git.Open(st.Storage, nil) // it knows which extensions it does not
		return st, err
	case IsBare(dir):
		return OpenGitDir(dir, limits)
	}
	return nil, nil
}

// IsBare reports whether a directory looks like a bare repository.
func IsBare(dir string) bool {
	return disk.Exists(filepath.Join(dir, "HEAD")) && disk.IsDir(filepath.Join(dir, "objects"))
}

// GitDir is the repository of a work tree, which has a file that names it
// where it is not inside: see gitrepository-layout(5).
func GitDir(dir string) (string, error) {
	name := filepath.Join(dir, ".git")
	if disk.IsDir(name) {
		return name, nil
	}
	data, err := disk.ReadRegular(name, mostSmall)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	to, ok := strings.CutPrefix(strings.TrimSpace(line), "gitdir: ")
	if !ok {
		return "", fmt.Errorf("%s names no gitdir", name)
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(dir, to)
	}
	if !disk.IsDir(to) {
		return "", git.ErrRepositoryNotExists
	}
	return to, nil
}

// OpenGitDir opens the repository that a directory is.
func OpenGitDir(dir string, limits config.Limits) (*Storage, error) {
	common := CommonDir(dir)
	var files billy.Filesystem = gitFiles(dir, limits)
	for _, name := range []string{"HEAD", "config", "packed-refs", "shallow", alternatesFile} { // or a broken one is as good as none
		place := filepath.Join(common, filepath.FromSlash(name))
		if err := disk.CheckRegular(place, mostOf(name, limits)); err != nil {
			if e, ok := errors.AsType[*disk.IrregularError](err); ok {
				err = fmt.Errorf("%s %w", name, e) // the repository stands in front
			}
			return nil, err
		}
	}
	if common != dir {
		files = dotgit.NewRepositoryFilesystem(files, gitFiles(common, limits))
	}
	st := filesystem.NewStorageWithOptions(files, cache.NewObjectLRUDefault(), filesystem.Options{ExclusiveAccess: true})
	cfg, err := st.Config()
	if err != nil {
		return nil, err
	}
	if format := cfg.Raw.Section("extensions").Option("objectformat"); format != "" && format != "sha1" {
		return nil, &ObjectFormatError{Format: format}
	}
	return openObjectDirs(common, &work{object: limits.Object, unpacked: limits.Unpacked}, st), nil
}

// CommonDir is where the objects are of a work tree that shares another's
// repository: see gitrepository-layout(5).
func CommonDir(dir string) string {
	b, err := disk.ReadRegular(filepath.Join(dir, "commondir"), mostSmall)
	if err != nil {
		return dir
	}
	common := strings.TrimSpace(string(b))
	if filepath.IsAbs(common) {
		return common
	}
	return filepath.Join(dir, common)
}

// ObjectFormatError is a repository whose objects have other names than those
// by SHA-1.
type ObjectFormatError struct {
	URL    string // empty until it is known
	Format string // as git calls it: sha256
}

// Error implements error.
func (e *ObjectFormatError) Error() string {
	return fmt.Sprintf("%s is a repository with the object format %s, which is not supported", e.URL, e.Format)
}

// Hints says what would do.
func (e *ObjectFormatError) Hints() []string {
	return []string{"clone from a copy of it whose object format is sha1, git's default"}
}
