package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/brief"
	vxconfig "github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/patch"
)

// Carry carries the patches of from over to another commit of its repository. ref
// is what that is called.
func (c *Client) Carry(ctx context.Context, from, to Found, ref string) (out []patch.Carried, err error) {
	var made []patch.Made
	err = c.withTree(ctx, from, func(t patch.Tree) (err error) {
		made, err = from.Patches.Make(t, c.limits)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = c.withTree(ctx, to, func(t patch.Tree) (err error) {
		out, err = patch.Carry(made, t, c.limits, ref)
		return err
	})
	return out, err
}

// withTree does something with the files of a commit, without patches.
func (c *Client) withTree(ctx context.Context, f Found, do func(patch.Tree) error) error {
	remote, err := giturl.Parse(f.From)
	if err != nil {
		return err
	}
	return c.healing(ctx, f, remote, func() error {
		st, remote, done, err := c.objects(ctx, f, remote)
		if err != nil {
			return err
		}
		defer done()
		tree, err := c.module(st, f, remote).Tree()
		if err != nil {
			return err
		}
		return do(patchTree{tree})
	})
}

// Conflict is a patch that is to be worked out in a clone.
type Conflict struct {
	// Subject is the patch's, Files those that have marks in them, sorted.
	Subject string
	Files   []string
}

// CarryCommits makes commits of the patches of from, in a clone that begins at
// another commit, and puts them on top of that, as far as there is no conflict.
func (c *Client) CarryCommits(ctx context.Context, w *Work, from Found, ref string) (*Conflict, error) {
	tip, n, err := c.commitPatches(w.repo, from.URL, from.Commit, from.Patches)
	if err != nil {
		return nil, err
	}
	first := tip
	for range n - 1 {
		commit, err := w.repo.CommitObject(first)
		if err != nil {
			return nil, err
		}
		first = commit.ParentHashes[0]
	}
	if err := w.set(refOld, tip); err != nil {
		return nil, err
	}
	return w.pick(ctx, first, ref)
}

func (w *Work) set(name plumbing.ReferenceName, h plumbing.Hash) error {
	return w.repo.Storer.SetReference(plumbing.NewHashReference(name, h))
}

// pick puts commits on top of what is checked out, from next to the last one.
func (w *Work) pick(ctx context.Context, next plumbing.Hash, ref string) (*Conflict, error) {
	old, err := w.repo.Reference(refOld, true)
	if err != nil {
		return nil, err
	}
	first, err := w.repo.CommitObject(next)
	if err != nil {
		return nil, err
	}
	changes, err := w.since(ctx, first.ParentHashes[0], old.Hash())
	if err != nil {
		return nil, err
	}
	now, err := w.repo.Head()
	if err != nil {
		return nil, err
	}
	head := now.Hash()
	for _, c := range changes {
		m := &modfiles.Module{Objects: w.repo.Storer, URL: w.Dir, Commit: head.String(), Limits: vxconfig.Limits{}.OrDefault(), Trusted: true}
		tree, err := m.Tree()
		if err != nil {
			return nil, err
		}
		edits, conflicts, err := patch.Merge(patchTree{tree}, c.Edits, ref, c.Subject)
		if err != nil {
			return nil, err
		}
		if len(conflicts) > 0 {
			slices.Sort(conflicts)
			return &Conflict{c.Subject, conflicts}, w.leave(head, plumbing.NewHash(c.Commit), edits)
		}
		if len(edits) == 0 {
			continue // all of it is there
		}
		if tree, err = tree.With(contentsOf(patch.Changed(edits))); err != nil {
			return nil, err
		}
		if head, err = putCommit(w.repo, head, tree, c.Message); err != nil {
			return nil, err
		}
	}
	if err := w.checkOut(head); err != nil {
		return nil, err
	}
	return nil, w.done()
}

// checkOut moves the branch and all files to a commit.
func (w *Work) checkOut(head plumbing.Hash) error {
	tree, err := w.repo.Worktree()
	if err != nil {
		return err
	}
	return tree.Reset(&git.ResetOptions{Commit: head, Mode: git.HardReset})
}

// leave checks out what there is so far, and writes the files in conflict.
func (w *Work) leave(head, next plumbing.Hash, edits []patch.Edit) error {
	if err := w.checkOut(head); err != nil {
		return err
	}
	root, err := os.OpenRoot(w.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, f := range patch.Changed(edits) {
		name = filepath.FromSlash(name)
		if f == nil {
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if f.Kind == patch.Executable {
			mode = 0o755
		}
		if err := root.WriteFile(name, f.Data, mode); err != nil {
			return err
		}
	}
	return w.set(refNext, next)
}

// NoConflictError is a clone in which nothing is to be gone on with.
type NoConflictError struct{ Dir string }

// Error implements error.
func (e *NoConflictError) Error() string { return e.Dir + ": no patch is in conflict there" }

// MarksError is a conflict that is not worked out.
type MarksError struct {
	Dir   string
	Files []string // with marks in them, sorted
}

// Error implements error.
func (e *MarksError) Error() string {
	return fmt.Sprintf("%s: the marks of the conflict are still in %s", e.Dir, brief.List(e.Files, brief.Most))
}

// Hints says what to do with them.
func (e *MarksError) Hints() []string {
	return []string{"keep what is right of each side, and remove the lines <<<<<<<, ======= and >>>>>>>"}
}

// Resume goes on with what CarryCommits has left: it commits the files as they are
// now, unless that was done, with the patch's own message.
func (w *Work) Resume(ctx context.Context, ref string) (*Conflict, error) {
	next, err := w.repo.Reference(refNext, true)
	if err != nil {
		return nil, &NoConflictError{w.Dir}
	}
	commit, err := w.repo.CommitObject(next.Hash())
	if err != nil {
		return nil, err
	}
	if err := w.marks(ctx, commit); err != nil {
		return nil, err
	}
	if err := w.commitAs(commit); err != nil {
		return nil, err
	}
	old, err := w.repo.Reference(refOld, true)
	if err != nil {
		return nil, err
	}
	rest, err := w.since(ctx, next.Hash(), old.Hash())
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return w.pick(ctx, plumbing.NewHash(rest[0].Commit), ref)
	}
	return nil, w.done()
}

// done forgets what was to be carried.
func (w *Work) done() error {
	for _, name := range []plumbing.ReferenceName{refNext, refOld} {
		if err := w.repo.Storer.RemoveReference(name); err != nil {
			return err
		}
	}
	return nil
}

// marks is an error where a file of a patch has the marks of a conflict.
func (w *Work) marks(ctx context.Context, commit *object.Commit) error {
	c, err := w.change(ctx, commit)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(w.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	e := &MarksError{Dir: w.Dir}
	for _, edit := range c.Edits {
		name := edit.New
		if name == "" {
			name = edit.Old
		}
		data, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			continue // it is gone
		}
		if bytes.HasPrefix(data, []byte("<<<<<<< ")) || bytes.Contains(data, []byte("\n<<<<<<< ")) {
			e.Files = append(e.Files, name)
		}
	}
	if len(e.Files) > 0 {
		return e
	}
	return nil
}

// commitAs commits all files with another commit's message and author, unless
// nothing has changed since.
func (w *Work) commitAs(commit *object.Commit) error {
	state, err := WorktreeState(w.Dir)
	if err != nil || !state.Dirty {
		return err
	}
	tree, err := w.repo.Worktree()
	if err != nil {
		return err
	}
	if err := tree.AddWithOptions(&git.AddOptions{All: true}); err != nil {
		return err
	}
	_, err = tree.Commit(commit.Message, &git.CommitOptions{Author: &commit.Author, Committer: &commit.Author})
	return err
}
