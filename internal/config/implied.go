package config

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"golang.org/x/mod/modfile"
)

// Above returns the nearest file of that name in dir, which is absolute, or
// in a directory above it; or "".
func Above(dir, name string) string {
	for {
		file := filepath.Join(dir, name)
		if fi, err := os.Stat(file); err == nil && fi.Mode().IsRegular() {
			return file
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// PathFrom returns an absolute directory as the config in a file would have it.
func PathFrom(file, dir string) string {
	at, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return filepath.ToSlash(dir)
	}
	rel, err := filepath.Rel(at, dir)
	if err != nil {
		return filepath.ToSlash(dir)
	}
	if rel = filepath.ToSlash(rel); rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
		return rel
	}
	return "./" + rel
}

// PluginSnippet returns a message with the lines that add a directory's plugin to
// a config's file.
func PluginSnippet(words, file, dir string) string {
	return Snippet(words, PluginHeader(filepath.Base(dir)), Setting{"path", PathFrom(file, dir)})
}

// ImpliedOverride is the module that the user stands in, for the case that it
// is one of the config's plugins.
func ImpliedOverride(dir string) (Override, bool) {
	file := Above(dir, "go.mod")
	if file == "" {
		return Override{}, false
	}
	data, err := disk.ReadText(file)
	if err != nil {
		return Override{}, false
	}
	name := modfile.ModulePath(data)
	return Override{Name: name, Dir: filepath.Dir(file), Implied: true}, name != ""
}
