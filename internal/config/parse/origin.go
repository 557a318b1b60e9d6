package parse

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
)

// Origin reads where a plugin comes from, as a command line has it: a directory,
// which begins with ./, ../, ~/ or /, a clone URL or a module path, or the name of
// one of RoadRunner's own. All but a directory may have @REF behind it. A relative
// directory stays so.
func Origin(s string) (config.Origin, error) {
	if !printable(s) {
		return config.Origin{}, errors.New("has a control character")
	}
	if s == "" {
		return config.Origin{}, errors.New("names no plugin")
	}
	if config.IsDir(s) {
		if dir, version, ok := cutVersion(s); ok {
			return config.Origin{}, &dirVersionError{dir, version}
		}
		return config.Origin{Dir: s}, nil
	}
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
