package endure

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
)

// set makes plugins of a line each: NAME [weight] [< PROVIDER…] [~ COLLECTED…],
// where ? is a parameter that nothing meets.
func set(lines ...string) *Set {
	s := &Set{}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		name, weight, _ := strings.Cut(name, "*")
		p := Plugin{Name: name, Module: "example.com/" + name, Version: "v1.0.0", Weight: 1}
		if weight != "" {
			p.Weight = uint(weight[0] - '0')
		}
		s.Plugins = append(s.Plugins, p)
	}
	for i, line := range lines {
		kind := ""
		for _, f := range strings.Fields(line)[1:] {
			if f == "<" || f == "~" {
				kind = f
				continue
			}
			w := Want{Param: "p", Interface: "I" + f, Pos: "plugin.go:1"}
			for _, from := range strings.Split(f, "|") {
				if j := slices.IndexFunc(s.Plugins, func(p Plugin) bool { return p.Name == from }); j >= 0 {
					w.Offers = append(w.Offers, Offer{Plugin: j})
				}
			}
			if kind == "<" {
				s.Plugins[i].Init = append(s.Plugins[i].Init, w)
			} else {
				s.Plugins[i].Collects = append(s.Plugins[i].Collects, w)
			}
		}
	}
	return s
}

func states(g *Graph) string {
	var out []string
	for i, p := range g.Set.Plugins {
		out = append(out, p.Name+":"+g.Fates[i].State.String())
	}
	return strings.Join(out, " ")
}

func TestDecide(t *testing.T) {
	for _, tt := range []struct {
		name    string
		plugins []string
		states  string
		order   string
		panics  bool
	}{
		{"nothing between them", []string{"a", "b*9"}, "a:active b:active", "b a", false},
		{"a chain, registered backwards", []string{"c < b", "b < a", "a"}, "c:active b:active a:active", "a b c", false},
		{"lacks", []string{"a < ?", "b"}, "a:disabled b:active", "b", false},
		{"collects nothing", []string{"a ~ ?"}, "a:active", "a", false},
		{"collects what is disabled", []string{"a < ?", "b ~ a"}, "a:disabled b:at risk", "", false},
		{"is given what is disabled", []string{"a < ?", "b < a", "c < b"}, "a:disabled b:disabled c:disabled", "", false},
		{"is given what is disabled, or another", []string{"a < ?", "b < a|c", "c"}, "a:disabled b:at risk c:active", "c", false},
		{"and something else besides", []string{"a < ?", "b < a c", "c"}, "a:disabled b:disabled c:active", "c", true},
		{"a cycle", []string{"a < b", "b ~ a", "c ~ b", "d"}, "a:disabled b:disabled c:disabled d:active", "d", false},
		{"itself does not count", []string{"a < a b", "b"}, "a:active b:active", "b a", false},
	} {
		s := set(tt.plugins...)
		for i := range s.Plugins { // as the registrar leaves out who asks
			for k := range s.Plugins[i].Init {
				w := &s.Plugins[i].Init[k]
				w.Offers = slices.DeleteFunc(w.Offers, func(o Offer) bool { return o.Plugin == i && len(s.Plugins[i].Init) > 1 })
			}
		}
		if tt.name == "itself does not count" {
			s.Plugins[0].Init = s.Plugins[0].Init[1:]
		}
		g := Decide(s)
		var order []string
		for _, i := range g.Order {
			order = append(order, s.Plugins[i].Name)
		}
		if got := states(g); got != tt.states || strings.Join(order, " ") != tt.order || g.MayPanic != tt.panics {
			t.Errorf("%s: %s, order %q, may panic: %v", tt.name, got, order, g.MayPanic)
		}
	}
}

// TestRemarks has what is told and is no problem.
func TestRemarks(t *testing.T) {
	s := set("a < b|c", "b*5", "c*5", "d < b|e", "e*6", "f < ?", "g < f b")
	s.Plugins[4].Title, s.Plugins[6].Title = "kv", "kv"
	s.Mixed = mixed(Input{
		Plugins: []Source{
			{Name: "http", Module: "github.com/roadrunner-server/http/v5", Import: "http"},
			{Name: "logger", Module: "github.com/roadrunner-server/logger/v4", Import: "logger"},
			{Name: "mine", Module: "github.com/acme/mine", Import: "mine"},
			{Name: "zero", Version: "v0.1.0", Module: "github.com/roadrunner-server/zero", Import: "zero"},
		},
		Packages: []Package{
			{Path: "api3", Module: "github.com/roadrunner-server/api/v3"},
			{Path: "api4", Module: "github.com/roadrunner-server/api/v4"},
			{Path: "pool", Module: "github.com/roadrunner-server/pool", Version: "v0.4.0"},
			{Path: "pool2", Module: "github.com/roadrunner-server/pool/v2", Version: "v2.0.0"},
			{Path: "zero", Module: "github.com/roadrunner-server/zero", Version: "v0.1.0"},
			{Path: "logger", Module: "github.com/roadrunner-server/logger/v4", Imports: []string{"api3", "pool2"}},
			{Path: "inner", Module: "github.com/acme/mine", Imports: []string{"api3", "http"}},
			{Path: "http", Module: "github.com/roadrunner-server/http/v5", Imports: []string{"api4", "pool"}},
			{Path: "mine", Module: "github.com/acme/mine", Imports: []string{"inner", "http"}},
		},
	})
	want := []string{
		"plugin a (example.com/a v1.0.0): plugin.go:1: Init's parameter p, the interface Ib|c, is met by b and c, which have the same weight: each start picks one at random",
		"the server may panic at some starts: Endure removes the plugins that are disabled with another, but not every edge to them",
		"the plugins e and g have the same name, \"kv\", and start side by side, from one section of .rr.yaml",
		"majors of RoadRunner's plugins are mixed: v4 with logger; v5 with http",
		"majors of RoadRunner's module api are mixed: v3 with logger and mine; v4 with http",
		"majors of RoadRunner's module pool are mixed: v0 with http; v2 with logger",
	}
	old := []string{want[0], "Endure v2.4.2 is linked: where plugins are left waiting, it does not disable them, but ends the server"}
	next := []string{want[0], "Endure v3.0.0 is linked: what would be disabled is decided by the rules of v2"}
	for version, want := range map[string][]string{"v2.4.3": want, "v2.6.2": want, "v2.4.2": append(old, want[1:]...), "v3.0.0": append(next, want[1:]...)} {
		s.Endure = version
		if got := Decide(s).Remarks(Allowance{}); !slices.Equal(got, want) {
			t.Errorf("%s: remarks:\n%s\nwant:\n%s", version, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestVerify has who is told of, and who need not be.
func TestVerify(t *testing.T) {
	s := set("a < ?", "b ~ a", "c < d", "d < c", "e < c")
	s.Plugins[0].Init[0].Methods = []string{"NewWorker()", "UID() int"}
	release := []module.Version{{Path: "github.com/roadrunner-server/server/v5", Version: "v5.2.10"}}
	err := Check(Decide(s), Allowance{Release: release})
	const want = `plugin a (example.com/a v1.0.0) would be disabled
  plugin.go:1: no plugin meets Init's parameter p, the interface I?
    missing: NewWorker()
    missing: UID() int
  b would be disabled with it at some starts, at random
plugin c (example.com/c v1.0.0) would be disabled: plugins need each other in a cycle: c and d
  d takes c as Ic
  c takes d as Id
  e would be disabled with it`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant:\n%s", err, want)
	}
	if e, ok := errors.AsType[*Findings](err); !ok || e.ExitStatus() != 3 {
		t.Errorf("%#v", err)
	}
	e, _ := errors.AsType[*LackError](err)
	if hints := e.Hints(); len(hints) != 2 || !strings.Contains(hints[0], `module_name = "github.com/roadrunner-server/server/v5"`) {
		t.Errorf("hints %q", hints)
	}
	s.Plugins[4].Module, s.Plugins[4].Version = release[0].Path, release[0].Version
	e, _ = errors.AsType[*LackError](Check(Decide(s), Allowance{Release: release}))
	if hints := e.Hints(); len(hints) != 1 {
		t.Errorf("hints %q, though the release's server is in", hints)
	}
	for _, allowed := range []string{"a b c d e", "b a d c e"} {
		if err := Check(Decide(s), Allowance{Disabled: strings.Fields(allowed)}); err != nil {
			t.Errorf("allowed %s: %v", allowed, err)
		}
	}
	for _, allowed := range []string{"a c d e", "a b c e", "a b c d", "b c d e"} {
		if err := Check(Decide(s), Allowance{Disabled: strings.Fields(allowed)}); err == nil {
			t.Errorf("allowed %s: nothing is said", allowed)
		}
	}
}
