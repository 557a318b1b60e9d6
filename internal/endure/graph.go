package endure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Kind is why one plugin comes before another.
type Kind string

// The kinds of edges. An edge always leads from the one that gives to the one
// that is given.
const (
	InitEdge     Kind = "init"     // a parameter of Init, met by the plugin itself
	ProvidesEdge Kind = "provides" // a parameter of Init, met by a value it provides
	CollectsEdge Kind = "collects" // a dep.Fits, by the plugin or a value of it
)

// Edge is one reason for which a plugin is initialised before another.
type Edge struct {
	From, To  int // indexes into Set.Plugins
	Kind      Kind
	Interface string
	// Method makes the value, empty for the plugin itself.
	Method string
	// Taken says that this offer is the one that Init is given: the heaviest.
	// It is false where another is as heavy, for then it is chance.
	Taken bool
}

// State is what becomes of a plugin.
type State int

const (
	// Active plugins are initialised.
	Active State = iota
	// Disabled plugins are not, in any start.
	Disabled
	// AtRisk plugins are disabled in some starts and not in others: Endure
	// visits the plugins in the order of a Go map, and one that was visited
	// before what it depends on was found to be disabled falls with it.
	AtRisk
	// Unsure plugins may be disabled or not: whether a parameter of theirs, or
	// of what they wait for, is met cannot be read from the sources.
	Unsure
)

// Cause is why a plugin is not active.
type Cause int

const (
	NoCause Cause = iota
	// Lacks a value for a parameter of Init.
	Lacks
	// InCycle waits for itself.
	InCycle
	// Behind one that is disabled.
	Behind
)

// Fate is what becomes of one plugin, and why.
type Fate struct {
	State State
	Cause Cause
	// Lacking are the parameters of Init that nothing meets, indexes into
	// Plugin.Init.
	Lacking []int
	// Root is the plugin at the beginning: one that lacks a value, or the first
	// by registration of a cycle. It is the plugin itself where it is one.
	Root int
	// Via are the edges by which it is behind Root, the nearest to it last; or
	// the edges of a shortest cycle.
	Via []Edge
}

// Graph is what Endure makes of a set of plugins.
type Graph struct {
	Set   *Set
	Edges []Edge // by To in registration order, then as the plugin asks
	Fates []Fate // by plugin
	// Order is an order in which Endure may initialise the active plugins.
	// Others are possible wherever no edge decides.
	Order []int
	// MayPanic says that Endure panics in some starts: a plugin was removed along
	// with another, and what was to be given to it besides still points to it.
	MayPanic bool
	// Ties are parameters for which several offers are equally heavy.
	Ties []Tie
	// Unmet are parameters that no known plugin meets, and that one whose
	// Provides is unknown may meet.
	Unmet []Request
	// Unfit are the dep.Fits that nothing fits.
	Unfit []Request
}

// Tie is a parameter of Init for which chance decides.
type Tie struct {
	Request
	Offers []Offer
}

// Request is one thing that a plugin asks for.
type Request struct {
	Plugin int
	Want   Want
}

// Decide makes the graph by the rules of Endure v2, which are those of its
// resolveEdges, TopologicalSort and Remove. Its releases from v2.0.0 to v2.6.2
// have them alike, but that before v2.4.3 the server ends where plugins are
// left waiting:
//
//   - a parameter of Init is met by every other plugin whose type implements
//     it; a plugin that does not is asked for what it provides. The heaviest
//     is given, and between equally heavy ones a map's order decides;
//   - each way to meet a parameter or a dep.Fits is an edge, and a plugin waits
//     for all its edges, whichever value it is given in the end;
//   - a plugin with a parameter that nothing meets is removed, and with it what
//     waits for it and was visited before; what is visited later does not see it;
//   - what is left waiting when the sorting ends, as members of a cycle and all
//     behind them, is never initialised.
func Decide(s *Set) *Graph {
	g := &Graph{Set: s, Fates: make([]Fate, len(s.Plugins))}
	for i := range s.Plugins {
		g.connect(i)
	}
	lacking := g.lacking()
	everything := g.sort(g.Edges, lacking) // what is active however the visits go
	removable := g.removable(lacking)
	g.Order = everything
	for i := range s.Plugins {
		f := &g.Fates[i]
		f.Root = i
		switch {
		case slices.Contains(everything, i):
		case lacking[i], !g.mayStayActive(i, lacking, removable):
			f.State = Disabled
		default:
			f.State = AtRisk
		}
	}
	g.MayPanic = g.dangling(lacking, removable)
	g.explain(lacking)
	unsure := make([]bool, len(s.Plugins))
	for _, r := range g.Unmet {
		unsure[r.Plugin] = true
	}
	for i, behind := range g.reachable(unsure) {
		if behind && g.Fates[i].State == Active {
			g.Fates[i].State = Unsure
		}
	}
	return g
}

// Fallen reports whether a plugin is disabled, if only in some starts.
func (g *Graph) Fallen(i int) bool {
	return g.Fates[i].State == Disabled || g.Fates[i].State == AtRisk
}

// reachable are the plugins behind some others, and these themselves.
func (g *Graph) reachable(from []bool) []bool {
	out := slices.Clone(from)
	for changed := true; changed; {
		changed = false
		for _, e := range g.Edges {
			if out[e.From] && !out[e.To] {
				out[e.To], changed = true, true
			}
		}
	}
	return out
}

// dangling reports whether Endure's sorting may come to an edge whose end was
// removed. Endure takes the edges to the one that lacks a value away, but not
// those to what falls with it; nor any, where the first it was to be given to
// has all its parameters met by other plugins themselves.
func (g *Graph) dangling(lacking, removable []bool) bool {
	for _, e := range g.Edges {
		if e.Kind == CollectsEdge || !g.mayLack(e.From, removable) || g.hasUnmetParameter(e.To) {
			continue
		}
		kept := g.replaced(e.To, e.From, make([]bool, len(lacking)))
		fallen := !g.replaced(e.To, e.From, lacking)
		for _, other := range g.Edges {
			if (kept && other.To == e.From || fallen && other.To == e.To && other.From != e.From) && g.mayStayActive(other.From, lacking, removable) {
				return true
			}
		}
	}
	return false
}

// hasUnmetParameter reports whether nothing there is could meet one of a plugin's
// parameters.
func (g *Graph) hasUnmetParameter(i int) bool {
	return slices.ContainsFunc(g.Set.Plugins[i].Init, func(w Want) bool { return len(w.Offers) == 0 })
}

// mayLack reports whether all that meets one of a plugin's parameters may be gone.
func (g *Graph) mayLack(i int, removable []bool) bool {
	return slices.ContainsFunc(g.Set.Plugins[i].Init, func(w Want) bool {
		return !slices.ContainsFunc(w.Offers, func(o Offer) bool { return !removable[o.Plugin] })
	})
}

// replaced reports whether each parameter of Init is met by a plugin itself,
// those left out that are gone.
func (g *Graph) replaced(i, without int, gone []bool) bool {
	return !slices.ContainsFunc(g.Set.Plugins[i].Init, func(w Want) bool {
		return !slices.ContainsFunc(w.Offers, func(o Offer) bool { return o.Method == "" && o.Plugin != without && !gone[o.Plugin] })
	})
}

// connect finds the edges that lead to a plugin.
func (g *Graph) connect(to int) {
	p := &g.Set.Plugins[to]
	for _, w := range p.Init {
		heaviest := g.heaviest(w.Offers)
		for _, o := range w.Offers {
			e := Edge{From: o.Plugin, To: to, Kind: InitEdge, Interface: w.Interface, Method: o.Method}
			if o.Method != "" {
				e.Kind = ProvidesEdge
			}
			e.Taken = len(heaviest) == 1 && heaviest[0] == o
			g.Edges = append(g.Edges, e)
		}
		if len(heaviest) > 1 {
			g.Ties = append(g.Ties, Tie{Request{to, w}, heaviest})
		}
	}
	for _, w := range p.Collects {
		for _, o := range w.Offers {
			g.Edges = append(g.Edges, Edge{From: o.Plugin, To: to, Kind: CollectsEdge, Interface: w.Interface, Method: o.Method, Taken: true})
		}
		if len(w.Offers) == 0 {
			g.Unfit = append(g.Unfit, Request{to, w})
		}
	}
}

// heaviest returns the offers among which Endure picks. Those of one plugin
// are one: the first that it binds is given. There are none where a weight is
// unknown that would decide.
func (g *Graph) heaviest(offers []Offer) []Offer {
	var out []Offer
	if len(offers) > 1 && slices.ContainsFunc(offers, func(o Offer) bool { return !g.Set.Plugins[o.Plugin].Knows("Weight") }) {
		return nil
	}
	best := uint(0)
	for _, o := range offers {
		w := g.Set.Plugins[o.Plugin].Weight
		switch {
		case len(out) == 0 || w > best:
			out, best = []Offer{o}, w
		case w == best && out[len(out)-1].Plugin != o.Plugin:
			out = append(out, o)
		}
	}
	return out
}

// lacking finds the plugins that have a parameter nothing meets, over and over,
// since what such a plugin offered is gone. It fills in what they lack.
func (g *Graph) lacking() []bool {
	gone := make([]bool, len(g.Set.Plugins))
	blind := slices.ContainsFunc(g.Set.Plugins, func(p Plugin) bool { return !p.Knows("Provides") })
	for changed := true; changed; {
		changed = false
		for i, p := range g.Set.Plugins {
			if gone[i] {
				continue
			}
			for n, w := range p.Init {
				if slices.ContainsFunc(w.Offers, func(o Offer) bool { return !gone[o.Plugin] }) || blind && g.mayMeet(i) {
					continue
				}
				gone[i], changed = true, true
				g.Fates[i].Lacking = append(g.Fates[i].Lacking, n)
			}
		}
	}
	for i, p := range g.Set.Plugins {
		for _, w := range p.Init {
			if len(w.Offers) == 0 && !gone[i] {
				g.Unmet = append(g.Unmet, Request{i, w})
			}
		}
	}
	return gone
}

// mayMeet reports whether a plugin other than i provides what cannot be read.
func (g *Graph) mayMeet(i int) bool {
	for j := range g.Set.Plugins {
		if j != i && !g.Set.Plugins[j].Knows("Provides") {
			return true
		}
	}
	return false
}

// sort returns the plugins that no edge keeps waiting for ever, in an order
// that all edges allow: heavy ones first, and those registered first.
func (g *Graph) sort(edges []Edge, never []bool) []int {
	waits := make([]int, len(g.Set.Plugins))
	next := make([][]int, len(g.Set.Plugins))
	for _, e := range edges {
		waits[e.To]++
		next[e.From] = append(next[e.From], e.To)
	}
	var ready, out []int
	for i := range waits {
		if waits[i] == 0 && !never[i] {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		slices.SortStableFunc(ready, func(a, b int) int {
			return cmp.Or(cmp.Compare(g.Set.Plugins[b].Weight, g.Set.Plugins[a].Weight), cmp.Compare(a, b))
		})
		i := ready[0]
		ready = ready[1:]
		out = append(out, i)
		for _, n := range next[i] {
			if waits[n]--; waits[n] == 0 && !never[n] {
				ready = append(ready, n)
			}
		}
	}
	return out
}

// removable are the plugins that Endure may remove besides those that lack
// something: what these, or one removed for them, would have been given to.
func (g *Graph) removable(lacking []bool) []bool {
	out := slices.Clone(lacking)
	for changed := true; changed; {
		changed = false
		for _, e := range g.Edges {
			if e.Kind != CollectsEdge && out[e.From] && !out[e.To] {
				out[e.To], changed = true, true
			}
		}
	}
	return out
}

// mayStayActive reports whether a plugin may be active if all goes well: if whatever
// it waits for in vain is removed before it is visited.
func (g *Graph) mayStayActive(i int, lacking, removable []bool) bool {
	edges := slices.DeleteFunc(slices.Clone(g.Edges), func(e Edge) bool { return e.From != i && removable[e.From] || lacking[e.To] })
	return slices.Contains(g.sort(edges, lacking), i)
}

// explain gives each plugin that is not active its cause.
func (g *Graph) explain(lacking []bool) {
	var roots []int
	for i := range g.Fates {
		f := &g.Fates[i]
		if f.State == Active {
			continue
		}
		if lacking[i] && g.hasUnmetParameter(i) {
			f.Cause = Lacks
			roots = append(roots, i)
		}
	}
	for i := range g.Fates {
		if f := &g.Fates[i]; f.State != Active && f.Cause == NoCause {
			if via := g.path([]int{i}, i); via != nil {
				f.Cause, f.Via = InCycle, via
				roots = append(roots, i)
			}
		}
	}
	// One of those that wait for each other tells of all: the first.
	for i := range g.Fates {
		for k := 0; k < i && g.Fates[i].Cause == InCycle && g.Fates[i].Root == i; k++ {
			if g.Fates[k].Cause == InCycle && g.path([]int{i}, k) != nil && g.path([]int{k}, i) != nil {
				g.Fates[i].Root = k
			}
		}
	}
	slices.Sort(roots)
	for i := range g.Fates {
		if f := &g.Fates[i]; f.State != Active && f.Cause == NoCause {
			f.Cause = Behind
			f.Via = g.path(roots, i)
			if len(f.Via) > 0 {
				f.Root = g.Fates[f.Via[0].From].Root
			}
		}
	}
}

// path returns the edges of a shortest way from one of several plugins to
// another, over plugins that are not active, or nil. It has one edge at least.
func (g *Graph) path(from []int, to int) []Edge {
	reachedBy := map[int]*Edge{}
	todo := slices.Clone(from)
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for k := range g.Edges {
			e := &g.Edges[k]
			if e.From != at || reachedBy[e.To] != nil || g.Fates[e.To].State == Active || e.To != to && slices.Contains(from, e.To) {
				continue
			}
			reachedBy[e.To] = e
			todo = append(todo, e.To)
			if e.To == to {
				return g.track(reachedBy, from, to)
			}
		}
	}
	return nil
}

func (g *Graph) track(reachedBy map[int]*Edge, from []int, to int) []Edge {
	var out []Edge
	for at := to; ; {
		e := reachedBy[at]
		out = append(out, *e)
		if at = e.From; slices.Contains(from, at) {
			slices.Reverse(out)
			return out
		}
	}
}

// String returns the state as the tables show it.
func (s State) String() string {
	switch s {
	case Disabled:
		return "disabled"
	case AtRisk:
		return "at risk"
	case Unsure:
		return "unknown"
	}
	return "active"
}

// Remarks are what is no problem, and worth knowing: what chance decides, what
// is mixed, what may be met by something that cannot be read, and what is let
// pass of the plugins' methods.
func (g *Graph) Remarks(a Allowance) []string {
	var out []string
	for i := range g.Set.Plugins {
		if p := &g.Set.Plugins[i]; slices.Contains(a.Methods, p.Name) {
			for _, b := range p.Broken {
				out = append(out, (&BreachError{Plugin: title(p), Breach: b}).Error())
			}
		}
	}
	for _, t := range g.Ties {
		var who []string
		for _, o := range t.Offers {
			who = append(who, g.Set.Plugins[o.Plugin].Name)
		}
		p := &g.Set.Plugins[t.Plugin]
		out = append(out, fmt.Sprintf("%s: %s: Init's parameter %s, the interface %s, is met by %s, which have the same weight: each start picks one at random",
			title(p), t.Want.Pos, t.Want.Param, t.Want.Interface, List(who)))
	}
	for _, r := range g.Unmet {
		p := &g.Set.Plugins[r.Plugin]
		out = append(out, fmt.Sprintf("%s: %s: it is unknown whether Init's parameter %s, the interface %s, is met", title(p), r.Want.Pos, r.Want.Param, r.Want.Interface))
	}
	if waits := slices.ContainsFunc(g.Fates, func(f Fate) bool { return f.Cause == InCycle || f.Cause == Behind }); waits && semver.IsValid(g.Set.Endure) && semver.Compare(g.Set.Endure, "v2.4.3") < 0 {
		out = append(out, fmt.Sprintf("Endure %s is linked: where plugins are left waiting, it does not disable them, but ends the server", g.Set.Endure))
	}
	if semver.IsValid(g.Set.Endure) && semver.Major(g.Set.Endure) > "v2" {
		out = append(out, fmt.Sprintf("Endure %s is linked: what would be disabled is decided by the rules of v2", g.Set.Endure))
	}
	if g.MayPanic {
		out = append(out, "the server may panic at some starts: Endure removes the plugins that are disabled with another, but not every edge to them")
	}
	return slices.Concat(out, g.sameNames(), g.MixedMajors())
}

// sameNames words which plugins have one name to Endure and in a .rr.yaml.
func (g *Graph) sameNames() (out []string) {
	byName := map[string][]string{}
	for _, p := range g.Set.Plugins {
		byName[p.Title] = append(byName[p.Title], p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if who := byName[name]; name != "" && len(who) > 1 {
			out = append(out, fmt.Sprintf("the plugins %s have the same name, %q, and start side by side, from one section of .rr.yaml", List(who), name))
		}
	}
	return out
}

// MixedMajors words which majors of RoadRunner's plugins, and of what they share,
// are linked together.
func (g *Graph) MixedMajors() (out []string) {
	for _, m := range g.Set.Mixed {
		out = append(out, m.String())
	}
	return out
}

// String words which majors are mixed.
func (m Mixed) String() string {
	var sides []string
	for _, s := range m.Sides {
		sides = append(sides, fmt.Sprintf("%s with %s", s.Major, List(s.Plugins)))
	}
	what := "majors of RoadRunner's module " + m.Name
	if m.Name == "plugins" {
		what = "majors of RoadRunner's plugins"
	}
	return fmt.Sprintf("%s are mixed: %s", what, strings.Join(sides, "; "))
}
