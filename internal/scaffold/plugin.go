package scaffold

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/near"
	"github.com/vxlite/vxlite/internal/roadrunner"
)

// Kinds are the kinds of plugins, each with what it is good for.
var Kinds = []string{"service", "middleware", "rpc", "jobs"}

//go:embed plugin/*.tmpl
var templates embed.FS

// PluginOptions say what the new plugin is.
type PluginOptions struct {
	Name, Kind string
	// Module is its module path.
	Module string
	// Mirrors go into its own velox.toml.
	Mirrors []config.Mirror
	// Path is the plugin's directory as the velox.toml above has it, relative
	// to that; empty where the plugin gets a velox.toml of its own.
	Path string
}

// File is a file of a new plugin, by its slash-separated path.
type File struct {
	Path string
	Data []byte
}

// KindError is a kind of plugin that there is not.
type KindError struct{ Kind string }

// Error implements error.
func (e *KindError) Error() string {
	if e.Kind == "" {
		return "a new plugin needs a kind"
	}
	return fmt.Sprintf("unknown kind of plugin %q", e.Kind)
}

// ExitStatus implements the interface that picks the exit status.
func (*KindError) ExitStatus() int { return 2 }

// Hints lists the kinds.
func (e *KindError) Hints() []string {
	if meant := near.Name(e.Kind, Kinds); meant != "" {
		return []string{near.Hint(meant)}
	}
	return []string{"--kind is one of " + strings.Join(Kinds, ", ")}
}

// PluginNameError is a name that no plugin can have.
type PluginNameError struct{ Name, Reason, Hint string }

// Error implements error.
func (e *PluginNameError) Error() string { return fmt.Sprintf("%q: %s", e.Name, e.Reason) }

// ExitStatus implements the interface that picks the exit status.
func (*PluginNameError) ExitStatus() int { return 2 }

// Hints says what would do.
func (e *PluginNameError) Hints() []string {
	if e.Hint == "" {
		return nil
	}
	return []string{e.Hint}
}

// NameTakenError is the error for a name that something else has.
func NameTakenError(name, reason string) error {
	return &PluginNameError{Name: name, Reason: reason, Hint: "take another name, as in vxlite new plugin my-" + name}
}

// NoKindError is a release for which no plugin of a kind can be written.
type NoKindError struct {
	// What would be written, Ref the release, Reason what is other in that.
	What, Ref, Reason string
}

// Error implements error.
func (e *NoKindError) Error() string {
	return fmt.Sprintf("no %s for RoadRunner %s: %s", e.What, e.Ref, e.Reason)
}

// Hints says where else to look.
func (*NoKindError) Hints() []string { return []string{"name a release that has one with --ref"} }

// check refuses a release whose plugins collect others than can be written.
func (o PluginOptions) check(rel *roadrunner.Release, c *roadrunner.Contract) error {
	switch {
	case o.Kind == "jobs" && !strings.HasSuffix(c.Jobs, "/plugins/v4/jobs"):
		return &NoKindError{What: "jobs driver", Ref: rel.Ref, Reason: "it has no jobs plugin with the interfaces of github.com/roadrunner-server/api/v4"}
	case o.Kind == "rpc" && c.RPC != "RPC() any" && c.RPC != "RPC() interface{}":
		reason := "it has no rpc plugin that collects RPC() any"
		if c.RPC != "" {
			reason = "its rpc plugin collects " + c.RPC + ", not RPC() any"
		}
		return &NoKindError{What: "plugin with RPC methods", Ref: rel.Ref, Reason: reason}
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)

// taken are the plugins that are in a new plugin's velox.toml and in every
// server, and the other keys of its .rr.yaml.
var taken = []string{"config", "endure", "http", "informer", "jobs", "logger", "resetter", "roadrunner", "rpc", "server", "version"}

// Check refuses options that make no plugin, before anything is fetched.
func (o PluginOptions) Check() error {
	if !slices.Contains(Kinds, o.Kind) {
		return &KindError{Kind: o.Kind}
	}
	if !nameForm.MatchString(o.Name) {
		return &PluginNameError{Name: o.Name, Reason: "a plugin's name has lower-case letters and digits, with - or _ between them",
			Hint: "take a name such as greeter or rate-limit"}
	}
	if slices.Contains(special, o.Name) {
		return NameTakenError(o.Name, "a folder of this name means something else to Go")
	}
	if plain, ok := strings.CutSuffix(o.Name, "_test"); ok {
		return &PluginNameError{Name: o.Name, Reason: "Go takes a package of this name for one of tests", Hint: "take another name, as in vxlite new plugin " + plain}
	}
	if p := o.pkg(); token.IsKeyword(p) || types.Universe.Lookup(p) != nil || slices.Contains(occupied, p) {
		return NameTakenError(o.Name, "a package of this name would conflict with one of Go or RoadRunner")
	}
	if slices.Contains(taken, o.Name) {
		return NameTakenError(o.Name, "RoadRunner already has a plugin or a setting of this name")
	}
	if err := module.CheckPath(o.Module); err != nil {
		return &PluginNameError{Name: o.Module, Reason: err.Error(), Hint: moduleHint}
	}
	for _, element := range strings.Split(o.Module, "/") {
		if slices.Contains(special, element) {
			return &PluginNameError{Name: o.Module, Reason: "a path with " + element + " in it means something else to Go", Hint: moduleHint}
		}
	}
	return nil
}

const moduleHint = "take a module path such as example.com/greeter"

// special are the folders whose packages nobody else can import, or that ./...
// does not have.
var special = []string{"internal", "testdata", "vendor"}

// occupied are the names of packages that would need another one where they are
// imported: those that Go's language does not allow, those of its standard library
// without a slash, and those that the files of a new plugin import.
var occupied = []string{"init", "main",
	"bufio", "bytes", "cmp", "context", "crypto", "embed", "encoding", "errors", "expvar", "flag", "fmt", "hash", "html", "image", "io", "iter",
	"log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings",
	"structs", "sync", "syscall", "testing", "time", "unicode", "unique", "unsafe", "weak",
	"http", "jobs"}

// pkg is the name of the plugin's Go package.
func (o PluginOptions) pkg() string { return strings.NewReplacer("-", "", "_", "").Replace(o.Name) }

// data is what the templates see.
type data struct {
	PluginOptions
	Package, Section, Header, Go, Ref string
	Errors, Jobs                      string
	Log                               struct{ Type, Import string }
	NeedsLog, OwnConfig               bool
	Requires                          []module.Version
	YAML                              string
}

// Plugin returns the files of a new plugin for a release.
func Plugin(rel *roadrunner.Release, c *roadrunner.Contract, o PluginOptions) ([]File, error) {
	d := data{PluginOptions: o, Package: o.pkg(), Section: o.Name, Ref: rel.Ref, Go: goVersion(rel), NeedsLog: o.Kind != "middleware",
		OwnConfig: o.Path == "", Jobs: c.Jobs}
	d.Log.Type, d.Log.Import = c.LoggerType, c.LoggerImport
	d.Header = headerName(o.Name)
	if o.Kind == "middleware" {
		d.Section = "http." + o.Name
	}
	if err := o.check(rel, c); err != nil {
		return nil, err
	}
	if err := d.requirements(rel); err != nil {
		return nil, err
	}
	d.YAML = yamlFor(d)
	names := []string{"go.mod", "plugin.go", "config.go", "plugin_test.go", "README.md"}
	switch o.Kind {
	case "rpc":
		names = append(names, "rpc.go")
	case "middleware":
		names = append(names, "worker.php")
	case "jobs":
		names = append(names, "driver.go", "item.go", "worker.php")
	}
	var out []File
	for _, name := range names {
		f, err := render(name, d)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	out = append(out, File{".gitignore", []byte("/rr\n")}, File{".rr.yaml", []byte(d.YAML)})
	if d.OwnConfig {
		f, err := ownConfig(rel, d)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// requirements are the modules that the plugin imports, at the release's
// versions.
func (d *data) requirements(rel *roadrunner.Release) error {
	need := []string{"github.com/roadrunner-server/errors"}
	if d.NeedsLog && strings.Contains(d.Log.Import, ".") {
		need = append(need, d.Log.Import)
	}
	if d.Kind == "jobs" {
		need = append(need, d.Jobs)
	}
	for _, p := range need {
		var best module.Version
		for _, req := range rel.GoMod.Require {
			if (p == req.Mod.Path || strings.HasPrefix(p, req.Mod.Path+"/")) && len(req.Mod.Path) > len(best.Path) {
				best = req.Mod
			}
		}
		if best.Path == "" {
			return fmt.Errorf("RoadRunner %s does not require %s, which the plugin needs", rel.Ref, p)
		}
		d.Requires = append(d.Requires, best)
	}
	d.Errors = need[0]
	module.Sort(d.Requires)
	return nil
}

func goVersion(rel *roadrunner.Release) string {
	if rel.GoMod.Go == nil {
		return "1.21"
	}
	return rel.GoMod.Go.Version
}

// headerName makes Rate-Limit of rate_limit.
func headerName(name string) string {
	var parts []string
	for _, p := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }) {
		parts = append(parts, strings.ToUpper(p[:1])+p[1:])
	}
	return strings.Join(parts, "-")
}

func render(name string, d data) (File, error) {
	t, err := template.New(name+".tmpl").ParseFS(templates, "plugin/"+name+".tmpl")
	if err != nil {
		return File{}, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return File{}, err
	}
	out := b.Bytes()
	switch filepath.Ext(name) {
	case ".go":
		out, err = format.Source(out)
	case ".mod":
		var f *modfile.File
		if f, err = modfile.Parse(name, out, nil); err == nil {
			f.Cleanup()
			out, err = f.Format()
		}
	}
	if err != nil {
		return File{}, fmt.Errorf("%s: %w\n%s", name, err, b.Bytes())
	}
	return File{Path: name, Data: out}, nil
}

// yamlFor are the settings with which the plugin answers.
func yamlFor(d data) string {
	base := "version: '3'\nrpc:\n  listen: tcp://127.0.0.1:6001\n"
	worker := "server:\n  command: \"php worker.php\"\n"
	switch d.Kind {
	case "service":
		return base + d.Name + ":\n  address: 127.0.0.1:7777\n  greeting: Hello\n"
	case "rpc":
		return base + d.Name + ":\n  greeting: Hello\n"
	case "middleware":
		return base + worker + "http:\n  address: 127.0.0.1:8080\n  middleware: [\"" + d.Name + "\"]\n  pool:\n    num_workers: 2\n  " +
			d.Name + ":\n    greeting: Hello\n"
	}
	// At a stop the jobs plugin waits for its idle pollers as long as it may.
	const soon = "endure:\n  grace_period: 1s # how long a stop may take; 30s would hold up run --watch\n"
	return base + soon + worker + "jobs:\n  consume: [\"test\"]\n  pool:\n    num_workers: 2\n  pipelines:\n    test:\n      driver: " + d.Name + "\n      config: {}\n" +
		d.Name + ":\n  size: 1000\n"
}

// ownConfig is a velox.toml with the plugin, and what it needs of the release.
func ownConfig(rel *roadrunner.Release, d data) (File, error) {
	only := []string{"logger", "rpc"}
	switch d.Kind {
	case "middleware":
		only = append(only, "server", "http")
	case "jobs":
		only = append(only, "server", "jobs")
	}
	text, _, err := Config(rel, only, d.Mirrors)
	if err != nil {
		return File{}, err
	}
	text = fmt.Appendf(text, "\n# This plugin\n\n[plugins.%s]\npath = \".\"\n", d.Name)
	return File{Path: "velox.toml", Data: text}, nil
}
