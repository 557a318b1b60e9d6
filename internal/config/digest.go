package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// Digest identifies what a config asks for: "sha256:" and 64 hex digits. Two
// files have the same if they mean the same, in whatever order, form or
// generation of keys. Directories count as they lie to the file.
//
// [git] modules do not count either, as GOPRIVATE does the same: what they lead to
// is in the list of modules.
//
// What decides only how sources are reached (mirrors, credentials), where
// binaries go (name, targets, an image), how fast (cacheprog) or what is said on the way does not count.
func (c *Config) Digest() string {
	meaning := struct {
		RoadRunner RoadRunner
		Plugins    []Plugin
		Modules    []Module
		Replaces   []Replace
		Excludes   []module.Version
		Build      Build
	}{RoadRunner: c.RoadRunner, Build: c.Build}
	place := func(p string) string { return c.place(p) }

	meaning.RoadRunner.Pos = Position{}
	meaning.RoadRunner.Path = place(c.RoadRunner.Path)
	meaning.RoadRunner.URL = c.written(c.RoadRunner.URL)
	for _, p := range c.Plugins {
		p.Pos, p.Path, p.URL = Position{}, place(p.Path), c.written(p.URL)
		if p.Replace != nil {
			p.Replace = &Replacement{Dir: place(p.Replace.Dir), Module: p.Replace.Module}
		}
		meaning.Plugins = append(meaning.Plugins, p)
	}
	slices.SortFunc(meaning.Plugins, func(a, b Plugin) int { return cmp.Compare(a.Name, b.Name) })
	for _, m := range c.Modules {
		m.Pos, m.Dir, m.URL = Position{}, place(m.Dir), c.written(m.URL)
		meaning.Modules = append(meaning.Modules, m)
	}
	slices.SortFunc(meaning.Modules, func(a, b Module) int { return cmp.Compare(a.Path, b.Path) })
	for _, r := range c.Replaces {
		r.Pos, r.New.Dir = Position{}, place(r.New.Dir)
		meaning.Replaces = append(meaning.Replaces, r)
	}
	slices.SortFunc(meaning.Replaces, func(a, b Replace) int {
		return cmp.Or(cmp.Compare(a.Old.Path, b.Old.Path), cmp.Compare(a.Old.Version, b.Old.Version))
	})
	for _, e := range c.Excludes {
		meaning.Excludes = append(meaning.Excludes, e.Module)
	}
	module.Sort(meaning.Excludes)
	b := &meaning.Build
	b.Name, b.Targets, b.Tags, b.CacheProg = "", nil, sorted(b.Tags), ""
	if b.PGO != "auto" && b.PGO != "off" {
		b.PGO = "a file" // its name may change, as in a vendor folder
	}
	sum := sha256.Sum256(canonical(meaning))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// canonical encodes v without what has its zero value, so that a key that a
// later vxlite knows does not change the digest of a file without it.
func canonical(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // only a type that JSON cannot express fails
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		panic(err)
	}
	tree, _ = pruned(tree)
	data, err = json.Marshal(tree) // with sorted keys
	if err != nil {
		panic(err)
	}
	return data
}

// pruned drops the fields that say nothing, and reports whether anything is
// left.
func pruned(v any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e, some := pruned(e); some {
				v[k] = e
			} else {
				delete(v, k)
			}
		}
		return v, len(v) > 0
	case []any:
		for i := range v {
			v[i], _ = pruned(v[i]) // a place in a list says something
		}
		return v, len(v) > 0
	case string:
		return v, v != ""
	case bool:
		return v, v
	case float64:
		return v, v != 0
	}
	return v, v != nil
}

// place words a directory or file as it lies to the config's file, so that the
// two may move together.
func (c *Config) place(p string) string {
	if p == "" {
		return ""
	}
	base, err := filepath.Abs(filepath.Dir(c.File))
	if err != nil {
		return filepath.Base(p)
	}
	rel, err := filepath.Rel(base, p)
	if err != nil { // another volume
		return filepath.Base(p)
	}
	return filepath.ToSlash(rel)
}

// written is a clone URL as the file has it, without a name and password for
// HTTP, which are credentials, and of a folder only its name.
func (c *Config) written(repo string) string {
	repo = cmp.Or(c.Written[repo], repo)
	if filepath.IsAbs(repo) {
		return strings.TrimSuffix(filepath.Base(repo), ".git")
	}
	u, err := url.Parse(repo)
	if err != nil || u.User == nil || u.Scheme != "https" && u.Scheme != "http" {
		return repo
	}
	u.User = nil
	return u.String()
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
