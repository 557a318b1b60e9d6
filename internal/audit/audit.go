// Package audit finds the known vulnerabilities of a server: begin at [File] and [Config].
//
// What is known is package vulndb's to read. What of it concerns a program is
// decided by govulncheck's own library, golang.org/x/vuln/scan, in its binary mode:
// by the versions of the modules and the functions that are linked. It is not given
// the file, but what vxlite reads of it, which is more than govulncheck does: the
// functions of a stripped program, by package binsize, and the versions of modules
// from git, which the workspace replaces by folders.
//
// A config is linked for it, into a directory that is removed. govulncheck's source
// mode would tell which functions are called, not only linked; of RoadRunner with
// its own plugins that takes 100 s and 5.4 GB of memory, and plugins call each
// other by interfaces that it has to guess at.
package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/binsize"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/vulndb"
	"github.com/vxlite/vxlite/internal/workspace"
)

// Reach says how much of a vulnerability is in a program. A higher one includes
// those below it.
type Reach int

const (
	// ReachModule is a module of a vulnerable version.
	ReachModule Reach = iota
	// ReachPackage is a vulnerable package of it that is linked, and ReachSymbol a
	// vulnerable function.
	ReachPackage
	ReachSymbol
)

// String is the word for it.
func (r Reach) String() string { return [...]string{"module", "package", "symbol"}[r] }

// MarshalText implements encoding.TextMarshaler.
func (r Reach) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Result is what was found.
type Result struct {
	// File is the binary, the config or the lock.
	File string `json:"file"`
	// SHA256 is a binary's.
	SHA256 string `json:"sha256,omitempty"`
	// Go is the toolchain: go1.26.4.
	Go       string   `json:"go"`
	Database Database `json:"database"`
	// Findings are sorted by module and ID.
	Findings []Finding `json:"findings"`
	// Skipped are modules whose version is not known, such as local directories.
	Skipped []string `json:"skipped,omitempty"`
	// Licences are the modules under others than the config allows.
	Licences []Licence `json:"licences,omitempty"`
	// Notes are what in the config concerns nothing.
	Notes []string `json:"notes,omitempty"`
	// Sources says that the import graph is known, and with it which plugins bring a
	// module.
	Sources bool `json:"sources"`

	inDatabase func(id string) bool
}

// Database says which one it was held against.
type Database struct {
	Name string `json:"name"`
	// Modified is when an entry was last changed.
	Modified time.Time `json:"modified"`
}

// Finding is one vulnerability in one module.
type Finding struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"`
	Summary string   `json:"summary,omitempty"`
	// Module is "stdlib" for the standard library.
	Module  string `json:"module"`
	Version string `json:"version"`
	// Fixed is the version that mends it; empty where there is none.
	Fixed string `json:"fixed,omitempty"`
	// Reach is how much of it is there. Where Known is not set, only versions were
	// compared, and more may be.
	Reach Reach `json:"reach"`
	Known bool  `json:"linked_known"`
	// Packages and Symbols are the vulnerable ones that are linked, sorted.
	Packages []string `json:"packages,omitempty"`
	Symbols  []string `json:"symbols,omitempty"`
	// Plugins are those that bring the module, sorted, and Chain are the packages of
	// the shortest chain of imports from one of them.
	Plugins []string `json:"plugins,omitempty"`
	Chain   []string `json:"chain,omitempty"`
	// Remedy is what to write into velox.toml, or to do, as a hint has it.
	Remedy string `json:"remedy,omitempty"`
	// Ignored is what the config says of it; nil for nothing.
	Ignored *Ignored `json:"ignored,omitempty"`
}

// Ignored is an entry of [audit] ignore.
type Ignored struct {
	// Until is the last day on which it counts, zero for no end.
	Until   time.Time `json:"until,omitzero"`
	Expired bool      `json:"expired,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

// Linked reports whether a vulnerable function is linked, as far as is known.
func (f *Finding) Linked() bool { return !f.Known || f.Reach == ReachSymbol }

// Counts reports whether a finding is one to fail for: it is linked, and not
// ignored, or no longer.
func (f *Finding) Counts() bool {
	return f.Linked() && (f.Ignored == nil || f.Ignored.Expired)
}

// Options say where to look for known vulnerabilities.
type Options struct {
	// DB is an address, a folder or an archive; empty for the module proxy's.
	DB string
	// Ignore is what does not count in a binary that is audited without its config.
	Ignore []config.Ignored
	// Now is the time by which what the config ignores expires.
	Now time.Time
}

// File audits a binary, or a lock where the file's name ends so. Of a lock, only the
// versions are known.
func File(ctx context.Context, m workspace.Machine, o Options, file string) (*Result, error) {
	read := readBinary
	if filepath.Ext(file) == ".lock" {
		read = readLock
	}
	b, err := read(file)
	if err != nil {
		return nil, err
	}
	k, err := workspace.Open(ctx, m, workspace.Project{})
	if err != nil {
		return nil, err
	}
	client, err := source.NewClient(source.Options{Store: k.Store, Env: k.Env, Jobs: max(1, k.Jobs), Offline: k.Offline, Sink: k.Sink})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	db, err := k.OpenVulnDB(ctx, client.HTTP(), o.DB)
	if err != nil {
		return nil, err
	}
	r, _, err := auditBinary(ctx, k, client.HTTP(), db, b)
	if err != nil {
		return nil, err
	}
	r.ignore(o.Ignore, o.Now)
	return r, nil
}

// readBinary reads a binary, of vxlite or of any other tool.
func readBinary(file string) (*inspect.Binary, error) {
	b, err := inspect.Read(file)
	if b != nil {
		return b, nil // without a manifest, what the go command records will do
	}
	return nil, err
}

// readLock is what would be linked by a lock, on some platform.
func readLock(file string) (*inspect.Binary, error) {
	l, err := lock.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %s", file, disk.Reason(err))
	}
	if err != nil {
		return nil, err
	}
	b := &inspect.Binary{File: file, Go: l.Go, Manifest: &manifest.Manifest{}}
	for _, e := range l.Modules {
		b.Manifest.Modules = append(b.Manifest.Modules, manifest.Module{Path: e.Path, Version: e.Version, ReplacedBy: e.ReplacedBy})
	}
	for _, s := range l.Sums {
		if s.H1 != "" {
			b.ThirdParty = append(b.ThirdParty, inspect.Module{Path: s.Path, Version: s.Version})
		}
	}
	return b, nil
}

func auditBinary(ctx context.Context, k *workspace.Kit, client *http.Client, from *vulndb.Source, b *inspect.Binary) (*Result, *subject, error) {
	s := subjectOf(b)
	if s.named { // a lock has neither functions nor names
		if functions, err := binsize.Functions(b.File); err == nil {
			s.setSymbols(symbols(functions))
		} // else another Go's, or packed: its versions are known all the same
	}
	db, err := k.VulnDBAbout(ctx, client, from, s.concerns)
	if err != nil {
		return nil, nil, err
	}
	dir, remove, err := k.Store.TempDir()
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	all, err := runScan(ctx, s.program, db.Entries, dir)
	if err != nil {
		return nil, nil, err
	}
	r := &Result{File: b.File, SHA256: b.SHA256, Go: b.Go, Database: Database{db.Name, db.Modified}, Skipped: s.skipped}
	r.Findings, r.inDatabase = s.findings(all, db.Entries), db.Has
	return r, s, nil
}

// Error says that something vulnerable is linked, or that modules are under licences
// that are not allowed.
type Error struct {
	// Findings are those to fail for, Linked how many vulnerabilities these are of:
	// one may be in several of the Modules.
	Findings, Linked, Modules, Licences int
	// Perhaps says that of some only the versions are known.
	Perhaps bool
}

// Error implements error.
func (e *Error) Error() string {
	var parts []string
	if e.Linked > 0 {
		what := count(e.Linked, "known vulnerability is", "known vulnerabilities are") + " linked"
		if e.Perhaps {
			what = count(e.Linked, "known vulnerability", "known vulnerabilities") + " may be linked"
		}
		what += ", in " + count(e.Modules, "module", "modules")
		if e.Findings > e.Linked {
			what += fmt.Sprintf(" (%d findings)", e.Findings)
		}
		parts = append(parts, what)
	}
	if e.Licences > 0 {
		parts = append(parts, count(e.Licences, "module is", "modules are")+" not under a licence that audit.licences allows")
	}
	return strings.Join(parts, "; ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// ExitStatus is that of a check that found a problem.
func (*Error) ExitStatus() int { return 3 }

// Check returns an [*Error] where something vulnerable is linked, or a licence is not
// allowed.
func (r *Result) Check() error {
	modules, ids, perhaps := map[string]bool{}, map[string]bool{}, false
	findings := 0
	for _, f := range r.Findings {
		if f.Counts() {
			findings++
			modules[f.Module], ids[f.ID] = true, true
			perhaps = perhaps || !f.Known
		}
	}
	if len(ids)+len(r.Licences) == 0 {
		return nil
	}
	return &Error{Findings: findings, Linked: len(ids), Modules: len(modules), Licences: len(r.Licences), Perhaps: perhaps}
}

// findings words what was found.
func (s *subject) findings(all []found, entries []vulndb.Entry) []Finding {
	newest := map[string]string{} // by module: what mends all of it
	for _, f := range all {
		if semver.Compare(f.fixed, newest[f.module]) > 0 {
			newest[f.module] = f.fixed
		}
	}
	for path, version := range newest {
		newest[path] = clean(path, version, entries)
	}
	out := []Finding{}
	for _, f := range all {
		one := Finding{ID: f.id, Module: f.module, Version: f.version, Fixed: f.fixed, Reach: f.reach, Known: s.program.PkgSymbols != nil,
			Packages: f.packages, Symbols: f.symbols}
		if i, ok := slices.BinarySearchFunc(entries, f.id, func(e vulndb.Entry, id string) int { return cmp.Compare(e.ID, id) }); ok {
			one.Aliases, one.Summary = entries[i].Aliases, entries[i].Summary
		}
		if name := s.plugin(f.module); name != "" {
			one.Plugins = []string{name}
		}
		if f.fixed != "" {
			one.Remedy = s.remedy(f.module, newest[f.module])
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.ID, b.ID)) })
	return out
}

// clean is the first version from one on that no entry is about, but for entries that
// nothing fixes. What is fixed in two releases may be open again in a third.
func clean(path, version string, entries []vulndb.Entry) string {
	for again := true; again; {
		again = false
		for i := range entries {
			if fixed := entries[i].FixedAfter(path, version); fixed != "" { // which is higher
				version, again = fixed, true
			}
		}
	}
	return version
}
