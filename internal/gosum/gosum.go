// Package gosum holds the modules of a plan against what others saw of them: the
// go.sum files of all modules, and a lock. Begin at [Read] and [Check].
package gosum

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/plan"
)

// Sums are the lines of the go.sum files of the git-sourced modules: what
// their authors saw.
type Sums struct {
	// first are the hashes by "PATH VERSION", as a line begins; more are those
	// that differ from the first.
	first map[string]goSum
	more  map[string][]goSum
}

// goSum is a hash, and the module whose go.sum has it.
type goSum struct {
	hash string
	by   *plan.Module
}

// Read reads the go.sum files of a plan. Lines that are none are left out, as nothing
// was ever compared with them.
func Read(p *plan.Plan) (*Sums, error) {
	s := &Sums{first: map[string]goSum{}, more: map[string][]goSum{}}
	for _, m := range p.Modules {
		data, err := disk.ReadText(filepath.Join(m.Dir, "go.sum"))
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

func (s *Sums) add(m *plan.Module, line string) {
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
func (s *Sums) Lines(p *plan.Plan) []string {
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
	return slices.Compact(out)
}

// Knows reports whether a go.sum has a module. The version ends in /go.mod
// where the question is for that alone.
func (s *Sums) Knows(mod module.Version) bool {
	_, ok := s.first[mod.Path+" "+mod.Version]
	return ok
}

// Who names the module whose go.sum has a hash. The version ends in /go.mod
// where the hash is of that.
func (s *Sums) Who(mod module.Version, hash string) (string, bool) {
	name := mod.Path + " " + mod.Version
	for _, sum := range append(s.more[name], s.first[name]) {
		if sum.hash == hash && sum.by != nil {
			return sum.by.Label() + " " + sum.by.Version, true
		}
	}
	return "", false
}
