package source

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/patch"
)

// The refs of a clone whose commits are to become patches: what they begin at, the
// last of the commits that are carried over to it, and the one of these that is in
// conflict.
const (
	refBase = plumbing.ReferenceName("refs/vxlite/base")
	refOld  = plumbing.ReferenceName("refs/vxlite/old")
	refNext = plumbing.ReferenceName("refs/vxlite/next")
)

// commitPatches makes a commit of each patch, and returns the last, and how many
// they are.
func (c *Client) commitPatches(repo *git.Repository, url, commit string, patches *patch.Series) (head plumbing.Hash, n int, err error) {
	head = plumbing.NewHash(commit)
	if patches == nil {
		return head, 0, nil
	}
	base, err := repo.CommitObject(head)
	if err != nil {
		return head, 0, err
	}
	m := &modfiles.Module{Objects: repo.Storer, URL: url, Commit: commit, Limits: c.limits, Trusted: true}
	steps, err := c.steps(m, Found{Commit: commit, Patches: patches})
	if err != nil {
		return head, 0, err
	}
	for _, s := range steps {
		if head, err = putCommit(repo, head, s.tree, MessageOf(s.Patch, base.Committer.When.UTC())); err != nil {
			return head, 0, err
		}
	}
	return head, len(steps), nil
}

// MessageOf is a patch's own message. What it does not say is the same each time.
func MessageOf(p *patch.Patch, when time.Time) patch.Message {
	m := patch.Message{Subject: p.Subject, Body: p.Body, Name: p.Name, Email: p.Email, Date: p.Date}
	if m.Name == "" {
		m.Name, m.Email = "vxlite", "vxlite@localhost"
	}
	if m.Date.IsZero() {
		m.Date = when
	}
	return m
}

// putCommit writes a tree and a commit of it.
func putCommit(repo *git.Repository, parent plumbing.Hash, tree *modfiles.Tree, m patch.Message) (plumbing.Hash, error) {
	for _, obj := range tree.Made {
		if _, err := repo.Storer.SetEncodedObject(obj); err != nil {
			return parent, err
		}
	}
	text := m.Subject + "\n"
	if m.Body != "" {
		text += "\n" + m.Body + "\n"
	}
	who := object.Signature{Name: m.Name, Email: m.Email, When: m.Date}
	commit := &object.Commit{Author: who, Committer: who, Message: text, TreeHash: tree.Root(), ParentHashes: []plumbing.Hash{parent}}
	obj := repo.Storer.NewEncodedObject()
	if err := commit.Encode(obj); err != nil {
		return parent, err
	}
	return repo.Storer.SetEncodedObject(obj)
}

// Work is a clone whose commits are to become patches.
type Work struct {
	// Dir is the directory, absolute.
	Dir  string
	repo *git.Repository
	base plumbing.Hash
}

// NoWorkError is a directory that is no such clone.
type NoWorkError struct{ Dir, Reason string }

// Error implements error.
func (e *NoWorkError) Error() string { return e.Dir + ": " + e.Reason }

// OpenWork opens what CloneRequest.Work made.
func OpenWork(dir string) (*Work, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if !disk.Exists(dir) {
		return nil, &NoWorkError{dir, "does not exist"}
	}
	repo, err := git.PlainOpen(dir)
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return nil, &NoWorkError{dir, "is not a git repository"}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	base, err := repo.Reference(refBase, true)
	if err != nil {
		return nil, &NoWorkError{dir, "is a repository that vxlite patch edit did not make"}
	}
	return &Work{dir, repo, base.Hash()}, nil
}

// noteFile has what [Work.Note] keeps.
const noteFile = "vxlite-patches"

// Note keeps a text with the clone.
func (w *Work) Note(text string) error {
	return disk.Write(filepath.Join(w.Dir, ".git", noteFile), []byte(text), 0o644)
}

// Noted is the text that Note kept last, if any.
func (w *Work) Noted() (text string, ok bool) {
	data, err := disk.ReadText(filepath.Join(w.Dir, ".git", noteFile))
	return string(data), err == nil
}

// Base is the commit that the patches begin at, 40 hex digits.
func (w *Work) Base() string { return w.base.String() }

// Commit commits all files as they are.
func (w *Work) Commit(message string) error {
	tree, err := w.repo.Worktree()
	if err != nil {
		return err
	}
	if err := tree.AddWithOptions(&git.AddOptions{All: true}); err != nil {
		return err
	}
	who := &object.Signature{Name: "vxlite", Email: "vxlite@localhost", When: time.Now()}
	if cfg, err := w.repo.ConfigScoped(config.SystemScope); err == nil && cfg.User.Name != "" {
		who.Name, who.Email = cfg.User.Name, cfg.User.Email
	}
	_, err = tree.Commit(message, &git.CommitOptions{Author: who})
	return err
}

// Change is a commit, as a patch would have it.
type Change struct {
	Commit string // 40 hex digits
	patch.Message
	Edits []patch.Edit
}

// HistoryError is a history of which no patches can be made.
type HistoryError struct{ Dir, Reason string }

// Error implements error.
func (e *HistoryError) Error() string { return e.Dir + ": " + e.Reason }

// Hints says what would do.
func (e *HistoryError) Hints() []string {
	return []string{"make it a line of commits on refs/vxlite/base, as with git rebase refs/vxlite/base"}
}

// Changes are the commits since the base, the oldest first.
func (w *Work) Changes(ctx context.Context) ([]Change, error) {
	head, err := w.repo.Head()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Dir, err)
	}
	return w.since(ctx, w.base, head.Hash())
}

// since are the commits from one to another.
func (w *Work) since(ctx context.Context, base, head plumbing.Hash) (out []Change, err error) {
	for h := head; h != base; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		commit, err := w.repo.CommitObject(h)
		if errors.Is(err, plumbing.ErrObjectNotFound) || err == nil && len(commit.ParentHashes) == 0 {
			return nil, &HistoryError{w.Dir, fmt.Sprintf("its history does not go back to %.12s, at which it began", base)}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: commit %s: %w", w.Dir, h, err)
		}
		if len(commit.ParentHashes) > 1 {
			return nil, &HistoryError{w.Dir, fmt.Sprintf("commit %.12s is a merge, and no patch can be", h)}
		}
		c, err := w.change(ctx, commit)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		h = commit.ParentHashes[0]
	}
	slices.Reverse(out)
	return out, nil
}

// change compares a commit with its parent.
func (w *Work) change(ctx context.Context, commit *object.Commit) (Change, error) {
	subject, body, _ := strings.Cut(strings.TrimSpace(commit.Message), "\n\n")
	c := Change{Commit: commit.Hash.String(), Message: patch.Message{Subject: strings.Join(strings.Fields(subject), " "), Body: strings.TrimSpace(body),
		Name: commit.Author.Name, Email: commit.Author.Email, Date: commit.Author.When}}
	parent, err := commit.Parent(0)
	if err != nil {
		return c, err
	}
	before, err := parent.Tree()
	if err != nil {
		return c, err
	}
	after, err := commit.Tree()
	if err != nil {
		return c, err
	}
	const most = 1000 // files that were removed or added, of which each is compared with each
	all, err := object.DiffTreeWithOptions(ctx, before, after, &object.DiffTreeOptions{DetectRenames: true, RenameScore: 60, RenameLimit: most})
	if err != nil {
		return c, err
	}
	for _, one := range all {
		e := patch.Edit{Old: one.From.Name, New: one.To.Name}
		if e.Before, err = w.file(one.From); err == nil {
			e.After, err = w.file(one.To)
		}
		if err != nil {
			return c, fmt.Errorf("%s: commit %.12s: %w", w.Dir, commit.Hash, err)
		}
		c.Edits = append(c.Edits, e)
	}
	slices.SortFunc(c.Edits, func(a, b patch.Edit) int { return strings.Compare(a.New+"\x00"+a.Old, b.New+"\x00"+b.Old) })
	return c, nil
}

// file is one side of a change; nil for no file.
func (w *Work) file(e object.ChangeEntry) (*patch.File, error) {
	if e.Name == "" {
		return nil, nil
	}
	kind := patch.Regular
	switch e.TreeEntry.Mode {
	case filemode.Executable:
		kind = patch.Executable
	case filemode.Symlink, filemode.Submodule:
		return nil, fmt.Errorf("%s is a symbolic link or a submodule, which no patch may make or change", e.Name)
	}
	obj, err := w.repo.Storer.EncodedObject(plumbing.BlobObject, e.TreeEntry.Hash)
	if err != nil {
		return nil, err
	}
	data, err := gitpack.Content(obj)
	return &patch.File{Kind: kind, Data: data}, err
}

// Settled is an error where a patch is still in conflict.
func (w *Work) Settled() error {
	if _, err := w.repo.Reference(refNext, true); err == nil {
		return &UnsettledError{Dir: w.Dir}
	}
	return nil
}

// UnsettledError is a clone in which a patch is in conflict.
type UnsettledError struct{ Dir string }

// Error implements error.
func (e *UnsettledError) Error() string { return e.Dir + ": a patch is still in conflict" }
