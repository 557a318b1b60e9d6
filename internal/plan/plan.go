// Package plan is what a config comes to: every module that comes from git, at one
// commit each, and every directive that the workspace needs. Begin at [Plan], in
// plan.go. Package resolve makes one; all else reads it.
package plan

import (
	"cmp"
	"fmt"
	gover "go/version"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/source"
)

// Plan is all that generating and compiling need to know.
type Plan struct {
	// RoadRunner is also one of Modules.
	RoadRunner *Module
	// Modules are the git-sourced modules, sorted by path.
	Modules []*Module
	// Plugins are what main.go registers, sorted by import path.
	Plugins []Plugin
	// Release are the modules of the plugins of RoadRunner's release, at the
	// release's versions, sorted.
	Release []module.Version
	// Replaces are those for modules that do not come from git, sorted.
	Replaces []Replace
	// Excludes are sorted.
	Excludes []module.Version
	// Overruled are the requirements on git-sourced modules that ask for more
	// than what is linked, sorted; the workspace excludes them.
	Overruled []Requirement
	// Private are the patterns of modules that no proxy is asked for.
	Private []string
	// Overridden says that flags put something in the place of modules, or that
	// there is no file of the config: the plan is not its own, and no lock is made
	// of it.
	Overridden bool
	// Notes are for the user. Overrulings are too: they say where the config
	// links less than is required, and concern who writes the lock.
	Notes, Overrulings []string
	// Written is Config.Written, for the clone URLs of the lock.
	Written map[string]string
}

// Module is one git-sourced module.
type Module struct {
	Path    string
	Version string // canonical; a pseudo-version for a commit without a tag
	// Names are the plugins' names in the config, "roadrunner" for RoadRunner.
	// Other modules have none; one whose packages are several plugins has several.
	Names []string
	Pos   config.Position
	// URL is the clone URL as written, From the one after mirrors.
	URL, From string
	// Stored says that the store had the commit, so that nothing came from From.
	Stored bool
	// Tag is the one that led to the commit, or empty.
	Tag string
	// Ref is what the config or a requirement asks for.
	Ref    string
	Commit string // 40 hex digits; empty for a local directory
	Time   time.Time
	Folder string // slash-separated; empty for the repository's root
	// Dir is an absolute directory with the module's files, not to be written to.
	Dir string
	// Patches are what was applied to the commit's files, which Dir has with them;
	// nil for none.
	Patches *patch.Series
	// Local says that Dir is the user's own, and may change.
	Local bool
	GoMod *modfile.File
	// NoGoMod says that there is no file go.mod in Dir: GoMod is what the go
	// command makes up for it.
	NoGoMod bool
	// Own is the module that the files are published as, which go.sum may know:
	// Path and Version, or another where a replace says so. It is zero where the
	// files are a folder's that stands in for a module, which no go.sum knows.
	Own module.Version
	// H1 and GoModH1 are the hashes of the module's zip and of its go.mod, as in
	// go.sum, for Own or else for Path and Version, without the patches. They are
	// empty for a local directory.
	H1, GoModH1 string
	// ChecksumOff leaves go.sum files out of account.
	ChecksumOff bool
	// InsteadOf is what a plugin's own entry asks for where its `replace` takes
	// another module: its URL and ref.
	InsteadOf string
	// OnlyVersion is the one version that the module stands in for; empty for
	// all. It comes from a [[replaces]] with a version, for a module that is
	// otherwise the proxy's.
	OnlyVersion string
	// Pinned says that the config names the module: no requirement moves it.
	Pinned bool
	// ReplacesCount says that the module's own replace directives count.
	ReplacesCount bool
	// BroughtBy names the module whose replace directive brought this one; empty for
	// what the config names and for the closure.
	BroughtBy string
	// Notes tell of what may be wrong with Version; mostly none.
	Notes []string
}

// Name is what the config calls the module: its plugin, or several with commas
// between; empty for one that is no plugin.
func (m *Module) Name() string { return strings.Join(m.Names, ", ") }

// Label is the name that the config has for a module, else its path.
func (m *Module) Label() string { return cmp.Or(m.Name(), m.Path) }

// Hashed is what the module's hash is of.
func (m *Module) Hashed() module.Version {
	if m.Own != (module.Version{}) {
		return m.Own
	}
	return module.Version{Path: m.Path, Version: m.Version}
}

// Place says where a module's files come from, for messages.
func (m *Module) Place() string {
	if m.Local {
		return m.Dir
	}
	s := fmt.Sprintf("%s at %.12s", m.URL, m.Commit)
	if m.Folder != "" {
		s += " folder " + m.Folder
	}
	return s
}

// Tell adds a note, if it is one.
func (m *Module) Tell(note string) {
	if note != "" {
		m.Notes = append(m.Notes, note)
	}
}

// Found is the module's commit with its patches, as source has it.
func (m *Module) Found() source.Found {
	return source.Found{Commit: m.Commit, Time: m.Time, URL: m.URL, From: m.From, NoGoMod: m.NoGoMod, Patches: m.Patches}
}

// Plugin is one value to register.
type Plugin struct {
	Name   string // in the config; the module path's own for a bundled one
	Pos    config.Position
	Import string // import path of its package
	Symbol string // the struct's name
	Module string // module path
	// Bundled says that it comes with RoadRunner.
	Bundled bool
}

// Replace is a replace directive for a module that does not come from git.
type Replace struct {
	Old module.Version // an empty Version means all
	New module.Version // Path is an absolute directory where Version is empty
	// By names the module or config line that asked for it.
	By string
	// Config says that the config asks for it, and no go.mod does.
	Config bool
}

// Requirement is one line of a go.mod.
type Requirement struct {
	By     string // module path of the go.mod
	Module module.Version
}

// Lookup returns the git-sourced module of that path, or nil.
func (p *Plan) Lookup(path string) *Module {
	for _, m := range p.Modules {
		if m.Path == path {
			return m
		}
	}
	return nil
}

// GoVersion returns the highest Go version that a git-sourced module asks for,
// as its go line has it.
func (p *Plan) GoVersion() string {
	_, v := p.NewestGo()
	return v
}

// NewestGo returns the module that asks for the highest Go version, the first
// by path where several do, and that version.
func (p *Plan) NewestGo() (*Module, string) {
	var who *Module
	version := "1.21" // the first whose go line is a requirement
	for _, m := range p.Modules {
		if m.GoMod.Go == nil {
			continue
		}
		if v := m.GoMod.Go.Version; who == nil && gover.Compare("go"+v, "go"+version) >= 0 || gover.Compare("go"+v, "go"+version) > 0 {
			who, version = m, v
		}
	}
	return who, version
}

// MadeUpGoMod is the go.mod of a module that has none: what the go command has
// in the place of one.
func MadeUpGoMod(modulePath string) []byte {
	return fmt.Appendf(nil, "module %s\n", modfile.AutoQuote(modulePath))
}
