package parse

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// Origin reads where a plugin comes from, as a command line has it: a directory,
// which begins with ./, ../, ~/ or /, a clone URL, file:// with a path among them, or a
// module path, or the name of one of RoadRunner's own. All but a directory may have @REF behind it. A relative
// directory stays so.
func Origin(s string) (config.Origin, error) {
	if !printable(s) {
		return config.Origin{}, errors.New("has a control character")
	}
	if s == "" {
		return config.Origin{}, errors.New("names no plugin")
	}
	if config.IsDir(s) {
		return directory(s)
	}
	s, local := strings.CutPrefix(s, "file://")
	at := strings.LastIndexByte(s, '@')
	if at < pathOf(s) {
		at = len(s)
	}
	where, ref := s[:at], strings.TrimPrefix(s[at:], "@")
	if at < len(s) && ref == "" {
		return config.Origin{}, errors.New("has an @ with nothing behind it")
	}
	if err := checkRef(ref); err != nil {
		return config.Origin{}, fmt.Errorf("has a ref that %w", err)
	}
	switch {
	case local && !filepath.IsAbs(where):
		return config.Origin{}, errors.New("is not file:// with an absolute path")
	case local:
		return config.Origin{URL: where, Ref: ref}, nil
	case strings.Contains(where, ":"):
		if _, user := config.SplitUser(where); user || hasPassword(where) {
			return config.Origin{}, errors.New("has a name or password in it, which would be written down: use ~/.netrc, or [git.credentials]")
		}
		return config.Origin{URL: where, Ref: ref}, checkRemote(where)
	case isLocalPath(where) && !strings.Contains(where, "/"):
		return config.Origin{Name: where, Ref: ref}, nil
	case isLocalPath(where):
		return config.Origin{}, errors.New("is neither a module path nor a directory, which begins with ./, ../ or /")
	}
	return config.Origin{Module: where, Ref: ref}, checkModulePath(where)
}

// directory is the origin that is a directory as it lies. A name with an @ in it may be
// a directory's too.
func directory(s string) (config.Origin, error) {
	dir, ref, ok := cutVersion(s)
	if at := strings.LastIndexByte(s, '@'); !ok && at > 0 && !disk.IsDir(s) && disk.IsDir(s[:at]) {
		dir, ref, ok = s[:at], s[at+1:], true
	}
	if ok {
		return config.Origin{}, &DirRefError{Dir: dir, Ref: ref}
	}
	return config.Origin{Dir: s}, nil
}

// DirRefError is a directory with a ref.
type DirRefError struct{ Dir, Ref string }

// Error implements error, without the directory.
func (*DirRefError) Error() string { return "a directory takes no @REF, as it is used as it lies" }

// Hint says how the repository there is named instead.
func (e *DirRefError) Hint() string {
	dir, err := filepath.Abs(e.Dir)
	if err != nil {
		dir = e.Dir
	}
	hint := fmt.Sprintf("to clone the repository there: file://%s@%s", filepath.ToSlash(dir), e.Ref)
	if folder := path.Dir(e.Ref); folder != "." && semver.IsValid(path.Base(e.Ref)) {
		hint += " --folder " + folder
	}
	return hint
}

// pathOf is where the path begins in a clone URL; an @ before is a user's.
func pathOf(s string) int {
	scheme := strings.Index(s, "://")
	if scheme >= 0 {
		host := scheme + len("://")
		if slash := strings.IndexByte(s[host:], '/'); slash >= 0 {
			return host + slash
		}
		return len(s)
	}
	return max(0, strings.LastIndexByte(s, ':'))
}
