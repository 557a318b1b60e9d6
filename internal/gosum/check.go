package gosum

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/plan"
)

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

// Check compares the modules from git with a lock, which may be nil, and
// with every go.sum that knows them. The error joins all that differ.
func Check(p *plan.Plan, known *Sums, old *lock.File, lockName string) error {
	var errs []error
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		if err := checkLocked(m, old, lockName); err != nil {
			errs = append(errs, err)
		} else if err := checkGoSum(m, known); err != nil {
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
func (s *Sums) checkThirdParty(sums []lock.Sum, lockName string) (errs []error) {
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
				Got: got, From: lockName, Want: first.hash, By: "go.sum of " + first.by.Label() + " " + first.by.Version})
		}
	}
	return errs
}

// checkLocked compares a module with its entry in the lock. A commit has one
// tree, so its hash cannot change with anything else.
func checkLocked(m *plan.Module, old *lock.File, lockName string) error {
	if old == nil {
		return nil
	}
	e := old.Lookup(m.Path)
	if e == nil || e.Commit != m.Commit || e.Folder != m.Folder || e.Version != m.Version || e.H1 == m.H1 {
		return nil
	}
	return &SumError{Name: m.Label(), Module: m.Hashed(), Got: m.H1, From: origin(m), Want: e.H1, By: lockName}
}

// checkGoSum compares a module with the go.sum files that know its version.
func checkGoSum(m *plan.Module, known *Sums) error {
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
			return &SumError{Name: m.Label(), Module: m.Own, GoMod: goMod, Got: got, From: origin(m),
				Want: sum.hash, By: "go.sum of " + sum.by.Label() + " " + sum.by.Version, Off: off(m)}
		}
	}
	return nil
}

// origin says where the files came from, after mirrors.
func origin(m *plan.Module) string { return fmt.Sprintf("%s at %.12s", m.From, m.Commit) }

// off are the lines of config that leave go.sum files out of account for a module.
func off(m *plan.Module) []string {
	off := config.Setting{Key: "checksum", Value: "off"}
	switch {
	case m.Name() == "roadrunner":
		return nil
	case len(m.Names) > 0:
		return config.TableLines(config.PluginHeader(m.Names[0]), off)
	}
	return config.TableLines("[[modules]]", config.Setting{Key: "module", Value: m.Path}, off)
}
