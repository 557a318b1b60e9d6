package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/testkit"
)

// size is how large a generated repository is.
type size struct {
	tags, files, lines int
	// shared is how many modules there are, each in a repository of its own, that
	// the plugins share: each requires three of them, at versions that differ.
	shared int
}

var (
	large = size{tags: 40, files: 50, lines: 120} // about what RoadRunner's plugins are
	small = size{tags: 1, files: 1, lines: 4}
)

// generate makes a folder with n plugins' repositories of a size, beside those
// of testdata, and a config that takes all of them from git.
func generate(dir string, n int, s size) (repos, config string, err error) {
	repos = filepath.Join(dir, "repos")
	data, err := testkit.Data("git")
	if err != nil {
		return "", "", err
	}
	if _, err := testkit.BuildRepos(repos, os.DirFS(data)); err != nil {
		return "", "", err
	}
	var b strings.Builder
	b.WriteString("[roadrunner]\nref = \"v2025.1.15\"\n\n[git]\nmodules = [\"github.com/generated/*\"]\n")
	for _, name := range []string{"logger", "rpc"} {
		fmt.Fprintf(&b, "\n[plugins.%s]\nmodule_name = \"github.com/roadrunner-server/%s/v5\"\ntag = \"v5.1.9\"\n", name, name)
	}
	put := func(name string, archive []byte) error {
		repo, err := testkit.ParseRepo(name, archive)
		if err != nil {
			return err
		}
		return repo.Write(repos)
	}
	for i := range s.shared {
		if err := put(sharedName(i), sharedArchive(sharedName(i))); err != nil {
			return "", "", err
		}
	}
	for i := range n {
		name := fmt.Sprintf("p%04d", i)
		if err := put(name, archive(name, i, s)); err != nil {
			return "", "", err
		}
		fmt.Fprintf(&b, "\n[plugins.%s]\nmodule_name = \"github.com/generated/%s\"\ntag = \"v1.0.%d\"\n", name, name, s.tags-1)
	}
	config = filepath.Join(dir, "velox.toml")
	return repos, config, os.WriteFile(config, []byte(b.String()), 0o644)
}

// archive describes the repository of the nth plugin: a file changes with each tag.
func archive(name string, n int, s size) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "url github.com/generated/%s\nbranch main\nadd 1\n", name)
	for t := range s.tags {
		if t > 0 {
			fmt.Fprintf(&b, "edit tag-%d. tag-%d.\n", t-1, t)
		}
		fmt.Fprintf(&b, "commit 2026-01-%02dT%02d:00:00Z Version %d\ntag v1.0.%d\n", 1+t/24, t%24, t, t)
	}
	fmt.Fprintf(&b, "-- 1/go.mod --\nmodule github.com/generated/%s\n\ngo 1.25\n", name)
	b.WriteString(requirements(n, s.shared))
	fmt.Fprintf(&b, "-- 1/plugin.go --\n// Package %s is generated, tag-0.\npackage %s\n", name, name)
	if s.shared > 0 {
		fmt.Fprintf(&b, "\nimport (\n\t\"log/slog\"\n\n\t\"github.com/generated/%s\"\n)\n", sharedName(n%s.shared))
		fmt.Fprintf(&b, "\n// Logger is what the plugin needs.\ntype Logger interface {\n\tNamedLogger(name string) *slog.Logger\n}\n")
		fmt.Fprintf(&b, "\n// Plugin does nothing.\ntype Plugin struct{}\n\n// Init has one need.\nfunc (*Plugin) Init(Logger) error { return %s.Err() }\n", sharedName(n%s.shared))
	} else {
		b.WriteString("\n// Plugin does nothing.\ntype Plugin struct{}\n\n// Init has no needs.\nfunc (*Plugin) Init() error { return nil }\n")
	}
	for f := range s.files - 1 {
		fmt.Fprintf(&b, "-- 1/file%02d.go --\npackage %s\n", f, name)
		for l := range s.lines {
			fmt.Fprintf(&b, "\nfunc f%d_%d(a, b int) int { return a*%d + b*%d }\n", f, l, f*31+l, l*17+f)
		}
	}
	return []byte(b.String())
}

// versions is how many versions a shared module has.
const versions = 4

// requirements are the nth plugin's, of modules that others require too.
func requirements(n, shared int) string {
	var b strings.Builder
	seen := map[int]bool{}
	for k := range min(3, shared) {
		if i := (n + k*7) % shared; !seen[i] {
			seen[i] = true
			fmt.Fprintf(&b, "\nrequire github.com/generated/%s v1.0.%d\n", sharedName(i), (n+k)%versions)
		}
	}
	return b.String()
}

func sharedName(i int) string { return fmt.Sprintf("s%04d", i) }

// sharedArchive describes the repository of a shared module.
func sharedArchive(name string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "url github.com/generated/%s\nbranch main\nadd 1\n", name)
	for t := range versions {
		if t > 0 {
			fmt.Fprintf(&b, "edit tag-%d. tag-%d.\n", t-1, t)
		}
		fmt.Fprintf(&b, "commit 2026-01-01T%02d:00:00Z Version %d\ntag v1.0.%d\n", t, t, t)
	}
	fmt.Fprintf(&b, "-- 1/go.mod --\nmodule github.com/generated/%s\n\ngo 1.25\n", name)
	fmt.Fprintf(&b, "-- 1/%[1]s.go --\n// Package %[1]s is generated, tag-0.\npackage %[1]s\n\n// Err is none.\nfunc Err() error { return nil }\n", name)
	return []byte(b.String())
}
