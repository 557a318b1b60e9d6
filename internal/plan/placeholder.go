package plan

import (
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
)

// Placeholder is the version that go.mod files give a module they replace by
// a folder of their own repository. No repository has a tag for it.
func Placeholder(v string) bool {
	return v == "v0.0.0" || module.IsPseudoVersion(v) && strings.Contains(v, "-00010101000000-000000000000")
}

// PlaceholderHints gives the lines of config that settle a requirement on a
// placeholder; none for another version.
func PlaceholderHints(mod module.Version) []string {
	if !Placeholder(mod.Version) {
		return nil
	}
	return []string{
		config.Snippet("take it from its repository", "[[modules]]", config.Setting{Key: "module", Value: mod.Path}, config.Setting{Key: "ref", Value: "TAG or BRANCH"}),
		config.ReplaceSnippet("or from a directory", mod.Path, "./DIRECTORY"),
	}
}
