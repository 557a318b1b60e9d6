package endure

import (
	"reflect"
	"testing"
)

// TestSetWithout decides a set without the first of a chain: what needs it falls, and
// the whole set is as it was.
func TestSetWithout(t *testing.T) {
	needs := func(offers ...int) []Want {
		w := Want{Interface: "I"}
		for _, o := range offers {
			w.Offers = append(w.Offers, Offer{Plugin: o})
		}
		return []Want{w}
	}
	set := &Set{Plugins: []Plugin{
		{Name: "logger", Weight: 1},
		{Name: "server", Weight: 1, Init: needs(0)},
		{Name: "other", Weight: 1},
		{Name: "http", Weight: 1, Init: needs(1), Collects: needs(2, 3)},
		{Name: "either", Weight: 1, Init: needs(1, 2)},
	}}
	before := reflect.ValueOf(*set).Interface()
	rest := set.Without([]string{"server"})
	g := Decide(rest)
	want := map[string]State{"logger": Active, "other": Active, "http": Disabled, "either": Active}
	if len(rest.Plugins) != len(want) {
		t.Errorf("%d plugins", len(rest.Plugins))
	}
	for i, p := range rest.Plugins {
		if g.Fates[i].State != want[p.Name] {
			t.Errorf("%s is %v, want %v", p.Name, g.Fates[i].State, want[p.Name])
		}
	}
	if !reflect.DeepEqual(before, *set) || len(set.Plugins[3].Init[0].Offers) != 1 {
		t.Errorf("the set has changed: %+v", set)
	}
	if all := set.Without([]string{"logger", "server", "other", "http", "either"}); len(all.Plugins) != 0 {
		t.Errorf("%d plugins are left of none", len(all.Plugins))
	}
}
