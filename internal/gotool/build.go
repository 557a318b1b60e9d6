package gotool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
)

// Package is a package that takes part in a build.
type Package struct {
	Path string
	// Module and Version are empty for the standard library.
	Module, Version string
	// Dir is the package's directory, and Embeds are the patterns of its
	// go:embed lines; both are empty where it has none.
	Dir    string
	Embeds []string
}

// Packages lists all that ./app in the workspace at dir needs, itself included.
// The go command downloads what it has to, so this is where a module that the
// proxy does not have is found out.
func (t *Tool) Packages(ctx context.Context, dir string, c Compile) ([]Package, error) {
	flags, err := c.shared()
	if err != nil {
		return nil, err
	}
	args := append([]string{"list", "-deps"}, flags...)
	args = append(args, "-f", packageFormat, "./app")
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	out, err := run.Run(ctx, t.sink, run.Cmd{Path: t.Path, Args: args, Dir: dir, Env: env, Show: show, Why: "which packages take part"})
	if err != nil {
		return nil, explain(err)
	}
	var pkgs []Package
	for line := range strings.Lines(string(out)) {
		if quoted, ok := strings.CutPrefix(line, "\t"); ok && len(pkgs) > 0 {
			pkgs[len(pkgs)-1].embeds(strings.TrimSpace(quoted))
			continue
		}
		f := append(strings.Fields(line), "", "") // the standard library has no module, ./app no version
		p := Package{Path: f[0], Module: f[1], Version: f[2]}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
}

// packageFormat makes a line of each package, and below it, indented, one of
// its directory and one of each pattern, where it embeds files.
const packageFormat = `{{.ImportPath}} {{with .Module}}{{.Path}} {{.Version}}{{end}}` +
	`{{if .EmbedPatterns}}{{printf "\n\t%q" .Dir}}{{range .EmbedPatterns}}{{printf "\n\t%q" .}}{{end}}{{end}}`

// embeds reads a line below that of the package.
func (p *Package) embeds(quoted string) {
	s, err := strconv.Unquote(quoted)
	switch {
	case err != nil:
	case p.Dir == "":
		p.Dir = s
	default:
		p.Embeds = append(p.Embeds, s)
	}
}

// Build compiles ./app in the workspace at dir into the file out. total is how
// many packages there are, for the display.
func (t *Tool) Build(ctx context.Context, dir, out string, c Compile, known []Package) error {
	args, err := c.BuildArgs()
	if err != nil {
		return err
	}
	args = append(args, "-v", "-o", out, "./app")
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	target := c.OS + "/" + c.Arch
	t.sink.Send(event.Event{Kind: event.CompileStart, Target: target, Total: len(known)})
	w := &progress{sink: t.sink, target: target, known: map[string]bool{}}
	for _, p := range known {
		w.known[p.Path] = true
	}
	_, err = run.Run(ctx, t.sink, run.Cmd{Path: t.Path, Args: args, Dir: dir, Env: env, Show: show, Stderr: w, Why: "compile " + target})
	w.flush()
	if err != nil {
		var re *run.Error
		if errors.As(err, &re) {
			re.Stderr = w.rest.String()
		}
		return explain(err)
	}
	t.sink.Send(event.Event{Kind: event.CompileDone, Target: target})
	return nil
}

// Graph returns the workspace's module graph, each edge as two path@version.
// The main module has no version.
func (t *Tool) Graph(ctx context.Context, dir string, c Compile) ([][2]string, error) {
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	out, err := run.Run(ctx, t.sink, run.Cmd{Path: t.Path, Args: []string{"mod", "graph"}, Dir: dir, Env: env, Show: show, Why: "who requires what"})
	if err != nil {
		return nil, explain(err)
	}
	var edges [][2]string
	for line := range strings.Lines(string(out)) {
		if from, to, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			edges = append(edges, [2]string{from, to})
		}
	}
	return edges, nil
}

// progress separates the names of packages, which `go build -v` prints as it
// comes to them, from all else it says.
type progress struct {
	sink   event.Sink
	target string
	known  map[string]bool
	done   int
	line   []byte
	rest   bytes.Buffer
}

func (p *progress) Write(b []byte) (int, error) {
	p.line = append(p.line, b...)
	for {
		i := bytes.IndexByte(p.line, '\n')
		if i < 0 {
			return len(b), nil
		}
		p.take(string(p.line[:i]))
		p.line = p.line[i+1:]
	}
}

func (p *progress) flush() {
	if len(p.line) > 0 {
		p.take(string(p.line))
		p.line = nil
	}
}

func (p *progress) take(line string) {
	switch {
	case p.known[line]:
		p.done++
		p.sink.Send(event.Event{Kind: event.CompilePackage, Target: p.target, Package: line, Done: p.done})
	case strings.HasPrefix(line, "go: downloading "):
		p.sink.Send(event.Event{Kind: event.Debug, Text: line})
	default:
		p.rest.WriteString(line + "\n")
	}
}

// MissingModuleError is a module that the module proxy does not have.
type MissingModuleError struct {
	Path, Version string
	Err           error // all that the go command said
}

// Error implements error.
func (e *MissingModuleError) Error() string {
	return fmt.Sprintf("the module proxy does not have %s %s\n%v", e.Path, e.Version, e.Err)
}

// Unwrap returns the go command's error.
func (e *MissingModuleError) Unwrap() error { return e.Err }

// notFound matches how the go command reports a module it could not get: by
// its proxy's answer, or by having no way at all to ask.
var notFound = regexp.MustCompile(`(?m)([^\s:@]+)@(v[^\s:]+): (?:reading |Get |module lookup disabled|unrecognized import path|GOVCS disallows|not found)`)

// downloading matches the go command's progress, which is no part of an error.
var downloading = regexp.MustCompile(`(?m)^go: downloading .*\n`)

// explain recognises the go command's commonest failures.
func explain(err error) error {
	var re *run.Error
	if !errors.As(err, &re) {
		return err
	}
	re.Stderr = downloading.ReplaceAllString(re.Stderr, "")
	if m := notFound.FindStringSubmatch(re.Stderr); m != nil {
		return &MissingModuleError{Path: m[1], Version: m[2], Err: err}
	}
	return err
}
