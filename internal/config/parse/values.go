package parse

import (
	"errors"
	"fmt"
	neturl "net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/config"
)

// Mirror reads FROM=TO, as the flag --mirror has it. A relative TO stays
// so.
func Mirror(s string) (config.Mirror, error) {
	from, to, ok := strings.Cut(s, "=")
	if !ok || from == "" || to == "" {
		return config.Mirror{}, errors.New("a mirror is FROM=TO, two URL prefixes, such as https://github.com/=ssh://git@git.corp/")
	}
	if !printable(s) {
		return config.Mirror{}, errors.New("a mirror has a control character")
	}
	if err := checkPrefix(to); err != nil {
		return config.Mirror{}, fmt.Errorf("a mirror's TO %w", err)
	}
	return config.Mirror{From: from, To: []string{to}}, nil
}

// Override reads NAME=DIR, NAME=MODULE@VERSION or NAME=URL@REF, as the flag --with
// has it. A relative DIR stays so. What is there on disk is meant as one.
func Override(s string) (config.Override, error) {
	name, where, ok := strings.Cut(s, "=")
	if !ok || name == "" || where == "" {
		return config.Override{}, fmt.Errorf("--with %s: want NAME=DIR, NAME=MODULE@VERSION or NAME=URL@REF; NAME is a plugin's name or a module path", s)
	}
	if !printable(s) {
		return config.Override{}, errors.New("--with has a control character")
	}
	path, _, _ := strings.Cut(where, "@")
	if _, err := os.Stat(where); config.IsDir(where) || err == nil || !strings.Contains(where, ":") && isLocalPath(path) {
		return config.Override{Name: name, Dir: where}, nil
	}
	from, err := Origin(where)
	if err != nil {
		return config.Override{}, fmt.Errorf("--with %s: what stands behind = %w", name, err)
	}
	return config.Override{Name: name, From: from}, nil
}

// Replace reads what stands in for a module: a directory, which begins
// with ./, ../, ~/ or / and is left as it is, or MODULE with or without
// @VERSION. The version may also follow a space, as in a go.mod.
func Replace(s string) (config.Replacement, error) {
	if config.IsDir(s) {
		if dir, version, ok := cutVersion(s); ok {
			return config.Replacement{}, &dirVersionError{dir, version}
		}
		return config.Replacement{Dir: s}, nil
	}
	m := parseModule(s)
	if err := checkModulePath(m.Path); err != nil {
		return config.Replacement{}, fmt.Errorf("is not a directory, which begins with ./, ../ or /, and as a module it %w", err)
	}
	if err := checkRef(m.Version); err != nil {
		return config.Replacement{}, fmt.Errorf("has a version that %w", err)
	}
	return config.Replacement{Module: m}, nil
}

// cutVersion takes the version off what looks like DIR@VERSION.
func cutVersion(s string) (dir, version string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !semver.IsValid(s[at+1:]) {
		return s, "", false
	}
	return s[:at], s[at+1:], true
}

// dirVersionError is a directory that is given a version, as modules are.
type dirVersionError struct{ dir, version string }

func (*dirVersionError) Error() string {
	return "is a directory with a version, which only a module has"
}

func (e *dirVersionError) hint() string {
	return fmt.Sprintf("write %q, or %q if that is the directory's name", e.dir, e.dir+"@"+e.version+"/")
}

// parseModule reads MODULE, MODULE@VERSION or "MODULE VERSION".
func parseModule(s string) module.Version {
	for _, sep := range []string{"@", " "} {
		// An "@" with nothing behind it is left for the path's check to find.
		if path, version, ok := strings.Cut(s, sep); ok && version != "" {
			return module.Version{Path: strings.TrimSpace(path), Version: strings.TrimSpace(version)}
		}
	}
	return module.Version{Path: s}
}

// checkModulePath says what is wrong with a module path.
func checkModulePath(path string) error {
	if strings.Contains(path, "://") {
		return errors.New("is a URL, want a module path such as github.com/acme/lib")
	}
	if err := module.CheckPath(path); err != nil {
		return fmt.Errorf("is a %w", err)
	}
	return nil
}

// checkRemote says what is wrong with something to clone from: a URL, the
// form user@host:path, or a local path. It never repeats it, since a URL may
// have a password in it.
func checkRemote(s string) error {
	switch {
	case strings.HasPrefix(s, "-"):
		return errors.New("begins with a dash")
	case config.IsDir(s):
		return nil
	case strings.Contains(s, "://"):
		return checkURL(s)
	}
	host, path, ok := config.CutSCP(s)
	if strings.HasPrefix(path, ":") {
		return errors.New("names a remote helper, which would be run as a program")
	}
	if slices.Contains(schemes, host) && strings.HasPrefix(path, "/") {
		return fmt.Errorf("has one slash after %[1]s:, did you mean %[1]s://?", host)
	}
	if !ok || host == "" || path == "" || strings.ContainsAny(host, `/\`) {
		return errors.New("is neither a URL, user@host:path nor a path, which begins with ./ or ../ or /")
	}
	user, host, ok := strings.Cut(host, "@")
	if !ok {
		host = user
	}
	return checkDashes(user, host, path)
}

// checkPrefix says what is wrong with the beginning of something to clone from.
func checkPrefix(s string) error {
	if s == "" {
		return errors.New("is empty")
	}
	return checkRemote(s + "x") // git@git.corp: is a beginning and no more
}

// schemes are those of URLs to clone from.
var schemes = []string{"https", "http", "ssh", "git+ssh", "ssh+git"}

func checkURL(s string) error {
	if helper, _, ok := strings.Cut(s, "::"); ok && !strings.Contains(helper, ":") {
		return errors.New("names a remote helper, which would be run as a program")
	}
	u, err := neturl.Parse(s)
	if err != nil {
		return errors.New("is not a valid URL")
	}
	switch {
	case u.Scheme == "file":
		return errors.New("begins with file://, want the path alone")
	case !slices.Contains(schemes, u.Scheme):
		return fmt.Errorf("has the scheme %q, want https, http or ssh", u.Scheme)
	}
	if u.Hostname() == "" {
		return errors.New("has no host")
	}
	return checkDashes(u.User.Username(), u.Hostname(), u.Path)
}

// checkDashes refuses what another program would take for an option.
func checkDashes(parts ...string) error {
	for _, part := range parts {
		if strings.HasPrefix(part, "-") {
			return errors.New("has a part that begins with a dash")
		}
	}
	return nil
}

// hasPassword reports whether a URL has a password that nothing would use: SSH
// has other ways to log in.
func hasPassword(s string) bool {
	u, err := neturl.Parse(s)
	if err != nil || config.IsDir(s) {
		return false
	}
	_, ok := u.User.Password()
	return ok && u.Scheme != "https" && u.Scheme != "http"
}

// checkRef says what is wrong with the name of a ref, a commit or a version.
func checkRef(s string) error {
	switch {
	case strings.HasPrefix(s, "-"):
		return errors.New("begins with a dash")
	case strings.ContainsAny(s, ` ~^:?*[\`), strings.Contains(s, ".."), strings.Contains(s, "@{"):
		return errors.New("is not a name that git allows: want a tag, a branch, a commit, or a ref such as refs/pull/1/head")
	}
	return nil
}

// isNumber reports whether s is a GitLab project's id.
func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// separated splits s at any of the separators and at spaces.
func separated(s, separators string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || strings.ContainsRune(separators, r) })
}
