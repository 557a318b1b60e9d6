package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
)

// GoSums are the lines of the go.sum files of the git-sourced modules: what
// their authors saw.
type GoSums struct {
	// first are the hashes by "PATH VERSION", as a line begins; more are those
	// that differ from the first.
	first map[string]goSum
	more  map[string][]goSum
}

// goSum is a hash, and the module whose go.sum has it.
type goSum struct {
	hash string
	by   *Module
}

// GoSums reads the go.sum files. Lines that are none are left out, as nothing
// was ever compared with them.
func (p *Plan) GoSums() (*GoSums, error) {
	s := &GoSums{first: map[string]goSum{}, more: map[string][]goSum{}}
	for _, m := range p.Modules {
		data, err := os.ReadFile(filepath.Join(m.Dir, "go.sum"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(data)) {
			s.add(m, strings.TrimSpace(line))
		}
	}
	return s, nil
}

func (s *GoSums) add(m *Module, line string) {
	name, hash, ok := cutLast(line)
	if !ok || strings.Count(name, " ") != 1 {
		return
	}
	first, known := s.first[name]
	switch {
	case !known:
		s.first[name] = goSum{hash, m}
	case first.hash != hash:
		s.more[name] = append(s.more[name], goSum{hash, m})
	}
}

func cutLast(line string) (before, after string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// Lines returns the lines about modules that are not the plan's own, sorted
// and each of them once.
func (s *GoSums) Lines(p *Plan) []string {
	own := map[string]bool{}
	for _, m := range p.Modules {
		own[m.Path] = m.OnlyVersion == ""
	}
	var out []string
	for name, sum := range s.first {
		if mod, _, _ := strings.Cut(name, " "); own[mod] {
			continue
		}
		out = append(out, name+" "+sum.hash)
		for _, other := range s.more[name] {
			out = append(out, name+" "+other.hash)
		}
	}
	sort.Strings(out)
	return compactLines(out)
}

func compactLines(sorted []string) []string {
	out := sorted[:0]
	for i, l := range sorted {
		if i == 0 || l != sorted[i-1] {
			out = append(out, l)
		}
	}
	return out
}

// Knows reports whether a go.sum has a module. The version ends in /go.mod
// where the question is for that alone.
func (s *GoSums) Knows(mod module.Version) bool {
	_, ok := s.first[mod.Path+" "+mod.Version]
	return ok
}

// Who names the module whose go.sum has a hash. The version ends in /go.mod
// where the hash is of that.
func (s *GoSums) Who(mod module.Version, hash string) (string, bool) {
	name := mod.Path + " " + mod.Version
	for _, sum := range append(s.more[name], s.first[name]) {
		if sum.hash == hash && sum.by != nil {
			return sum.by.label() + " " + sum.by.Version, true
		}
	}
	return "", false
}

// SumError is a module with other bytes than were expected.
type SumError struct {
	// Name is the module's in the config, or its path.
	Name string
	// Module is what was hashed; GoMod says that it is only its go.mod.
	Module module.Version
	GoMod  bool
	// Got is the hash of what From has; it may be empty for the module proxy.
	Got, From string
	// Want is the expected hash, and By where that comes from.
	Want, By string
	// Proxied says that the go command got the files from a module proxy.
	Proxied bool
	// Off are the lines of config that turn the comparison off, if any can.
	Off []string
}

// Error implements error.
func (e *SumError) Error() string {
	what := e.Module.Path + " " + e.Module.Version
	if e.GoMod {
		what = "go.mod of " + what
	}
	return fmt.Sprintf("%s: checksum mismatch for %s\n  %s: from %s\n  %s: from %s", e.Name, what, e.Got, e.From, e.Want, e.By)
}

// Hints says what can be done where the difference is wanted.
func (e *SumError) Hints() []string {
	if e.Proxied {
		return []string{"ask another module proxy, with GOPROXY, and remove this copy from the module cache: go clean -modcache"}
	}
	if strings.HasSuffix(e.From, ".lock") {
		return []string{"one of the two was changed: compare the lock with what version control has"}
	}
	hints := []string{"the tag was moved after it was published, or a mirror serves other files: find out which"}
	if len(e.Off) > 0 {
		hints = append(hints, "for a fork that keeps the tag, turn the comparison off:\n"+strings.Join(e.Off, "\n"))
	}
	return hints
}

// CheckSums compares the modules from git with a lock, which may be nil, and
// with every go.sum that knows them. The error joins all that differ.
func (p *Plan) CheckSums(known *GoSums, old *lock.File, lockName string) error {
	var errs []error
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		if err := p.checkLocked(m, old, lockName); err != nil {
			errs = append(errs, err)
		} else if err := m.checkGoSum(known); err != nil {
			errs = append(errs, err)
		}
	}
	if old != nil {
		errs = append(errs, known.checkThirdParty(old.Sums, lockName)...)
	}
	return errors.Join(errs...)
}

// checkThirdParty compares a lock's checksums with the go.sum files: where some
// know a module, one of them must agree.
func (s *GoSums) checkThirdParty(sums []lock.Sum, lockName string) (errs []error) {
	for _, sum := range sums {
		for _, goMod := range []bool{false, true} {
			name, got := sum.Path+" "+sum.Version, sum.H1
			if goMod {
				name, got = name+"/go.mod", sum.GoMod
			}
			first, known := s.first[name]
			same := func(other goSum) bool { return other.hash == got }
			if got == "" || !known || same(first) || slices.ContainsFunc(s.more[name], same) {
				continue
			}
			errs = append(errs, &SumError{Name: sum.Path, Module: module.Version{Path: sum.Path, Version: sum.Version}, GoMod: goMod,
				Got: got, From: lockName, Want: first.hash, By: "go.sum of " + first.by.label() + " " + first.by.Version})
		}
	}
	return errs
}

// checkLocked compares a module with its entry in the lock. A commit has one
// tree, so its hash cannot change with anything else.
func (p *Plan) checkLocked(m *Module, old *lock.File, lockName string) error {
	if old == nil {
		return nil
	}
	e := old.Lookup(m.Path)
	if e == nil || e.Commit != m.Commit || e.Folder != m.Folder || e.Version != m.Version || e.H1 == m.H1 {
		return nil
	}
	return &SumError{Name: m.label(), Module: m.own(), Got: m.H1, From: m.origin(), Want: e.H1, By: lockName}
}

// checkGoSum compares a module with the go.sum files that know its version.
func (m *Module) checkGoSum(known *GoSums) error {
	if m.ChecksumOff || m.Own == (module.Version{}) {
		return nil
	}
	for _, goMod := range []bool{false, true} {
		name, got := m.Own.Path+" "+m.Own.Version, m.H1
		if goMod {
			name, got = name+"/go.mod", m.GoModH1
		}
		for _, sum := range append([]goSum{known.first[name]}, known.more[name]...) {
			if sum.hash == "" || sum.hash == got || !strings.HasPrefix(sum.hash, "h1:") {
				continue
			}
			return &SumError{Name: m.label(), Module: m.Own, GoMod: goMod, Got: got, From: m.origin(),
				Want: sum.hash, By: "go.sum of " + sum.by.label() + " " + sum.by.Version, Off: m.off()}
		}
	}
	return nil
}

// own is what the module's hash is of.
func (m *Module) own() module.Version {
	if m.Own != (module.Version{}) {
		return m.Own
	}
	return module.Version{Path: m.Path, Version: m.Version}
}

// origin says where the files came from, after mirrors.
func (m *Module) origin() string { return fmt.Sprintf("%s at %.12s", m.From, m.Commit) }

// off are the lines of config that leave go.sum files out of account for a module.
func (m *Module) off() []string {
	off := config.Setting{Key: "checksum", Value: "off"}
	switch {
	case m.Name() == "roadrunner":
		return nil
	case len(m.Names) > 0:
		return config.TableLines(config.PluginHeader(m.Names[0]), off)
	}
	return config.TableLines("[[modules]]", config.Setting{Key: "module", Value: m.Path}, off)
}
