package size

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/binsize"
	"github.com/vxlite/vxlite/internal/inspect"
)

// Report is what a binary's bytes are for. Sizes are in bytes.
type Report struct {
	File   string `json:"file"`
	Target string `json:"target"`
	Size   int64  `json:"size"`
	// Plugins are those of the config, the one without which most would leave first;
	// none where there is no config to the binary.
	Plugins []Plugin `json:"plugins,omitempty"`
	// Shared is what would leave only with several plugins.
	Shared int64 `json:"shared,omitempty"`
	// SharedModules are those that Shared is of, the largest first.
	SharedModules []Module `json:"shared_modules,omitempty"`
	// Modules are what stays without any plugin, or everything where there are no
	// plugins, the largest first.
	Modules []Module `json:"modules"`
	// Go is the part of Go's runtime and standard library in the same.
	Go int64 `json:"go"`
	// Other is data that is no package's own, and what the file's format needs.
	Other int64 `json:"other"`
	// Without is what was asked for, or nil.
	Without *Removal `json:"without,omitempty"`
}

// Plugin is what one plugin costs.
type Plugin struct {
	Name    string `json:"name"`
	Module  string `json:"module"`
	Version string `json:"version"`
	// Leaves is how much smaller the binary would be without it: Own of its own
	// module, and Only of what is there for it alone.
	Leaves int64 `json:"leaves"`
	Own    int64 `json:"own"`
	Only   int64 `json:"only"`
	// Modules are those that Only is of, the largest first. The standard library
	// is one.
	Modules []Module `json:"modules,omitempty"`
}

// Module is a part of the binary. Its path is empty for Go's own.
type Module struct {
	Path    string `json:"module"`
	Version string `json:"version,omitempty"`
	Size    int64  `json:"size"`
	// Whole says that nothing of the module is left without the plugin.
	Whole bool `json:"whole,omitempty"`
}

// Removal is a server without some plugins.
type Removal struct {
	Names  []string `json:"names"`
	Leaves int64    `json:"leaves"`
	// Disables are the other plugins that Endure would disable then, sorted.
	Disables []string `json:"disables,omitempty"`
}

// Modules reports on a binary of which there is no config: what is known of it is
// which modules are in it. Together with a [*inspect.ForeignError] it returns that of
// a program that vxlite did not build.
func Modules(file string) (*Report, error) {
	b, foreign := inspect.Read(file)
	if b == nil {
		return nil, foreign
	}
	p, err := read(file)
	if err != nil {
		return nil, err
	}
	r := &Report{File: file, Target: b.Target, Size: b.Size, Other: b.Size}
	versions := map[string]string{}
	for _, m := range b.ThirdParty {
		versions[m.Path] = m.Version
	}
	if b.Manifest != nil {
		for _, m := range b.Manifest.Modules {
			versions[m.Path] = m.Version
		}
	}
	sizes := map[string]int64{}
	for pkg, s := range p.Packages {
		module, ok := moduleOf(pkg, versions)
		if pkg == "main" {
			module, ok = moduleOf(b.Main, versions)
		}
		if pkg == "" || !ok && pkg == "main" {
			continue
		}
		sizes[module] += s.Total()
		r.Other -= s.Total()
	}
	r.Go = sizes[""]
	delete(sizes, "")
	r.Modules = sorted(sizes, versions)
	return r, foreign
}

// moduleOf is the module with the longest path that a package's begins with; empty,
// and false, for the standard library's.
func moduleOf(pkg string, versions map[string]string) (string, bool) {
	for path := pkg; ; {
		if _, ok := versions[path]; ok {
			return path, true
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return "", false
		}
		path = path[:i]
	}
}

// read reads a program, of which inspect has said that it is one.
func read(file string) (*binsize.Program, error) {
	p, err := binsize.Read(file)
	if err != nil {
		return nil, &inspect.NoProgramError{File: file, Err: err}
	}
	return p, nil
}

// sorted lists modules, the largest first.
func sorted(sizes map[string]int64, versions map[string]string) []Module {
	var list []Module
	for path, size := range sizes {
		list = append(list, Module{Path: path, Version: versions[path], Size: size})
	}
	slices.SortFunc(list, func(a, b Module) int { return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path)) })
	return list
}
