package explain

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/plan"
)

// LinkedError is a module of which another version would be linked than the
// one that was asked for.
type LinkedError struct {
	Module, Want, Got string
	// Chain leads from the workspace to the requirement, each PATH@VERSION.
	Chain []string
}

// Error implements error.
func (e *LinkedError) Error() string {
	return fmt.Sprintf("%s %s is asked for, but %s would be linked: %s", e.Module, e.Want, e.Got, strings.Join(e.Chain, " requires "))
}

// Hints says how to settle it.
func (e *LinkedError) Hints() []string {
	return []string{config.Snippet(fmt.Sprintf("set its ref to %s or later, or exclude that version", e.Got), "[[excludes]]", config.Setting{Key: "module", Value: e.Module}, config.Setting{Key: "version", Value: e.Got})}
}

// Linked makes sure that the build list has every git-sourced module at the
// version of the plan. graph gives the module graph's edges.
func Linked(p *plan.Plan, pkgs []gotool.Package, graph func() ([][2]string, error)) error {
	for _, pkg := range pkgs {
		m := p.Lookup(pkg.Module)
		if m == nil || pkg.Version == m.Version || m.OnlyVersion != "" {
			continue
		}
		e := &LinkedError{Module: m.Path, Want: m.Version, Got: pkg.Version}
		edges, err := graph()
		if err != nil {
			return err
		}
		e.Chain = chain(edges, p.RoadRunner.Path+"/vxlite", m.Path+"@"+pkg.Version)
		return e
	}
	return nil
}

// chain returns a shortest path in a module graph.
func chain(edges [][2]string, from, to string) []string {
	next := map[string][]string{}
	for _, e := range edges {
		next[e[0]] = append(next[e[0]], e[1])
	}
	reachedFrom := map[string]string{from: ""}
	todo := []string{from}
	for len(todo) > 0 && reachedFrom[to] == "" {
		at := todo[0]
		todo = todo[1:]
		sort.Strings(next[at])
		for _, n := range next[at] {
			if _, seen := reachedFrom[n]; !seen {
				reachedFrom[n] = at
				todo = append(todo, n)
			}
		}
	}
	out := []string{to}
	for at := reachedFrom[to]; at != ""; at = reachedFrom[at] {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}
