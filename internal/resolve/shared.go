package resolve

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/vxlite/vxlite/internal/config"
)

// share makes one module of those that several plugins name: the packages of
// one repository, of which a server has one version.
func (r *resolver) share() error {
	for j, b := range r.cfg.Plugins {
		m := r.plugins[j]
		i := slices.IndexFunc(r.plugins[:j], func(other *Module) bool { return other.Path == m.Path })
		if i < 0 {
			continue
		}
		a, first := r.cfg.Plugins[i], r.plugins[i]
		if samePackage(r.cfg.Plugins[:j], r.plugins, b, m) {
			continue // add reports it
		}
		if first.Commit != m.Commit || first.Dir != m.Dir || !reflect.DeepEqual(a.Replace, b.Replace) {
			return &SharedError{Path: m.Path, First: a.Name, FirstPos: a.Pos, FirstFrom: first.place(), Second: b.Name, SecondPos: b.Pos, SecondFrom: m.place()}
		}
		first.Names = append(first.Names, b.Name)
		slices.Sort(first.Names) // the binary has them, however the config orders its plugins
		r.plugins[j] = first
	}
	return nil
}

// samePackage reports whether one of the plugins so far registers the same
// struct.
func samePackage(before []config.Plugin, modules []*Module, p config.Plugin, m *Module) bool {
	for i, q := range before {
		if modules[i].Path == m.Path && cmp.Or(q.Import, m.Path) == cmp.Or(p.Import, m.Path) && q.Symbol == p.Symbol {
			return true
		}
	}
	return false
}

// distinct returns each of some modules once, in their order.
func distinct(ms []*Module) []*Module {
	var out []*Module
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
		at(e.SecondPos), e.Second, e.First, e.FirstPos.Line, e.Path, e.SecondFrom, e.FirstFrom)
}

// Hints says what to do.
func (*SharedError) Hints() []string {
	return []string{"give both the same ref, url, folder and replace"}
}
