package endure

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

// Findings are what a check found. It is an error, of all problems at once.
type Findings struct {
	Problems []error
}

// Error implements error: a problem a line, or more.
func (e *Findings) Error() string {
	var texts []string
	for _, p := range e.Problems {
		texts = append(texts, p.Error())
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the problems, so that their hints are found.
func (e *Findings) Unwrap() []error { return e.Problems }

// ExitStatus implements the interface that picks the exit status.
func (e *Findings) ExitStatus() int { return 3 }

// Allowance says what a check lets pass, and what it may name as a remedy.
type Allowance struct {
	// Disabled are names of plugins that may be disabled.
	Disabled []string
	// Methods are names of plugins whose methods may be other than what is
	// looked for.
	Methods []string
	// Release are the modules of the plugins of RoadRunner's release.
	Release []module.Version
}

// Check returns the problems of a graph as [Findings], or nil.
func Check(g *Graph, a Allowance) error {
	f := &Findings{}
	if e := g.breaches(a); len(e.Breaches) > 0 {
		f.Problems = append(f.Problems, e)
	}
	for i := range g.Set.Plugins {
		switch g.Fates[i].Cause {
		case Lacks:
			if e := g.lackError(i, a); e.notAllowed() {
				f.Problems = append(f.Problems, e)
			}
		case InCycle:
			if g.Fates[i].Root != i {
				continue // told with the first of its members
			}
			if e := g.cycleError(i, a); e.notAllowed() {
				f.Problems = append(f.Problems, e)
			}
		}
	}
	if len(f.Problems) == 0 {
		return nil
	}
	return f
}

// title words a plugin for a message.
func title(p *Plugin) string { return fmt.Sprintf("plugin %s (%s %s)", p.Name, p.Module, p.Version) }

// short is a plugin's name and version.
func short(p *Plugin) string { return strings.TrimSpace(p.Name + " " + p.Version) }

// BreachErrors are all the methods that Endure cannot use, or never would.
type BreachErrors struct {
	Breaches []error
	// Allow are the names of the plugins that have them, and of those that may
	// already, sorted.
	Allow []string
}

// breaches collects the plugins' breaches, those left out that are let pass.
func (g *Graph) breaches(a Allowance) *BreachErrors {
	e := &BreachErrors{Allow: slices.Clone(a.Methods)}
	for i := range g.Set.Plugins {
		p := &g.Set.Plugins[i]
		if slices.Contains(a.Methods, p.Name) {
			continue
		}
		for _, b := range p.Broken {
			e.Breaches = append(e.Breaches, &BreachError{Plugin: title(p), Breach: b})
			e.Allow = append(e.Allow, p.Name)
		}
	}
	slices.Sort(e.Allow)
	e.Allow = slices.Compact(e.Allow)
	return e
}

// Error implements error: a breach a line.
func (e *BreachErrors) Error() string { return errors.Join(e.Breaches...).Error() }

// Unwrap returns the breaches, so that each has its hint.
func (e *BreachErrors) Unwrap() []error { return e.Breaches }

// Hints gives the lines that let a build go on with all of them.
func (e *BreachErrors) Hints() []string {
	return []string{config.Snippet("or let it pass", "[check]", config.Setting{Key: "allow", Value: e.Allow})}
}

// BreachError is a method that Endure cannot use, or never would.
type BreachError struct {
	Plugin string
	Breach Breach
}

// Error implements error.
func (e *BreachError) Error() string {
	s := fmt.Sprintf("%s: %s: %s", e.Plugin, e.Breach.Pos, e.Breach.Text)
	if e.Breach.Fatal {
		s += "; the server would not start"
	}
	return s
}

// Hints says what to write instead.
func (e *BreachError) Hints() []string { return []string{e.Breach.Advice} }

// Fall is what a problem of one plugin takes along.
type Fall struct {
	// Disabled fall in every start, AtRisk in some; both are names.
	Disabled, AtRisk []string
	// Allowed are the names that may be disabled already.
	Allowed []string
}

// falls collects what is behind a root, leaving out what may be disabled.
func (g *Graph) falls(root int, a Allowance) Fall {
	f := Fall{Allowed: a.Disabled}
	for i, fate := range g.Fates {
		name := g.Set.Plugins[i].Name
		if fate.Cause != Behind || fate.Root != root || slices.Contains(a.Disabled, name) {
			continue
		}
		if fate.State == AtRisk {
			f.AtRisk = append(f.AtRisk, name)
		} else {
			f.Disabled = append(f.Disabled, name)
		}
	}
	slices.Sort(f.Disabled)
	slices.Sort(f.AtRisk)
	return f
}

// text words what falls, a line for each kind.
func (f Fall) text() string {
	var b strings.Builder
	if len(f.Disabled) > 0 {
		fmt.Fprintf(&b, "\n  %s would be disabled with it", List(f.Disabled))
	}
	if len(f.AtRisk) > 0 {
		fmt.Fprintf(&b, "\n  %s would be disabled with it at some starts, at random", List(f.AtRisk))
	}
	return b.String()
}

// Join adds problems to what a graph's check found.
func Join(found error, problems []error) error {
	if len(problems) == 0 {
		return found
	}
	var f *Findings
	if !errors.As(found, &f) {
		f = &Findings{}
	}
	f.Problems = append(f.Problems, problems...)
	return f
}

// List joins names as a sentence does.
func List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// LackError is a plugin that is disabled since nothing meets a parameter of its
// Init.
type LackError struct {
	Plugin string // as messages word it
	Name   string
	Lacks  []Lack
	Fall   Fall
	// Allowed says that the plugin itself may be disabled.
	Allowed bool
}

// Lack is one parameter that nothing meets.
type Lack struct {
	Want Want
	// Near is the candidate nearest to fitting, as messages word it, if any.
	Near     string
	Provided string
	Differs  []Method
	// Entry are the lines for velox.toml that would add, or change, the plugin
	// of RoadRunner's release that meets it; empty where none is known to.
	Entry []string
	// Present says that the plugin of that entry is there, in another version.
	Present bool
	Adds    string // that plugin's name
}

func (e *LackError) notAllowed() bool {
	return !e.Allowed || len(e.Fall.Disabled)+len(e.Fall.AtRisk) > 0
}

func (g *Graph) lackError(i int, a Allowance) *LackError {
	p := &g.Set.Plugins[i]
	e := &LackError{Plugin: title(p), Name: p.Name, Fall: g.falls(i, a), Allowed: slices.Contains(a.Disabled, p.Name)}
	for _, n := range g.Fates[i].Lacking {
		w := p.Init[n]
		if len(w.Offers) > 0 {
			continue // its plugins have problems of their own
		}
		l := Lack{Want: w}
		if w.Near != nil {
			near := &g.Set.Plugins[w.Near.Plugin]
			l.Near, l.Provided, l.Differs = short(near), w.Near.Provided, w.Near.Differs
		}
		if m, name := provider(w, a.Release); m.Path != "" {
			l.Adds, l.Entry = name, Entry(name, m)
			for k := range g.Set.Plugins {
				q := &g.Set.Plugins[k]
				if q.Module == m.Path && q.Version == m.Version {
					l.Entry = nil // it is the release's, and there is no other
					break
				}
				if SameModule(q.Module, m.Path) {
					l.Present, l.Adds, l.Entry = true, q.Name, Entry(q.Name, m)
				}
			}
		}
		e.Lacks = append(e.Lacks, l)
	}
	return e
}

// Error implements error.
func (e *LackError) Error() string {
	var b strings.Builder
	b.WriteString(e.Plugin + " would be disabled")
	for _, l := range e.Lacks {
		fmt.Fprintf(&b, "\n  %s: no plugin meets Init's parameter %s, the interface %s", l.Want.Pos, l.Want.Param, l.Want.Interface)
		if l.Near == "" {
			for _, m := range l.Want.Methods {
				b.WriteString("\n    missing: " + m)
			}
			continue
		}
		who := l.Near
		if l.Provided != "" {
			who += ", which provides a " + l.Provided
		}
		b.WriteString("\n    nearest is " + who)
		for _, d := range l.Differs {
			if d.Have == "" {
				b.WriteString("\n    missing: " + d.Want)
			} else {
				fmt.Fprintf(&b, "\n    wanted:  %s\n    it has:  %s", d.Want, d.Have)
			}
		}
	}
	return b.String() + e.Fall.text()
}

// Hints gives the lines that would help.
func (e *LackError) Hints() []string {
	var out []string
	for _, l := range e.Lacks {
		switch {
		case len(l.Entry) == 0:
		case l.Present:
			out = append(out, fmt.Sprintf("RoadRunner's release has another %s:\n%s", l.Adds, strings.Join(l.Entry, "\n")))
		default:
			out = append(out, fmt.Sprintf("RoadRunner's release has %s for it:\n%s", l.Adds, strings.Join(l.Entry, "\n")))
		}
	}
	return append(out, e.Fall.allow(e.Name))
}

// allow is the line that lets a build go on with all of this, and what was
// allowed before.
func (f Fall) allow(roots ...string) string {
	names := slices.Concat(roots, f.Disabled, f.AtRisk, f.Allowed)
	slices.Sort(names)
	names = slices.Compact(names)
	return config.Snippet("or go on with less", "[check]", config.Setting{Key: "allow_disabled", Value: names})
}

// Adds are the release's plugins that would meet what others lack, by name, each
// once: of findings, and none of another error.
func Adds(err error) []string {
	f, _ := errors.AsType[*Findings](err)
	if f == nil {
		return nil
	}
	var out []string
	for _, problem := range f.Problems {
		e, ok := problem.(*LackError)
		for i := 0; ok && i < len(e.Lacks); i++ {
			if l := e.Lacks[i]; len(l.Entry) > 0 && !l.Present && !slices.Contains(out, l.Adds) {
				out = append(out, l.Adds)
			}
		}
	}
	return out
}

// CycleError are plugins that wait for each other.
type CycleError struct {
	Plugin string
	// Steps say who waits for whom, and for what.
	Steps   []string
	Names   []string
	Fall    Fall
	Allowed bool
}

func (e *CycleError) notAllowed() bool {
	return !e.Allowed || len(e.Fall.Disabled)+len(e.Fall.AtRisk) > 0
}

func (g *Graph) cycleError(i int, a Allowance) *CycleError {
	e := &CycleError{Plugin: title(&g.Set.Plugins[i]), Fall: g.falls(i, a), Allowed: true}
	for k := range g.Fates {
		if g.Fates[k].Cause == InCycle && g.Fates[k].Root == i {
			e.Names = append(e.Names, g.Set.Plugins[k].Name)
			e.Allowed = e.Allowed && slices.Contains(a.Disabled, g.Set.Plugins[k].Name)
		}
	}
	for _, via := range g.Fates[i].Via {
		from, to := g.Set.Plugins[via.From].Name, g.Set.Plugins[via.To].Name
		verb := "takes"
		if via.Kind == CollectsEdge {
			verb = "collects"
		}
		e.Steps = append(e.Steps, fmt.Sprintf("%s %s %s as %s", to, verb, from, via.Interface))
	}
	return e
}

// Error implements error.
func (e *CycleError) Error() string {
	return fmt.Sprintf("%s would be disabled: plugins need each other in a cycle: %s\n  %s%s", e.Plugin, List(e.Names), strings.Join(e.Steps, "\n  "), e.Fall.text())
}

// Hints says how to get on.
func (e *CycleError) Hints() []string {
	return []string{
		"remove one of these dependencies, or add methods to an interface in Collects, so that fewer plugins fit it",
		e.Fall.allow(e.Names...),
	}
}

// Entry are the lines of velox.toml for a plugin of the release.
func Entry(name string, m module.Version) []string {
	return config.TableLines(config.PluginHeader(name),
		config.Setting{Key: "module_name", Value: m.Path}, config.Setting{Key: "tag", Value: m.Version})
}

// SameModule compares module paths but for their majors.
func SameModule(a, b string) bool {
	pa, _, _ := module.SplitPathVersion(a)
	pb, _, _ := module.SplitPathVersion(b)
	return pa == pb
}

// providers are the plugins of RoadRunner's releases that others take by Init,
// with the methods by which they are taken. What a plugin that is not in the
// build provides would have to be fetched to be read; these names have stood
// since v2023, and the plugins' paths and versions come from the release.
var providers = []struct {
	plugin  string
	methods []string
}{
	{"logger", []string{"NamedLogger"}},
	{"server", []string{"GID", "NewPool", "NewPoolWithOptions", "NewWorker", "UID"}},
	{"otel", []string{"Tracer"}},
}

// provider finds the plugin of the release that is meant by an interface: the
// one that has one of its methods.
func provider(w Want, release []module.Version) (module.Version, string) {
	for _, p := range providers {
		if !slices.ContainsFunc(w.Methods, func(m string) bool {
			name, _, _ := strings.Cut(m, "(")
			return slices.Contains(p.methods, name)
		}) {
			continue
		}
		for _, m := range release {
			if prefix, _, ok := module.SplitPathVersion(m.Path); ok && path.Base(prefix) == p.plugin {
				return m, p.plugin
			}
		}
	}
	return module.Version{}, ""
}
