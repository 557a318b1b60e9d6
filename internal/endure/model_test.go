package endure

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// model is Endure, as far as it decides what is disabled, on facts: it visits
// the plugins in a given order, where Endure takes a map's.
type model struct {
	set    *Set
	there  []bool // in the graph
	known  []bool // in the registrar
	out    [][]modelEdge
	waits  []int
	crash  bool
	active []bool
}

type modelEdge struct {
	to   int
	init bool
}

func (m *model) offers(w Want) []int {
	var out []int
	for _, o := range w.Offers {
		if m.known[o.Plugin] {
			out = append(out, o.Plugin)
		}
	}
	return out
}

// run visits the plugins, then sorts them.
func run(s *Set, order []int) *model {
	n := len(s.Plugins)
	m := &model{set: s, there: slices.Repeat([]bool{true}, n), known: slices.Repeat([]bool{true}, n), out: make([][]modelEdge, n), waits: make([]int, n), active: make([]bool, n)}
	for _, i := range order {
		if !m.there[i] {
			m.crash = true
			return m
		}
		m.visit(i)
	}
	m.sort()
	return m
}

func (m *model) visit(i int) {
	met := 0
	for _, w := range m.set.Plugins[i].Init {
		from := m.offers(w)
		if len(from) > 0 {
			met++
		}
		for _, f := range from {
			m.out[f] = append(m.out[f], modelEdge{i, true})
			m.waits[i]++
		}
	}
	if met < len(m.set.Plugins[i].Init) {
		m.remove(i)
		return
	}
	for _, w := range m.set.Plugins[i].Collects {
		for _, f := range m.offers(w) {
			m.out[f] = append(m.out[f], modelEdge{i, false})
			m.waits[i]++
		}
	}
}

// remove takes a plugin out, and those that it would have been given to.
func (m *model) remove(i int) {
	m.there[i], m.known[i] = false, false
	for _, e := range m.out[i] {
		if !e.init || !m.there[e.to] {
			continue
		}
		if m.replaced(e.to) {
			return // and what points to i stays
		}
		m.there[e.to], m.known[e.to] = false, false
	}
	for f := range m.out {
		if m.there[f] {
			m.out[f] = slices.DeleteFunc(m.out[f], func(e modelEdge) bool { return e.to == i })
		}
	}
}

// replaced reports whether each parameter of Init is met by a plugin's own type.
func (m *model) replaced(i int) bool {
	return !slices.ContainsFunc(m.set.Plugins[i].Init, func(w Want) bool {
		return !slices.ContainsFunc(w.Offers, func(o Offer) bool { return o.Method == "" && m.there[o.Plugin] })
	})
}

func (m *model) sort() {
	var ready []int
	for i := range m.waits {
		if m.there[i] && m.waits[i] == 0 {
			ready = append(ready, i)
		}
	}
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		m.active[i] = true
		for _, e := range m.out[i] {
			if !m.there[e.to] {
				m.crash = true // nil pointer
				return
			}
			if m.waits[e.to]--; m.waits[e.to] == 0 {
				ready = append(ready, e.to)
			}
		}
	}
}

// randomSet makes a set by types: each plugin has some methods, and an
// interface asks for one or two of them.
func randomSet(r *rand.Rand, plugins int) *Set {
	s := &Set{Plugins: make([]Plugin, plugins)}
	has := make([][]int, plugins)   // methods of the plugin itself
	makes := make([][]int, plugins) // methods of the value it provides
	for i := range s.Plugins {
		s.Plugins[i] = Plugin{Name: fmt.Sprintf("p%d", i), Weight: 1 + uint(r.IntN(2))}
		for m := range 6 {
			if r.IntN(4) == 0 {
				has[i] = append(has[i], m)
			} else if r.IntN(8) == 0 {
				makes[i] = append(makes[i], m)
			}
		}
	}
	want := func(asks int) Want {
		methods := []int{r.IntN(6)}
		if r.IntN(3) == 0 {
			methods = append(methods, r.IntN(6))
		}
		w := Want{Interface: fmt.Sprint(methods)}
		all := func(have []int) bool {
			return !slices.ContainsFunc(methods, func(m int) bool { return !slices.Contains(have, m) })
		}
		for j := range s.Plugins {
			switch {
			case j == asks:
			case all(has[j]):
				w.Offers = append(w.Offers, Offer{Plugin: j})
			case all(makes[j]):
				w.Offers = append(w.Offers, Offer{Plugin: j, Method: "Value"})
			}
		}
		return w
	}
	for i := range s.Plugins {
		for range r.IntN(3) {
			s.Plugins[i].Init = append(s.Plugins[i].Init, want(i))
		}
		for range r.IntN(2) {
			s.Plugins[i].Collects = append(s.Plugins[i].Collects, want(i))
		}
	}
	return s
}

// TestEveryOrder compares what is decided with what becomes of random sets in
// every order in which Endure may visit their plugins.
func TestEveryOrder(t *testing.T) {
	var states [3]int
	var crashes, missed, alarms, pessimistic int
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := randomSet(r, 2+r.IntN(4))
		g := Decide(s)
		runs, active, crashed := 0, make([]int, len(s.Plugins)), false
		permutations(len(s.Plugins), func(order []int) {
			m := run(s, order)
			if m.crash {
				crashed = true
				return
			}
			runs++
			for i, a := range m.active {
				if a {
					active[i]++
				}
			}
		})
		if crashed {
			crashes++
			if !g.MayPanic {
				missed++
			}
		} else if g.MayPanic {
			alarms++
		}
		for i := range s.Plugins {
			state := g.Fates[i].State
			states[state]++
			if problem := untold(g, i); problem != "" {
				t.Errorf("seed %d: plugin %d: %s", seed, i, problem)
			}
			switch {
			case state == Active && active[i] < runs, state == Disabled && active[i] > 0, state == AtRisk && active[i] == runs && !crashed:
				t.Errorf("seed %d: plugin %d is %v, and active in %d of %d orders (crashes: %v)", seed, i, state, active[i], runs, crashed)
			case state == AtRisk && active[i] == 0:
				pessimistic++
			}
		}
	}
	t.Logf("active, disabled, at risk: %v; %d at risk in every order", states, pessimistic)
	t.Logf("%d sets crash in some order; %d missed, %d alarms", crashes, missed, alarms)
	// These two are bounds of what happens, and ought to be near it.
	if pessimistic > states[AtRisk]/3 || missed > 0 || alarms > crashes/2 {
		t.Error("too far from what happens")
	}
}

// untold reports a plugin that falls without that it would be said.
func untold(g *Graph, i int) string {
	f := g.Fates[i]
	if !g.Fallen(i) {
		if f.Cause != NoCause {
			return "has a cause, and does not fall"
		}
		return ""
	}
	root := g.Fates[f.Root]
	switch {
	case f.Cause == NoCause:
		return "falls without a cause"
	case f.Cause == Behind && (len(f.Via) == 0 || f.Via[len(f.Via)-1].To != i || g.Fates[f.Via[0].From].Root != f.Root):
		return "falls, and it does not show by what"
	case root.Root != f.Root || root.Cause != Lacks && root.Cause != InCycle:
		return "falls by one that is told nowhere"
	}
	var others []string
	for k, p := range g.Set.Plugins {
		if k != i {
			others = append(others, p.Name)
		}
	}
	if Check(g, Allowance{Disabled: others}) == nil {
		return "falls in silence where all others may be disabled"
	}
	return ""
}

func permutations(n int, do func([]int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var rec func(k int)
	rec = func(k int) {
		if k == n {
			do(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			rec(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	rec(0)
}
