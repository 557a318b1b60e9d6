// Package portable writes a config for a vendor folder, so that it means the same
// on another machine, and reads it there: begin at [Write]. Whoever makes the
// folder may have changed it, so [Read] takes no more than Write writes.
package portable

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/vxlite/vxlite/internal/config"
)

// Options are what a portable config has besides the config's own.
type Options struct {
	// Private are GOPRIVATE's patterns where the config was read.
	Private []string
	// Profile is the profile's file, relative to the portable config, where
	// the config has a profile of its own.
	Profile string
}

// Write writes a config so that it means the same on another machine: with
// its variables replaced by their values, in today's keys, and without what is
// of this machine alone or secret, which are mirrors, credentials and tokens.
// A config with local directories cannot be carried: see [LocalError].
func Write(c *config.Config, o Options) ([]byte, error) {
	if local := localDirs(c); len(local) > 0 {
		return nil, &LocalError{Dirs: local}
	}
	p := document{
		RoadRunner: roadRunnerTable{Ref: c.RoadRunner.Ref, URL: cloneURL(c, c.RoadRunner.URL), Patches: patchFiles(c.RoadRunner.Patches)},
		Plugins:    map[string]pluginTable{},
		Build:      build(c.Build, o.Profile),
	}
	for _, m := range append(slices.Clone(c.Git.Modules), o.Private...) {
		if !slices.Contains(p.Git.Modules, m) {
			p.Git.Modules = append(p.Git.Modules, m)
		}
	}
	slices.Sort(p.Git.Modules)
	for _, x := range c.Plugins {
		out := pluginTable{Module: x.ModulePath, URL: cloneURL(c, x.URL), Ref: x.Ref, Folder: x.Folder, Import: x.Import, Symbol: x.Symbol,
			Checksum: checksum(x.ChecksumOff), Patches: patchFiles(x.Patches)}
		if x.Replace != nil {
			out.Replace = x.Replace.Module.String()
		}
		p.Plugins[x.Name] = out
	}
	for _, x := range c.Modules {
		p.Modules = append(p.Modules, moduleTable{Module: x.Path, URL: cloneURL(c, x.URL), Ref: x.Ref, Folder: x.Folder, Checksum: checksum(x.ChecksumOff), Patches: patchFiles(x.Patches)})
	}
	for _, x := range c.Replaces {
		p.Replaces = append(p.Replaces, replaceTable{Old: x.Old.String(), New: x.New.Module.String()})
	}
	for _, x := range c.Excludes {
		p.Excludes = append(p.Excludes, excludeTable{Module: x.Module.Path, Version: x.Module.Version})
	}
	p.sort()
	p.Debug.Enabled = c.Build.Debug
	p.Check.AllowDisabled, p.Check.Allow = c.Check.AllowDisabled, c.Check.Allow
	for _, x := range c.Audit.Ignore {
		e := ignoredTable{ID: x.ID, Reason: x.Reason}
		if !x.Until.IsZero() {
			e.Until = x.Until.Format(time.DateOnly)
		}
		p.Audit.Ignore = append(p.Audit.Ignore, e)
	}
	p.Audit.Licences.Allow = c.Audit.Licences
	return p.encode()
}

// PatchFile is where a patch lies to a portable config, slash-separated. Its own
// name stays, since binaries have it.
func PatchFile(p config.Patch) string { return path.Join("patches", p.SHA256[:16], path.Base(p.Name)) }

func patchFiles(patches []config.Patch) (out []string) {
	for _, p := range patches {
		out = append(out, PatchFile(p))
	}
	return out
}

// cloneURL is a clone URL without what may be a secret, which a name over
// HTTP is, and without a directory of this machine. It is there for the lock to
// fit, and nobody will clone from it.
func cloneURL(c *config.Config, s string) string {
	if written, ok := c.Written[s]; ok {
		return filepath.ToSlash(written)
	}
	if filepath.IsAbs(s) {
		return "/" + strings.TrimSuffix(filepath.Base(s), ".git")
	}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.User != nil {
		u.User = nil
		return u.String()
	}
	return s
}

func checksum(off bool) string {
	if off {
		return "off"
	}
	return ""
}

// sort puts the entries in an order of their own, so that the same build gives
// the same bytes however the config orders it.
func (p *document) sort() {
	slices.SortFunc(p.Modules, func(a, b moduleTable) int { return strings.Compare(a.Module, b.Module) })
	slices.SortFunc(p.Replaces, func(a, b replaceTable) int { return strings.Compare(a.Old, b.Old) })
	slices.SortFunc(p.Excludes, func(a, b excludeTable) int {
		return strings.Compare(a.Module+" "+a.Version, b.Module+" "+b.Version)
	})
}

// encode writes the TOML.
func (p *document) encode() ([]byte, error) {
	data, err := toml.Marshal(p)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(data, []byte("${")) {
		return nil, fmt.Errorf(`a value of the config has "${" in it once its variables are replaced`)
	}
	return append([]byte("# Written by vxlite vendor. The variables of the config it was made from are replaced\n# by their values; mirrors and credentials are left out, as nothing is fetched.\n\n"), data...), nil
}

func build(b config.Build, profile string) buildTable {
	out := buildTable{Name: b.Name, Version: b.Version, Time: b.Time, Tags: b.Tags, GCFlags: b.GCFlags, CGO: b.CGO, Race: b.Race, PGO: b.PGO}
	if profile != "" {
		out.PGO = profile
	}
	for _, f := range b.LDFlags {
		if strings.ContainsAny(f, ` "'`) || f == "" { // as splitQuoted reads it
			quote := `"`
			if strings.Contains(f, quote) {
				quote = "'"
			}
			f = quote + f + quote
		}
		out.LDFlags = append(out.LDFlags, f)
	}
	for _, t := range b.Targets {
		out.Targets = append(out.Targets, t.String())
	}
	return out
}

// LocalError is a config that takes modules from directories, which have no
// commit that could be carried elsewhere.
type LocalError struct {
	// Dirs are "plugin mine: /home/me/mine", in the config's order.
	Dirs []string
}

// Error implements error.
func (e *LocalError) Error() string {
	return "local directories cannot be vendored: " + strings.Join(e.Dirs, ", ")
}

// Hints says what can be.
func (*LocalError) Hints() []string {
	return []string{"commit them, and set url and ref in place of path or replace"}
}

// localDirs names what of the config is a directory of this machine.
func localDirs(c *config.Config) []string {
	var out []string
	add := func(what, dir string) {
		if dir != "" {
			out = append(out, what+": "+dir)
		}
	}
	add("roadrunner", c.RoadRunner.Path)
	for _, p := range c.Plugins {
		add("plugin "+p.Name, p.Path)
		if p.Replace != nil {
			add("plugin "+p.Name, p.Replace.Dir)
		}
	}
	for _, m := range c.Modules {
		add("module "+m.Path, m.Dir)
	}
	for _, r := range c.Replaces {
		add("module "+r.Old.Path, r.New.Dir)
	}
	return out
}

// document is the file's form.
type document struct {
	RoadRunner roadRunnerTable        `toml:"roadrunner"`
	Plugins    map[string]pluginTable `toml:"plugins"`
	Git        gitTable               `toml:"git,omitempty"`
	Modules    []moduleTable          `toml:"modules,omitempty"`
	Replaces   []replaceTable         `toml:"replaces,omitempty"`
	Excludes   []excludeTable         `toml:"excludes,omitempty"`
	Build      buildTable             `toml:"build"`
	Debug      struct {
		Enabled bool `toml:"enabled,omitempty"`
	} `toml:"debug,omitempty"`
	Check struct {
		AllowDisabled []string `toml:"allow_disabled,omitempty"`
		Allow         []string `toml:"allow,omitempty"`
	} `toml:"check,omitempty"`
	Audit struct {
		Ignore   []ignoredTable `toml:"ignore,omitempty"`
		Licences struct {
			Allow []string `toml:"allow,omitempty"`
		} `toml:"licences,omitempty"`
	} `toml:"audit,omitempty"`
}

type ignoredTable struct {
	ID     string `toml:"id"`
	Until  string `toml:"until,omitempty"`
	Reason string `toml:"reason,omitempty"`
}

type roadRunnerTable struct {
	Ref     string   `toml:"ref,omitempty"`
	URL     string   `toml:"url,omitempty"`
	Patches []string `toml:"patches,omitempty"`
}

type pluginTable struct {
	Module   string   `toml:"module_name,omitempty"`
	URL      string   `toml:"url,omitempty"`
	Ref      string   `toml:"ref,omitempty"`
	Folder   string   `toml:"folder,omitempty"`
	Import   string   `toml:"import,omitempty"`
	Symbol   string   `toml:"symbol,omitempty"`
	Replace  string   `toml:"replace,omitempty"`
	Checksum string   `toml:"checksum,omitempty"`
	Patches  []string `toml:"patches,omitempty"`
}

type gitTable struct {
	Modules []string `toml:"modules,omitempty"`
}

type moduleTable struct {
	Module   string   `toml:"module"`
	URL      string   `toml:"url,omitempty"`
	Ref      string   `toml:"ref,omitempty"`
	Folder   string   `toml:"folder,omitempty"`
	Checksum string   `toml:"checksum,omitempty"`
	Patches  []string `toml:"patches,omitempty"`
}

type replaceTable struct {
	Old string `toml:"old"`
	New string `toml:"new"`
}

type excludeTable struct {
	Module  string `toml:"module"`
	Version string `toml:"version"`
}

type buildTable struct {
	Name    string   `toml:"name"`
	Version string   `toml:"version,omitempty"`
	Time    string   `toml:"time,omitempty"`
	Tags    []string `toml:"tags,omitempty"`
	LDFlags []string `toml:"ldflags,omitempty"`
	GCFlags []string `toml:"gcflags,omitempty"`
	CGO     bool     `toml:"cgo,omitempty"`
	Race    bool     `toml:"race,omitempty"`
	PGO     string   `toml:"pgo"`
	Targets []string `toml:"targets,omitempty"`
}
