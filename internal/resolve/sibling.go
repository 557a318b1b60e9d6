package resolve

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/source"
)

// which says which of a module's in-repository replaces count.
type which bool

const (
	// allReplaces counts for what the config names.
	allReplaces which = false
	// placeholdersOnly counts for modules of the closure: their replaces mean
	// nothing to Go, but a requirement on a placeholder version has no other
	// way to be met.
	placeholdersOnly which = true
)

// siblings takes the modules that m replaces by folders of its own repository,
// and what those replace in turn.
func (r *resolver) siblings(ctx context.Context, m *plan.Module, which which) error {
	for _, rep := range m.GoMod.Replace {
		if rep.New.Version != "" || r.overridden(rep.Old) {
			continue
		}
		if which == placeholdersOnly && !requiresPlaceholder(m, rep.Old.Path) {
			continue
		}
		if err := r.keep(rep.Old, m, "its folder "+rep.New.Path); err != nil {
			return err
		}
		sib, err := r.sibling(ctx, m, rep)
		if err != nil {
			return err
		}
		if old := r.lookup(rep.Old.Path); old != nil {
			if old.OnlyVersion != "" {
				continue // the config's one version stands; a plan has each path once
			}
			if old.URL == sib.URL && old.Commit == sib.Commit && old.Folder == sib.Folder && old.Dir == sib.Dir {
				continue
			}
			return &ReplaceConflictError{Path: rep.Old.Path, First: old.BroughtBy, FirstTo: old.Place(), Second: m.Label(), SecondTo: sib.Place()}
		}
		if err := r.count(1, module.Version{Path: sib.Path, Version: sib.Version}, m); err != nil {
			return err
		}
		r.asked(module.Version{Path: sib.Path, Version: sib.Version}, m)
		r.modules = append(r.modules, sib)
		if err := r.siblings(ctx, sib, which); err != nil {
			return err
		}
	}
	return nil
}

// sibling reads the module in a folder of m's repository.
func (r *resolver) sibling(ctx context.Context, m *plan.Module, rep *modfile.Replace) (*plan.Module, error) {
	name := fmt.Sprintf("%s (replaced in go.mod of %s)", rep.Old.Path, m.Label())
	if m.Local {
		dir := rep.New.Path
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(m.Dir, filepath.FromSlash(dir))
		}
		sib, err := r.one(ctx, wanted{name: name, pos: m.Pos, dir: dir, substitute: true})
		if err != nil {
			return nil, err
		}
		sib.Path, sib.Pinned, sib.BroughtBy = rep.Old.Path, true, m.Label()
		return sib, nil
	}
	folder := path.Join(m.Folder, rep.New.Path)
	if folder == ".." || strings.HasPrefix(folder, "../") || path.IsAbs(rep.New.Path) || strings.Contains(rep.New.Path, `\`) {
		return nil, &OutsideError{Module: m.Label(), Old: rep.Old.Path, New: rep.New.Path}
	}
	if folder == "." {
		folder = ""
	}
	found := source.Found{Commit: m.Commit, Time: m.Time, URL: m.URL, From: m.From, Patches: m.Patches}
	dir, err := r.client.Tree(ctx, found, folder)
	if err != nil {
		return nil, wanted{name: name, pos: m.Pos}.wrap(err)
	}
	mod, err := readGoMod(dir)
	if err != nil {
		return nil, wanted{name: name, pos: m.Pos}.wrap(err)
	}
	sib := &plan.Module{Path: rep.Old.Path, Pos: m.Pos, URL: m.URL, From: m.From, Stored: m.Stored, Ref: m.Ref, Commit: m.Commit, Time: m.Time,
		Folder: folder, Dir: dir, GoMod: mod, Pinned: true, BroughtBy: m.Label(), Patches: m.Patches}
	if sib.Version = r.highest(sib.Path); sib.Version == "" || plan.Placeholder(sib.Version) {
		if sib.Version = r.lock.version(sib); sib.Version == "" {
			var note string
			sib.Version, note, err = r.version(ctx, found, query.Query{Folder: folder}, sib.Path, nil)
			sib.Tell(note)
		}
	}
	return sib, err
}

// OutsideError is a replace by a directory that the repository does not hold.
type OutsideError struct{ Module, Old, New string }

// Error implements error.
func (e *OutsideError) Error() string {
	return fmt.Sprintf("go.mod of %s replaces %s by %s, which is outside its repository", e.Module, e.Old, e.New)
}

// Hints gives the line that decides.
func (e *OutsideError) Hints() []string {
	return []string{config.ReplaceSnippet("decide in the config", e.Old, "")}
}

// inRepository reports whether a module lies in another's repository, by its
// path: to replace such a one by its folder is how a repository with several
// modules is built.
func (r *resolver) inRepository(modulePath string, m *plan.Module) bool {
	loc, ok := r.rules(modulePath)
	return ok && sameRepository(loc.URL, m.URL)
}

func sameRepository(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, ".git"), strings.TrimSuffix(b, ".git"))
}

// keep refuses a replacement of what RoadRunner stands on, which no plugin is to
// decide for all others.
func (r *resolver) keep(old module.Version, m *plan.Module, to string) error {
	if m == r.roadRunner || r.inRepository(old.Path, m) {
		return nil
	}
	prefix, _, _ := module.SplitPathVersion(old.Path)
	for _, req := range r.roadRunner.GoMod.Require {
		if req.Mod.Path == old.Path && slices.Contains([]string{"endure", "config", "rpc"}, path.Base(prefix)) {
			return &FoundationError{By: m.Label(), Module: req.Mod, To: to}
		}
	}
	return nil
}

// FoundationError is a replace directive in the go.mod of a plugin by which
// RoadRunner would get another container, configuration or RPC.
type FoundationError struct {
	By     string
	Module module.Version // as RoadRunner requires it
	To     string
}

// Error implements error.
func (e *FoundationError) Error() string {
	return fmt.Sprintf("go.mod of %s replaces %s by %s, which would be linked for RoadRunner and all plugins", e.By, e.Module.Path, e.To)
}

// Hints gives the lines that decide.
func (e *FoundationError) Hints() []string {
	return []string{
		config.ReplaceSnippet("to keep what RoadRunner requires", e.Module.Path, e.Module.String()),
		config.ReplaceSnippet("or to use the replacement", e.Module.Path, ""),
	}
}
