package source

import (
	"context"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/vxlite/vxlite/internal/gitconn"
)

// Reference is what stands in a tree in place of a folder; empty for nothing.
type Reference string

// What is not followed.
const (
	Submodule Reference = "submodule"
	Symlink   Reference = "symbolic link"
)

// Refers looks for a submodule or a symbolic link on the way to a path of f's
// repository, and returns where it is.
func (c *Client) Refers(ctx context.Context, f Found, p string) (at string, kind Reference, err error) {
	remote, err := gitconn.ParseRemote(f.From)
	if err != nil {
		return "", "", err
	}
	st, done, err := c.objects(ctx, f, remote)
	if err != nil {
		return "", "", err
	}
	defer done()
	w := &treeWriter{st: st, url: remote.String(), commit: f.Commit, limits: c.limits}
	hash, err := w.rootTree()
	if err != nil {
		return "", "", err
	}
	for elem := range strings.SplitSeq(p, "/") {
		tree, err := w.tree(hash)
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
