package inspect

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/source"
)

// Diff is what differs between two binaries, A and B.
type Diff struct {
	A *Binary `json:"a"`
	B *Binary `json:"b"`
	// Same says that the two have the same bytes. Nothing else is set then.
	Same bool `json:"same,omitempty"`
	// Facts are those about the whole: the target, the toolchain, a flag.
	Facts []Change `json:"facts,omitempty"`
	// Modules are the git-sourced modules that differ, ThirdParty the others,
	// each sorted by path.
	Modules    []ModuleChange `json:"modules,omitempty"`
	ThirdParty []Change       `json:"third_party,omitempty"`
}

// Change is one fact, as A and as B has it; empty where one has none.
type Change struct {
	What string `json:"what"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// ModuleChange is a git-sourced module; A or B is nil where it is in one only.
type ModuleChange struct {
	Path string           `json:"module"`
	A    *manifest.Module `json:"a,omitempty"`
	B    *manifest.Module `json:"b,omitempty"`
	// History is nil where the commits between are not known.
	History *source.History `json:"history,omitempty"`
}

// Name is what the config calls the module, and its path where it does not.
func (c ModuleChange) Name() string {
	for _, m := range []*manifest.Module{c.B, c.A} {
		if m != nil && m.Name != "" {
			return m.Name
		}
	}
	return c.Path
}

// Compare finds out what differs.
func Compare(a, b *Binary) *Diff {
	d := &Diff{A: a, B: b, Same: a.SHA256 == b.SHA256}
	if d.Same {
		return d
	}
	ma, mb := cmp.Or(a.Manifest, new(manifest.Manifest)), cmp.Or(b.Manifest, new(manifest.Manifest))
	d.fact("target", a.Target, b.Target)
	d.fact("go", a.Go, b.Go)
	d.fact("format", strconv.Itoa(ma.Format), strconv.Itoa(mb.Format))
	d.fact("config", ma.Config, mb.Config)
	d.list("setting", d.settings(a), d.settings(b))
	d.list("flag", ma.Flags, mb.Flags)
	for _, p := range union(ma.Modules, mb.Modules, func(m manifest.Module) string { return m.Path }) {
		x, y := ma.Lookup(p), mb.Lookup(p)
		if !x.Equal(y) {
			d.Modules = append(d.Modules, ModuleChange{Path: p, A: x, B: y})
		}
	}
	for _, p := range union(a.ThirdParty, b.ThirdParty, func(m Module) string { return m.Path }) {
		x, y := a.thirdParty(p), b.thirdParty(p)
		if x != y {
			d.ThirdParty = append(d.ThirdParty, Change{What: p, A: x.words(x.Version == y.Version), B: y.words(x.Version == y.Version)})
		}
	}
	return d
}

// Nothing reports whether all that is recorded is the same.
func (d *Diff) Nothing() bool {
	return len(d.Facts) == 0 && len(d.Modules) == 0 && len(d.ThirdParty) == 0
}

func (d *Diff) fact(what, a, b string) {
	if a != b {
		d.Facts = append(d.Facts, Change{What: what, A: a, B: b})
	}
}

// settings leaves out the flags where both manifests have them, and more of them.
func (d *Diff) settings(b *Binary) []string {
	if d.A.Manifest == nil || d.B.Manifest == nil {
		return b.Settings
	}
	return slices.DeleteFunc(slices.Clone(b.Settings), func(s string) bool { return strings.HasPrefix(s, "-") })
}

// list compares settings: one that both have under a name is a change, another
// is in one only.
func (d *Diff) list(what string, a, b []string) {
	name := func(s string) string {
		n, _, _ := strings.Cut(s, "=")
		return n
	}
	find := func(list []string, n string) string {
		var out []string
		for _, s := range list {
			if name(s) == n {
				out = append(out, s)
			}
		}
		return strings.Join(out, " ")
	}
	for _, n := range union(a, b, name) {
		d.fact(what, find(a, n), find(b, n))
	}
}

// union returns the keys of two lists, sorted and each once.
func union[T any](a, b []T, key func(T) string) []string {
	var out []string
	for _, e := range slices.Concat(a, b) {
		out = append(out, key(e))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (b *Binary) thirdParty(path string) Module {
	for _, m := range b.ThirdParty {
		if m.Path == path {
			return m
		}
	}
	return Module{}
}

// words is a module's version, with its sum where that alone differs.
func (m Module) words(withSum bool) string {
	s := m.Version
	if withSum {
		s += " " + m.Sum
	}
	if m.ReplacedBy != "" {
		s += " => " + m.ReplacedBy
	}
	return s
}

// AddHistory fills in the commits between, for the modules whose repository is
// at hand. Where one cannot be read, its commits are not known; only an
// interruption is an error.
func (d *Diff) AddHistory(ctx context.Context, c *source.Client) error {
	for i := range d.Modules {
		m := &d.Modules[i]
		if m.A == nil || m.B == nil || m.A.Commit == m.B.Commit || m.A.Commit == "" || m.B.Commit == "" {
			continue
		}
		h, ok, err := c.History(ctx, cmp.Or(m.B.URL, m.A.URL), m.A.Commit, m.B.Commit)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ok && err == nil {
			m.History = &h
		}
	}
	return nil
}
