package gotool

import (
	"path/filepath"

	"golang.org/x/mod/module"
)

// ModuleDir is the directory that the module cache has a module's files in, if it has
// them: see go.dev/ref/mod#module-cache. It is empty for what is no module.
func (t *Tool) ModuleDir(path, version string) string {
	p, err := module.EscapePath(path)
	v, err2 := module.EscapeVersion(version)
	if err != nil || err2 != nil {
		return ""
	}
	return filepath.Join(t.Var("GOMODCACHE"), filepath.FromSlash(p)+"@"+v)
}
