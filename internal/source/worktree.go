package source

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// State is how a directory stands against the repository it is in.
type State struct {
	// Head is the commit that is checked out, 40 hex digits; empty where the
	// directory is in no repository, or in one without a commit.
	Head string
	// Dirty says that files below the directory were changed, added or removed
	// since. Those that .gitignore names do not count.
	Dirty bool
}

// WorktreeState looks at a directory of the user's. The repository may begin
// further up; changes outside of the directory do not count.
func WorktreeState(dir string) (State, error) {
	repo, err := openAbove(dir)
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("%s: %w", dir, err)
	}
	head, err := repo.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("%s: %w", dir, err)
	}
	s := State{Head: head.Hash().String()}
	tree, err := repo.Worktree()
	if err != nil {
		return s, nil // a bare repository has no files to differ
	}
	status, err := tree.Status()
	if err != nil {
		return s, fmt.Errorf("%s: %w", dir, err)
	}
	below, err := folderOf(tree.Filesystem.Root(), dir)
	if err != nil {
		return s, err
	}
	for name, st := range status {
		if (st.Worktree != git.Unmodified || st.Staging != git.Unmodified) && (below == "" || strings.HasPrefix(name, below+"/")) {
			s.Dirty = true
		}
	}
	return s, nil
}

// openAbove opens the repository that a directory is in.
func openAbove(dir string) (*git.Repository, error) {
	top, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for !disk.Exists(filepath.Join(top, ".git")) {
		if top == filepath.Dir(top) {
			return nil, git.ErrRepositoryNotExists
		}
		top = filepath.Dir(top)
	}
	gitDir, err := gitpack.GitDir(top)
	if err != nil {
		return nil, err
	}
	st, err := gitpack.OpenGitDir(gitDir, config.Limits{}.OrDefault())
	if err != nil {
		return nil, err
	}
	return git.Open(st, gitpack.WorkFiles(top))
}

// folderOf returns where dir is below root, slash-separated and "" for root
// itself. Either may lead through links.
func folderOf(root, dir string) (string, error) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil || rel == "." {
		return "", err
	}
	return filepath.ToSlash(rel), nil
}
