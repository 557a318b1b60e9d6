// Package explain says which module a failure of the go command concerns, and
// what to do about it. Begin at [Compile].
package explain

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/run"
)

// CompileError is a build that the go command refused.
type CompileError struct {
	// Concerns are the modules whose files it complains of: "plugin NAME (PATH
	// VERSION)", in the order of the plan.
	Concerns []string
	// Replaced are modules that they use, and that another's go.mod replaces.
	Replaced []plan.Replacement
	// Mixed says which majors of RoadRunner's plugins are mixed; empty for none.
	Mixed string
	// Raised are modules that they use at newer versions than they ask for.
	Raised []Raised
	Err    error
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

// Hints gives the lines that undo the replacements, and says what does not go together.
func (e *CompileError) Hints() []string {
	var out []string
	if e.Mixed != "" {
		out = append(out, e.Mixed, "to take all plugins as one RoadRunner release uses them: vxlite upgrade --major")
	}
	for _, r := range e.Raised {
		out = append(out, r.hint())
	}
	for _, r := range e.Replaced {
		out = append(out, config.ReplaceSnippet(fmt.Sprintf("if the replacement by %s is the reason, decide in the config", r.By), r.Path, ""))
	}
	return out
}

// Unwrap returns the go command's error.
func (e *CompileError) Unwrap() error { return e.Err }

// sourceDir matches where in the workspace an error points to.
var sourceDir = regexp.MustCompile(`(?m)(?:^|[\s(])(?:\.\./)*(src/[^\s:]+@v[^\s:/]+)/`)

// sourceFile matches the file too.
var sourceFile = regexp.MustCompile(sourceDir.String() + `([^\s:]+\.go):`)

// Compile names the plugins whose files the go command complains of.
func Compile(p *plan.Plan, err error) error {
	var re *run.Error
	if !errors.As(err, &re) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &CompileError{Err: err}
	seen, said := map[string]bool{}, re.Stderr
	for _, m := range sourceDir.FindAllStringSubmatch(said, -1) {
		seen[m[1]] = true
	}
	files := sourceFile.FindAllStringSubmatch(said, -1)
	for _, m := range p.Modules {
		place, err := gen.ModulePlace(m)
		if err != nil {
			continue // there is no such folder
		}
		if m.Local && m != p.RoadRunner && seen[place] { // where it can be mended
			re.Stderr = sourceDir.ReplaceAllStringFunc(re.Stderr, func(s string) string {
				if i := strings.Index(s, place+"/"); i >= 0 {
					return strings.TrimRight(s[:i], "./") + m.Dir + "/"
				}
				return s
			})
		}
		if seen[place] {
			e.replaced(p, m)
			e.raised(p, m, place, files, said)
			e.Concerns = append(e.Concerns, moduleName(p, m))
		}
	}
	e.elsewhere(p, re.Stderr)
	if len(e.Concerns) == 0 {
		return err
	}
	e.Mixed = endure.MixedPlugins(sources(p))
	return e
}

// sources are the plugins, as far as a plan tells of them.
func sources(p *plan.Plan) (out []endure.Source) {
	for _, one := range p.Plugins {
		out = append(out, endure.Source{Name: one.Name, Module: one.Module})
	}
	return out
}

// failedPackage matches the line of a package that does not compile.
var failedPackage = regexp.MustCompile(`(?m)^# (\S+)`)

// elsewhere looks for packages of the module proxy that do not compile. They are
// as their authors tested them, so where something is replaced, that is why.
func (e *CompileError) elsewhere(p *plan.Plan, stderr string) {
	all := p.Replacements()
	if len(all) == 0 {
		return
	}
	for _, found := range failedPackage.FindAllStringSubmatch(stderr, -1) {
		own := func(m *plan.Module) bool { return found[1] == m.Path || strings.HasPrefix(found[1], m.Path+"/") }
		if !slices.ContainsFunc(p.Modules, own) {
			e.Concerns, e.Replaced = append(e.Concerns, found[1]), all
		}
	}
}

// replaced adds what a module uses, or is, that the go.mod of another replaces.
func (e *CompileError) replaced(p *plan.Plan, m *plan.Module) {
	for _, r := range p.Replacements() {
		if r.By != Label(m) && (m.Path == r.Path || m.Requires(r.Path)) && !slices.Contains(e.Replaced, r) {
			e.Replaced = append(e.Replaced, r)
		}
	}
}
