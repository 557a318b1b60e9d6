package explain

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vxlite/vxlite/internal/gen"
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

// UnrequiredError is a package that a git-sourced module imports, and that is in no
// module which its go.mod requires.
type UnrequiredError struct {
	// Module is how an error speaks of the module, and File where in it the import is.
	Module, File, Package string
	// Dir is that of a local module, and Name what the config calls another; both are
	// empty for one that the config does not name.
	Dir, Name string
	Err       error
}

// Error implements error.
func (e *UnrequiredError) Error() string {
	return fmt.Sprintf("%s: go.mod requires no module with package %s, which %s imports", e.Module, e.Package, e.File)
}

// Unwrap returns the go command's error.
func (e *UnrequiredError) Unwrap() error { return e.Err }

// Hints says who can add the requirement.
func (e *UnrequiredError) Hints() []string {
	switch {
	case e.Dir != "":
		return []string{fmt.Sprintf("add it there: cd %s && go get %s", e.Dir, e.Package)}
	case e.Name != "":
		return []string{"tell its author, or patch its go.mod and go.sum: vxlite patch edit " + e.Name}
	}
	return []string{"tell its author"}
}

// unrequired matches what the go command says of an import in the workspace. It goes
// on with advice to change the workspace's own go.mod.
var unrequired = regexp.MustCompile(`(?m)^(?:\.\./)*(src/[^\s:]+@v[^\s:/]+)/([^\s:]+:\d+):\d+: no required module provides package ([^\s;:]+)`)

// Unrequired explains packages that no go.mod asks for; nil for another failure.
func Unrequired(p *plan.Plan, err error) error {
	re, ok := errors.AsType[*run.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return nil
	}
	byPlace := map[string]*plan.Module{}
	for _, m := range p.Modules {
		if place, err := gen.ModulePlace(m); err == nil {
			byPlace[place] = m
		}
	}
	var all []error
	for _, found := range unrequired.FindAllStringSubmatch(re.Stderr, -1) {
		if m := byPlace[found[1]]; m != nil {
			e := &UnrequiredError{Module: moduleName(p, m), File: found[2], Package: found[3], Err: re}
			switch {
			case m.Local:
				e.Dir = m.Dir
			case len(m.Names) > 0:
				e.Name = m.Names[0]
			}
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}
