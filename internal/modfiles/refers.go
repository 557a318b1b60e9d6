package modfiles

import (
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Reference is what stands in a tree in place of a folder; empty for nothing.
type Reference string

// What is not followed.
const (
	Submodule Reference = "submodule"
	Symlink   Reference = "symbolic link"
)

// Refers looks for a submodule or a symbolic link on the way to a path of the
// repository, and returns where it is.
func (m *Module) Refers(p string) (at string, kind Reference, err error) {
	hash, err := m.rootTree()
	if err != nil {
		return "", "", err
	}
	for elem := range strings.SplitSeq(p, "/") {
		tree, err := m.tree(hash)
		if err != nil {
			return "", "", err
		}
		at = path.Join(at, elem)
		e := entry(tree, elem)
		switch {
		case e == nil:
			return "", "", nil
		case e.Mode == filemode.Submodule:
			return at, Submodule, nil
		case e.Mode == filemode.Symlink:
			return at, Symlink, nil
		}
		hash = e.Hash
	}
	return "", "", nil
}
