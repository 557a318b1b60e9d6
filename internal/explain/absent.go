package explain

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/modfiles"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/source"
)

// What a repository only refers to is not in a module: the files of its
// submodules, what symbolic links lead to, and what LFS has elsewhere.

// Pointers are notes of the embedded files that are Git LFS pointers.
func Pointers(p *plan.Plan, pkgs []gotool.Package) []string {
	var notes []string
	for _, pkg := range pkgs {
		name := pkg.Module
		if m := p.Lookup(pkg.Module); m != nil {
			name = Label(m)
		}
		for _, file := range pkg.Embedded {
			if modfiles.IsLFSPointer(filepath.Join(pkg.Dir, filepath.FromSlash(file))) {
				where := path.Join(strings.TrimPrefix(strings.TrimPrefix(pkg.Path, pkg.Module), "/"), file)
				notes = append(notes, fmt.Sprintf("%s: %s, which it embeds, is a Git LFS pointer, and LFS is not followed: the binary has the pointer in it", name, where))
			}
		}
	}
	return notes
}

// NotFollowedError is a package in a part of a repository that is elsewhere.
type NotFollowedError struct {
	// Module names the module in the config, or is its path.
	Module  string
	Package string
	// URL and Commit are the repository's, Path is where in it the reference
	// is, and Kind says what it is.
	URL, Commit, Path string
	Kind              modfiles.Reference
	Err               error
}

// Error implements error.
func (e *NotFollowedError) Error() string {
	return fmt.Sprintf("%s: no package %s: %s in %s at %.12s is a %s, and %ss are not followed", e.Module, e.Package, e.Path, e.URL, e.Commit, e.Kind, e.Kind)
}

// Unwrap returns the go command's error.
func (e *NotFollowedError) Unwrap() error { return e.Err }

// Hints says what would do.
func (e *NotFollowedError) Hints() []string {
	if e.Kind == modfiles.Symlink {
		return []string{"as for the go command, a module has no symbolic links: commit the folder itself"}
	}
	return []string{"as for the go command, a module has no files of submodules: commit the files themselves, or require the other repository as a module"}
}

// absentPackage matches what the go command says of a package that is in no
// module, though one of that path is there.
var absentPackage = regexp.MustCompile(`(?:does not contain package|no required module provides package|cannot find module providing package) ([^\s;:]+)`)

// NotFollowed explains a package that a git-sourced module lacks as it is in a
// submodule, or behind a link; nil for another failure.
func NotFollowed(ctx context.Context, p *plan.Plan, client func() (*source.Client, error), err error) error {
	re, ok := errors.AsType[*run.Error](err)
	if !ok || ctx.Err() != nil {
		return nil
	}
	c, cerr := client()
	if cerr != nil {
		return nil
	}
	defer c.Close()
	for _, found := range absentPackage.FindAllStringSubmatch(re.Stderr, -1) {
		m, rel := owner(p, found[1])
		if m == nil || m.Local {
			continue
		}
		at, kind, err := c.Refers(ctx, m.Found(), path.Join(m.Folder, rel))
		if err == nil && kind != "" {
			return &NotFollowedError{Module: Label(m), Package: found[1], URL: m.From, Commit: m.Commit, Path: at, Kind: kind, Err: re}
		}
	}
	return nil
}

// owner returns the git-sourced module that a package would be in, and where.
func owner(p *plan.Plan, pkg string) (in *plan.Module, rel string) {
	for _, m := range p.Modules {
		if r, ok := strings.CutPrefix(pkg, m.Path+"/"); ok && (in == nil || len(m.Path) > len(in.Path)) {
			in, rel = m, r
		}
	}
	return in, rel
}
