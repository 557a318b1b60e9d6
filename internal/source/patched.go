package source

import (
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/store"
)

// tree is where the store has the module in folder of f's commit.
func (f Found) tree(folder string) store.Tree {
	return store.Tree{Commit: f.Commit, Folder: folder, Patches: f.Patches.Key()}
}

// Unpatched is the commit as it is in its repository.
func (f Found) Unpatched() Found {
	f.Patches = nil
	return f
}

// patched reads f's modules out of the commit with its patches.
func (c *Client) patched(m *modfiles.Module, f Found) (*modfiles.Module, error) {
	if f.Patches == nil {
		return m, nil
	}
	steps, err := c.steps(m, f)
	if err != nil {
		return nil, err
	}
	return steps[len(steps)-1].tree.Module(), nil
}

// step is a patch, and all files once it is applied.
type step struct {
	*patch.Patch
	tree *modfiles.Tree
}

// steps applies f's patches to its commit, one on the other.
func (c *Client) steps(m *modfiles.Module, f Found) ([]step, error) {
	tree, err := m.Tree()
	if err != nil {
		return nil, err
	}
	done, err := f.Patches.Apply(patchTree{tree}, c.limits)
	if err != nil {
		return nil, err
	}
	var out []step
	for _, s := range done {
		if tree, err = tree.With(contentsOf(s.Changes)); err != nil {
			return nil, err
		}
		out = append(out, step{s.Patch, tree})
	}
	return out, nil
}

// patchTree is a commit's files as patches see them.
type patchTree struct{ *modfiles.Tree }

// File implements patch.Tree.
func (t patchTree) File(name string) (*patch.File, error) {
	c, err := t.Tree.File(name)
	if err != nil || c.Mode == filemode.Empty {
		return nil, err
	}
	kind := patch.Regular
	switch c.Mode {
	case filemode.Executable:
		kind = patch.Executable
	case filemode.Symlink:
		kind = patch.Link
	case filemode.Dir:
		kind = patch.Folder
	case filemode.Submodule:
		kind = patch.Submodule
	}
	return &patch.File{Kind: kind, Data: c.Data}, nil
}

// contentsOf are changes as a commit has them.
func contentsOf(changes patch.Changes) map[string]modfiles.Content {
	out := map[string]modfiles.Content{}
	for name, f := range changes {
		switch {
		case f == nil:
			out[name] = modfiles.Content{}
		case f.Kind == patch.Executable:
			out[name] = modfiles.Content{Mode: filemode.Executable, Data: f.Data}
		default:
			out[name] = modfiles.Content{Mode: filemode.Regular, Data: f.Data}
		}
	}
	return out
}
