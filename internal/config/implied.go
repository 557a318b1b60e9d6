package config

import (
	"os"
	"path/filepath"

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

// ImpliedOverride is the module that the user stands in, for the case that it
// is one of the config's plugins.
func ImpliedOverride(dir string) (Override, bool) {
	file := Above(dir, "go.mod")
	if file == "" {
		return Override{}, false
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Override{}, false
	}
	name := modfile.ModulePath(data)
	return Override{Name: name, Dir: filepath.Dir(file), Implied: true}, name != ""
}
