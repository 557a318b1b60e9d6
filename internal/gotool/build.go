package gotool

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
)

// Package is a package that takes part in a build.
type Package struct {
	Path string
	// Module and Version are empty for the standard library.
	Module, Version string
	// Source is the module that the files come from: Module and Version, or
	// what replaces them. Its version is empty for a directory.
	Source module.Version
	// Dir is the package's directory, Embeds are the patterns of its go:embed
	// lines, and Embedded the files that they match, relative to Dir and with
	// slashes; all are empty where it has none.
	Dir              string
	Embeds, Embedded []string
	// Excluded says that not all of its Go files take part, so that on another system
	// others may; false for the standard library.
	Excluded bool
}

// packageLine is how `go list` is to print a package.
const packageLine = "{{.ImportPath}} {{with .Module}}{{.Path}} {{or .Version \"-\"}}{{with .Replace}} {{.Path}} {{.Version}}{{end}}{{end}}"

// embedLines prints, below a package that embeds files, a line of its directory,
// one of each pattern, and, further indented, one of each file.
const embedLines = `{{if .EmbedPatterns}}{{printf "\n\t%q" .Dir}}{{range .EmbedPatterns}}{{printf "\n\t%q" .}}{{end}}{{range .EmbedFiles}}{{printf "\n\t\t%q" .}}{{end}}{{end}}`

// excludedMark stands before a package with Excluded. No import path has a space.
const excludedMark = "~ "

// Packages lists all that ./app in the workspace at dir needs, itself included.
// The go command downloads what it has to, so this is where a module that the
// proxy does not have is found out.
func (t *Tool) Packages(ctx context.Context, dir string, c Compile) ([]Package, error) {
	out, err := t.list(ctx, dir, c, "which packages take part", "-f",
		"{{if and .IgnoredGoFiles (not .Standard)}}"+excludedMark+"{{end}}"+packageLine+embedLines)
	if err != nil {
		return nil, err
	}
	var pkgs []Package
	for line := range strings.Lines(string(out)) {
		if quoted, ok := strings.CutPrefix(line, "\t"); ok && len(pkgs) > 0 {
			pkgs[len(pkgs)-1].embeds(quoted)
			continue
		}
		pkgs = append(pkgs, readPackage(line))
	}
	return pkgs, nil
}

// Needs is Packages for one who need not compile what it lists: modules that
// cannot be had are no error, but listed too, sorted.
func (t *Tool) Needs(ctx context.Context, dir string, c Compile) (pkgs []Package, lack []module.Version, err error) {
	const errorMark = "! " // no import path has a space
	line := "{{if .Error}}" + errorMark + "{{printf \"%q\" .Error.Err}}{{else}}" + packageLine + "{{end}}"
	out, err := t.list(ctx, dir, c, "what is needed on "+c.OS+"/"+c.Arch, "-e", "-f", line)
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, errorMark); ok {
			if said, err := strconv.Unquote(strings.TrimSpace(text)); err == nil {
				text = said
			}
			if m := notFound.FindStringSubmatch(text); m != nil {
				lack = append(lack, module.Version{Path: m[1], Version: m[2]})
			}
			continue
		}
		pkgs = append(pkgs, readPackage(line))
	}
	module.Sort(lack)
	return pkgs, slices.Compact(lack), nil
}

// list runs go list -deps ./app.
func (t *Tool) list(ctx context.Context, dir string, c Compile, why string, how ...string) ([]byte, error) {
	flags, err := c.shared()
	if err != nil {
		return nil, err
	}
	args := slices.Concat([]string{"list", "-deps"}, flags, how, []string{"./app"})
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	env = append(env, "GOGC=400") // it takes a quarter of the time otherwise, and little memory
	out, err := t.run(ctx, run.Cmd{Args: args, Dir: dir, Env: env, Show: show, Why: why})
	if err != nil {
		return nil, explain(err)
	}
	return out, nil
}

// readPackage reads a packageLine. The standard library has no module, and
// ./app no version.
func readPackage(line string) Package {
	line, excluded := strings.CutPrefix(line, excludedMark)
	f := append(strings.Fields(line), "", "", "", "")
	p := Package{Path: f[0], Module: f[1], Version: strings.TrimPrefix(f[2], "-"), Excluded: excluded}
	if p.Version != "" {
		p.Source = module.Version{Path: p.Module, Version: p.Version}
	}
	if f[3] != "" {
		p.Source = module.Version{Path: f[3], Version: f[4]}
	}
	return p
}

// embeds reads a line below that of the package.
func (p *Package) embeds(quoted string) {
	s, err := strconv.Unquote(strings.TrimSpace(quoted))
	switch {
	case err != nil:
	case strings.HasPrefix(quoted, "\t"):
		p.Embedded = append(p.Embedded, s)
	case p.Dir == "":
		p.Dir = s
	default:
		p.Embeds = append(p.Embeds, s)
	}
}

// Compilation is one target's compiling, over the go commands that it takes.
type Compilation struct {
	tool     *Tool
	dir      string
	settings Compile
	progress *progress
	compiled bool // all but the linking is done
}

// Compile is to compile ./app in the workspace at dir; known are its packages,
// for the display.
func (t *Tool) Compile(dir string, c Compile, known []Package) *Compilation {
	w := &progress{sink: t.sink, target: cmp.Or(c.Target, c.OS+"/"+c.Arch), known: map[string]bool{}}
	for _, p := range known {
		w.known[p.Path] = true
	}
	return &Compilation{tool: t, dir: dir, settings: c, progress: w}
}

// Start begins the display.
func (c *Compilation) Start() {
	c.tool.sink.Send(event.Event{Kind: event.CompileStart, Target: c.progress.target, Total: len(c.progress.known)})
}

// Done ends the display.
func (c *Compilation) Done() {
	c.tool.sink.Send(event.Event{Kind: event.CompileDone, Target: c.progress.target})
}

// Build links what is compiled, and compiles what is not, into the file out.
func (c *Compilation) Build(ctx context.Context, out string) error {
	args, err := c.settings.BuildArgs()
	if err != nil {
		return err
	}
	if c.compiled {
		c.tool.sink.Send(event.Event{Kind: event.LinkStart, Target: c.progress.target})
	}
	_, err = c.run(ctx, append(args, "-v", "-o", out, "./app"), "compile "+c.progress.target)
	return err
}

// Exported is a package that was compiled, or could be.
type Exported struct {
	Package
	Dir string
	// Files are base names, those with cgo among them.
	Files []string
	// Export is the file with its export data, empty for package unsafe.
	Export    string
	Imports   []string
	ImportMap map[string]string
	ModuleDir string
}

// Export compiles all packages of ./app without linking them, and returns them
// with their export data, dependencies first.
func (c *Compilation) Export(ctx context.Context) ([]Exported, error) {
	args, err := c.settings.exportArgs()
	if err != nil {
		return nil, err
	}
	if err := c.tool.preprocess(ctx, c.dir, c.settings); err != nil {
		return nil, explain(err)
	}
	out, err := c.run(ctx, args, "compile "+c.progress.target+", for the types of the plugins")
	if err != nil {
		return nil, err
	}
	c.compiled = true
	var all []Exported
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Export    string
			GoFiles, CgoFiles, Imports []string
			ImportMap                  map[string]string
			Module                     *struct{ Path, Version, Dir string }
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		e := Exported{Package: Package{Path: p.ImportPath}, Dir: p.Dir, Files: append(p.GoFiles, p.CgoFiles...), Export: p.Export, Imports: p.Imports, ImportMap: p.ImportMap}
		if p.Module != nil {
			e.Module, e.Version, e.ModuleDir = p.Module.Path, p.Module.Version, p.Module.Dir
		}
		all = append(all, e)
	}
}

// run runs the go command and shows which packages it comes to.
func (c *Compilation) run(ctx context.Context, args []string, why string) ([]byte, error) {
	env, show := c.tool.Env(filepath.Join(c.dir, "go.work"), c.settings)
	w := c.progress
	w.rest = run.Excerpt{}
	out, err := c.tool.run(ctx, run.Cmd{Args: args, Dir: c.dir, Env: env, Show: show, Stderr: w, Why: why})
	w.flush()
	if err != nil {
		var re *run.Error
		if errors.As(err, &re) {
			re.Stderr = w.rest.String()
		}
		return nil, explain(err)
	}
	return out, nil
}

// Graph returns the workspace's module graph, each edge as two path@version.
// The main module has no version.
func (t *Tool) Graph(ctx context.Context, dir string, c Compile) ([][2]string, error) {
	env, show := t.Env(filepath.Join(dir, "go.work"), c)
	out, err := t.run(ctx, run.Cmd{Args: []string{"mod", "graph"}, Dir: dir, Env: env, Show: show, Why: "who requires what"})
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
	rest   run.Excerpt
}

// maxLine is what is kept of a line until its end comes. No package's name is
// as long.
const maxLine = 64 << 10

func (p *progress) Write(b []byte) (int, error) {
	p.line = append(p.line, b...)
	for {
		i := bytes.IndexByte(p.line, '\n')
		if i < 0 && len(p.line) > maxLine {
			p.flush()
		}
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
		fmt.Fprintln(&p.rest, line)
	}
}

// MissingModuleError is a module that could not be had from the module proxy.
type MissingModuleError struct {
	Path, Version string
	// Unreachable says that no proxy answered, Disabled that GOPROXY is off.
	Unreachable, Disabled bool
	// Status is an answer that does not say whether the proxy has it, such as "403
	// Forbidden"; empty for none.
	Status string
	Err    error // all that the go command said
}

// Error implements error.
func (e *MissingModuleError) Error() string {
	return fmt.Sprintf("%s %s %s\n%v", e.Failure(), e.Path, e.Version, e.Err)
}

// Failure says what went wrong, and is followed by the module's name.
func (e *MissingModuleError) Failure() string {
	switch {
	case e.Unreachable:
		return "the module proxy cannot be reached for"
	case e.Disabled:
		return "GOPROXY is off, and the module cache does not have"
	case e.Status != "":
		return "the module proxy answers " + e.Status + " for"
	}
	return "the module proxy does not have"
}

// Unwrap returns the go command's error.
func (e *MissingModuleError) Unwrap() error { return e.Err }

// notFound matches how the go command reports a module it could not get: by
// its proxy's answer, or by having no way at all to ask. What takes its place
// is what is missing then, and a directory is in no proxy.
var notFound = regexp.MustCompile(`(?m)(?:^|[\s(])([^\s:@./][^\s:@]*)@(v[^\s:)]+)\)?: (reading (?:\S+: ([1-9][0-9][0-9] [^\n]*))?|Get |module lookup disabled|unrecognized import path|GOVCS disallows|not found)`)

// SumMismatchError is a module whose bytes are not those that a checksum is of.
type SumMismatchError struct {
	// Path and Version name the module; the version ends in /go.mod where only
	// that differs, as in go.sum.
	Path, Version string
	// Got is the hash of what was downloaded, Want the one known in By:
	// go.work.sum, or the checksum database's name.
	Got, Want, By string
	Err           error // all that the go command said
}

// Error implements error.
func (e *SumMismatchError) Error() string {
	return fmt.Sprintf("checksum mismatch for %s %s\n%v", e.Path, e.Version, e.Err)
}

// Unwrap returns the go command's error.
func (e *SumMismatchError) Unwrap() error { return e.Err }

// mismatch matches how the go command reports other bytes.
var mismatch = regexp.MustCompile(`verifying ([^\s:@]+)@(v[^\s:]+): checksum mismatch\s+downloaded: (\S+)\s+(\S+):\s+(\S+)`)

// downloading matches the go command's progress, which is no part of an error.
var downloading = regexp.MustCompile(`(?m)^go: downloading .*\n`)

// position is where in a file the go command needs something.
var position = regexp.MustCompile(`^[^\s:]+:\d+:\d+: `)

// once leaves out what the go command says again of another place: it repeats a
// proxy's answer for each import of the module.
func once(said string) string {
	var out, message strings.Builder
	seen := map[string]bool{}
	end := func() {
		if key := position.ReplaceAllString(message.String(), ""); !seen[key] {
			seen[key] = true
			out.WriteString(message.String())
		}
		message.Reset()
	}
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "\t") { // which goes on with the message before it
			end()
		}
		message.WriteString(strings.TrimSuffix(line, "\n") + "\n")
	}
	end()
	return strings.TrimSuffix(out.String(), "\n")
}

// explain recognises the go command's commonest failures.
func explain(err error) error {
	var re *run.Error
	if !errors.As(err, &re) {
		return err
	}
	re.Stderr = downloading.ReplaceAllString(re.Stderr, "")
	if m := mismatch.FindStringSubmatch(re.Stderr); m != nil {
		return &SumMismatchError{Path: m[1], Version: m[2], Got: m[3], By: m[4], Want: m[5], Err: err}
	}
	if m := notFound.FindStringSubmatch(re.Stderr); m != nil {
		re.Stderr = once(re.Stderr)
		e := &MissingModuleError{Path: m[1], Version: m[2], Unreachable: m[3] == "Get ", Disabled: m[3] == "module lookup disabled", Err: err}
		if m[4] != "" && !strings.HasPrefix(m[4], "404 ") && !strings.HasPrefix(m[4], "410 ") { // by go.dev/ref/mod#goproxy-protocol
			e.Status = strings.TrimSpace(m[4])
		}
		return e
	}
	return err
}

// Download fetches one module, whatever any go.mod requires.
func (t *Tool) Download(ctx context.Context, path, version string) error {
	env, show := t.Env("off", Compile{OS: t.vars["GOHOSTOS"], Arch: t.vars["GOHOSTARCH"]})
	dir, err := outsideModules()
	if err != nil {
		return err
	}
	_, err = t.run(ctx, run.Cmd{Args: []string{"mod", "download", path + "@" + version}, Dir: dir,
		Env: env, Show: show, Why: "fetch " + path})
	return err
}
