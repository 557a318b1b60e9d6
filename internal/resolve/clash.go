package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/plan"
)

// add takes modules into the plan; two of one path are an error.
func (r *resolver) add(ms ...*plan.Module) error {
	for _, m := range ms {
		for _, other := range r.modules {
			if other.Path == m.Path {
				return &DuplicateError{Path: m.Path, First: other.Label(), FirstPos: other.Pos, Second: m.Label(), SecondPos: m.Pos}
			}
		}
		r.modules = append(r.modules, m)
	}
	return nil
}

// DuplicateError is one module under two names.
type DuplicateError struct {
	Path                string
	First, Second       string
	FirstPos, SecondPos config.Position
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s: %s is the module %s, and so is %s at line %d", plan.At(e.SecondPos), e.Second, e.Path, e.First, e.FirstPos.Line)
}

// Hints says what to do.
func (e *DuplicateError) Hints() []string { return []string{"remove one of the entries"} }

// share makes one module of those that several plugins name: the packages of
// one repository, of which a server has one version.
func (r *resolver) share() error {
	for j, b := range r.cfg.Plugins {
		m := r.plugins[j]
		i := slices.IndexFunc(r.plugins[:j], func(other *plan.Module) bool { return other.Path == m.Path })
		if i < 0 {
			continue
		}
		a, first := r.cfg.Plugins[i], r.plugins[i]
		if samePackage(r.cfg.Plugins[:j], r.plugins, b, m) {
			continue // add reports it
		}
		if first.Commit != m.Commit || first.Dir != m.Dir || !reflect.DeepEqual(a.Replace, b.Replace) {
			return &SharedError{Path: m.Path, First: a.Name, FirstPos: a.Pos, FirstFrom: first.Place(), Second: b.Name, SecondPos: b.Pos, SecondFrom: m.Place()}
		}
		first.Names = append(first.Names, b.Name)
		slices.Sort(first.Names) // the binary has them, however the config orders its plugins
		r.plugins[j] = first
	}
	return nil
}

// samePackage reports whether one of the plugins so far registers the same
// struct.
func samePackage(before []config.Plugin, modules []*plan.Module, p config.Plugin, m *plan.Module) bool {
	for i, q := range before {
		if modules[i].Path == m.Path && cmp.Or(q.Import, m.Path) == cmp.Or(p.Import, m.Path) && q.Symbol == p.Symbol {
			return true
		}
	}
	return false
}

// distinct returns each of some modules once, in their order.
func distinct(ms []*plan.Module) []*plan.Module {
	var out []*plan.Module
	for _, m := range ms {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// SharedError is one module that two plugins take from different places.
type SharedError struct {
	Path                  string
	First, Second         string
	FirstPos, SecondPos   config.Position
	FirstFrom, SecondFrom string
}

// Error implements error.
func (e *SharedError) Error() string {
	return fmt.Sprintf("%s: %s and %s at line %d are packages of the module %s, which can be in the server only once: %s, and %s",
		plan.At(e.SecondPos), e.Second, e.First, e.FirstPos.Line, e.Path, e.SecondFrom, e.FirstFrom)
}

// Hints says what to do.
func (*SharedError) Hints() []string {
	return []string{"give both the same ref, url, folder and replace"}
}

// ReservedError is a module whose path belongs to Go or to RoadRunner, so that
// an import of it would mean, or be in the way of, one of their packages.
type ReservedError struct {
	Path string
	// Owner says whose it is.
	Owner string
}

// Error implements error.
func (e *ReservedError) Error() string {
	return fmt.Sprintf("the module path %s is %s", e.Path, e.Owner)
}

// Hints says what would do.
func (*ReservedError) Hints() []string {
	return []string{"take another path, on the module line of its go.mod and wherever it is imported: example.com/NAME does"}
}

// unreserved reports the modules of the config whose path is not theirs to have.
func (r *resolver) unreserved(ws []wanted, got []*plan.Module) error {
	var errs []error
	for i, m := range got {
		if owner := r.owner(m.Path); owner != "" && m != r.roadRunner {
			errs = append(errs, ws[i].wrap(&ReservedError{Path: m.Path, Owner: owner}))
		}
	}
	return errors.Join(errs...)
}

// owner says whose a module path is, if not its module's.
func (r *resolver) owner(modulePath string) string {
	first, _, _ := strings.Cut(modulePath, "/")
	switch own := r.roadRunner.Path; {
	case modulePath == "std", first == "cmd":
		return "Go's own"
	case r.isStandard(modulePath):
		return "that of a package of Go's standard library"
	case strings.HasPrefix(modulePath, own+"/"):
		return "below RoadRunner's own, " + own
	}
	return ""
}

// isStandard asks the Go installation, if there is one.
func (r *resolver) isStandard(importPath string) bool {
	dir := filepath.Join(r.goRoot, "src", filepath.FromSlash(importPath))
	fi, err := os.Stat(dir)
	return r.goRoot != "" && filepath.IsLocal(importPath) && err == nil && fi.IsDir()
}
