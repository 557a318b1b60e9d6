package audit

import (
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/inspect"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/plan"
)

// stdlib is the standard library's name in the database.
const stdlib = "stdlib"

// subject is what is audited.
type subject struct {
	program program
	// git are the modules from git, by path.
	git map[string]manifest.Module
	// replaced are the paths of modules by those of what is compiled in their place,
	// where these differ.
	replaced map[string]string
	skipped  []string
	// named says that it is a binary; a lock does not say which module is a plugin.
	named bool
}

// subjectOf is a binary, without its symbols.
func subjectOf(b *inspect.Binary) *subject {
	s := &subject{git: map[string]manifest.Module{}, replaced: map[string]string{}, named: b.SHA256 != ""}
	goos, arch, _ := strings.Cut(b.Target, "/")
	arch, _, _ = strings.Cut(arch, "/")
	s.program = program{Path: b.Main, GoVersion: b.Go, GOOS: goos, GOARCH: arch}
	if b.Manifest != nil {
		for _, m := range b.Manifest.Modules {
			s.git[m.Path] = m
			if m.Local && (m.Version == "" || plan.Placeholder(m.Version)) {
				s.skipped = append(s.skipped, m.Path)
				continue
			}
			s.add(m.Path, m.Version, m.ReplacedBy)
		}
	}
	for _, m := range b.ThirdParty {
		if m.ReplacedBy == inspect.Folder {
			s.skipped = append(s.skipped, m.Path)
			continue
		}
		s.add(m.Path, m.Version, m.ReplacedBy)
	}
	return s
}

// add adds a module, or what is compiled in its place as PATH@VERSION.
func (s *subject) add(path, version, by string) {
	l := linked{Path: path, Version: version}
	if p, v, ok := strings.Cut(by, "@"); ok {
		l = linked{Path: p, Version: v}
		if p != path {
			s.replaced[p] = path
		}
	}
	s.program.Modules = append(s.program.Modules, l)
}

// setSymbols gives the program its symbols. Those of a module that is compiled in the
// place of another have the path of that other; the database has its own.
func (s *subject) setSymbols(all []symbol) {
	for by, path := range s.replaced {
		for i, sym := range all {
			if within(sym.Pkg, path) {
				all[i].Pkg = by + strings.TrimPrefix(sym.Pkg, path)
			}
		}
	}
	s.program.PkgSymbols = all
}

// concerns reports whether a module is the subject's.
func (s *subject) concerns(path string) bool {
	return path == stdlib || slices.ContainsFunc(s.program.Modules, func(m linked) bool { return m.Path == path })
}

// own is the path that imports have of a module, where another is in its place.
func (s *subject) own(path string) string {
	if original := s.replaced[path]; original != "" {
		return original
	}
	return path
}

// plugin is the name of the plugin that a module is, "roadrunner", or "".
func (s *subject) plugin(path string) string { return s.git[s.own(path)].Name }

// remedy says how a module gets to a version.
func (s *subject) remedy(path, version string) string {
	if path == stdlib {
		return "build with Go " + strings.TrimPrefix(version, "v") + " or newer"
	}
	own := s.own(path)
	m, git := s.git[own]
	set := config.Setting{Key: "ref", Value: version}
	switch {
	case git && !s.named:
		return "in velox.toml, set its ref to " + version
	case own != path:
		return config.ReplaceSnippet("in velox.toml, replace it by a newer version", own, (module.Version{Path: path, Version: version}).String())
	case m.Name == config.RoadRunnerName:
		return config.Line("in [roadrunner] of velox.toml, set", set)
	case m.Name != "":
		return config.Line("in "+config.PluginHeader(m.Name)+" of velox.toml, set", set)
	case git:
		return config.Snippet("add to velox.toml", "[[modules]]", config.Setting{Key: "module", Value: path}, set)
	}
	return config.ReplaceSnippet("add to velox.toml", path, (module.Version{Path: path, Version: version}).String())
}
