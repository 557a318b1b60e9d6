package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/run"
)

// ProxyError is a module that no proxy has, with those who require it.
type ProxyError struct {
	Path, Version string
	RequiredBy    []string
	// Offline says that no proxy could be asked, Vendored that a vendor folder
	// was.
	Offline, Vendored bool
	Err               error
}

// Error implements error: what failed, and below it all the go command said.
func (e *ProxyError) Error() string {
	by := "no git-sourced module requires it directly"
	if len(e.RequiredBy) > 0 {
		by = "it is required by " + brief.List(e.RequiredBy, brief.Most)
	}
	where := "the module proxy does not have"
	switch {
	case e.Vendored:
		where = "the vendor folder does not have"
	case e.Offline:
		where = "the module cache does not have"
	}
	return fmt.Sprintf("%s %s %s; %s\n%v", where, e.Path, e.Version, by, e.Err)
}

// Unwrap returns the go command's error.
func (e *ProxyError) Unwrap() error { return e.Err }

// Hints gives the line that takes the module from git.
func (e *ProxyError) Hints() []string {
	if e.Vendored {
		return []string{"it was made for other targets or with another Go version: run vxlite vendor again, with the same --target"}
	}
	if hints := resolve.PlaceholderHints(module.Version{Path: e.Path, Version: e.Version}); hints != nil {
		return hints
	}
	if e.Offline {
		return []string{"run the same build once without --offline"}
	}
	return []string{
		config.Snippet("take it from git", "[git]", config.Setting{Key: "modules", Value: []string{e.Path}}),
		"or ask a proxy that has it, with GOPROXY",
	}
}

// missing says who requires a module that could not be had.
func (w *Workspace) missing(err *gotool.MissingModuleError) error {
	e := &ProxyError{Path: err.Path, Version: err.Version, Offline: w.Offline, Vendored: w.Vendored != nil, Err: err.Err}
	for _, m := range w.Plan.Modules {
		for _, req := range m.GoMod.Require {
			if req.Mod.Path == err.Path && req.Mod.Version == err.Version {
				e.RequiredBy = append(e.RequiredBy, Label(m))
			}
		}
	}
	return e
}

// Label names a module as the config does, and by its path otherwise.
func Label(m *resolve.Module) string {
	return cmp.Or(m.Name(), m.Path)
}

// CompileError is a build that the go command refused.
type CompileError struct {
	// Concerns are the modules whose files it complains of: "plugin NAME (PATH
	// VERSION)", in the order of the plan.
	Concerns []string
	// Replaced are modules that they use, and that another's go.mod replaces.
	Replaced []resolve.Replacement
	Err      error
}

// Error implements error: whom it concerns, and below it all that the go
// command said.
func (e *CompileError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s does not compile\n", brief.List(e.Concerns, brief.Most))
	for _, r := range e.Replaced {
		fmt.Fprintf(&b, "%s, which is used there, is replaced in go.mod of %s by %s\n", r.Path, r.By, r.To)
	}
	fmt.Fprint(&b, e.Err)
	return b.String()
}

// Hints gives the lines that undo the replacements.
func (e *CompileError) Hints() []string {
	var out []string
	for _, r := range e.Replaced {
		out = append(out, config.ReplaceSnippet(fmt.Sprintf("if the replacement by %s is the reason, decide in the config", r.By), r.Path, ""))
	}
	return out
}

// Unwrap returns the go command's error.
func (e *CompileError) Unwrap() error { return e.Err }

// sourceDir matches where in the workspace an error points to.
var sourceDir = regexp.MustCompile(`(?m)(?:^|[\s(])(?:\.\./)*(src/[^\s:]+@v[^\s:/]+)/`)

// compileError names the plugins whose files the go command complains of.
func (w *Workspace) compileError(err error) error {
	var re *run.Error
	if !errors.As(err, &re) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &CompileError{Err: err}
	seen := map[string]bool{}
	for _, m := range sourceDir.FindAllStringSubmatch(re.Stderr, -1) {
		seen[m[1]] = true
	}
	for _, m := range w.Plan.Modules {
		place, err := gen.ModulePlace(m)
		if err != nil {
			continue // there is no such folder
		}
		if m.Local && m != w.Plan.RoadRunner && seen[place] { // where it can be mended
			re.Stderr = sourceDir.ReplaceAllStringFunc(re.Stderr, func(s string) string {
				if i := strings.Index(s, place+"/"); i >= 0 {
					return strings.TrimRight(s[:i], "./") + m.Dir + "/"
				}
				return s
			})
		}
		if seen[place] {
			e.replaced(w.Plan, m)
			e.Concerns = append(e.Concerns, moduleName(w.Plan, m))
		}
	}
	e.elsewhere(w.Plan, re.Stderr)
	if len(e.Concerns) == 0 {
		return err
	}
	return e
}

// failedPackage matches the line of a package that does not compile.
var failedPackage = regexp.MustCompile(`(?m)^# (\S+)`)

// elsewhere looks for packages of the module proxy that do not compile. They are
// as their authors tested them, so where something is replaced, that is why.
func (e *CompileError) elsewhere(p *resolve.Plan, stderr string) {
	all := p.Replacements()
	if len(all) == 0 {
		return
	}
	for _, found := range failedPackage.FindAllStringSubmatch(stderr, -1) {
		own := func(m *resolve.Module) bool { return found[1] == m.Path || strings.HasPrefix(found[1], m.Path+"/") }
		if !slices.ContainsFunc(p.Modules, own) {
			e.Concerns, e.Replaced = append(e.Concerns, found[1]), all
		}
	}
}

// replaced adds what a module uses, or is, that the go.mod of another replaces.
func (e *CompileError) replaced(p *resolve.Plan, m *resolve.Module) {
	for _, r := range p.Replacements() {
		if r.By != Label(m) && (m.Path == r.Path || m.Requires(r.Path)) && !slices.Contains(e.Replaced, r) {
			e.Replaced = append(e.Replaced, r)
		}
	}
}

// moduleName is how an error speaks of a module.
func moduleName(p *resolve.Plan, m *resolve.Module) string {
	switch {
	case len(m.Names) == 0:
		return m.Path + " " + m.Version
	case m == p.RoadRunner:
		return "roadrunner " + m.Version
	}
	return fmt.Sprintf("plugin %s (%s %s)", m.Name(), m.Path, m.Version)
}

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

// CheckLinked makes sure that the build list has every git-sourced module at the
// version of the plan.
func (w *Workspace) CheckLinked(ctx context.Context, pkgs []gotool.Package, c gotool.Compile) error {
	for _, p := range pkgs {
		m := w.Plan.Lookup(p.Module)
		if m == nil || p.Version == m.Version || m.OnlyVersion != "" {
			continue
		}
		e := &LinkedError{Module: m.Path, Want: m.Version, Got: p.Version}
		edges, err := w.Tool.Graph(ctx, w.Dir, c)
		if err != nil {
			return err
		}
		e.Chain = chain(edges, w.Plan.RoadRunner.Path+"/vxlite", m.Path+"@"+p.Version)
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
