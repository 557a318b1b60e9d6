package vendordir

import (
	"archive/zip"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

// ToolchainModule names the module that is a Go release for a platform.
func ToolchainModule(goVersion, goos, goarch string) module.Version {
	return module.Version{Path: toolchain, Version: fmt.Sprintf("v0.0.1-%s.%s-%s", goVersion, goos, goarch)}
}

// ToolchainHash is the checksum of a Go release that the go command has
// downloaded to a module cache, and compared with the checksum database.
func ToolchainHash(cache string, m module.Version) (string, error) {
	h1, err := disk.ReadText(filepath.Join(cache, "cache", "download", filepath.FromSlash(m.Path), "@v", m.Version+".ziphash"))
	return strings.TrimSpace(string(h1)), err
}

// release is a Go release as GOTOOLCHAIN names it, and nothing else that this
// could say.
var release = regexp.MustCompile(`^go1[.0-9a-z]*$`)

// Toolchain returns the Go release (go1.26.4) that the folder has for a
// platform, or "". All that it has, for whichever platform, are what the lock
// says, or the error is a [*ToolchainError]: the go command, which reads them as
// a proxy's files, would run one unseen, and may be another platform's.
func (c *Contents) Toolchain(locked []lock.Sum, goos, goarch string) (string, error) {
	own := ""
	for _, name := range slices.Sorted(maps.Keys(c.Sums)) {
		version, ok := strings.CutPrefix(name, path.Join(ProxyDir, toolchain, "@v")+"/")
		version, ok2 := strings.CutSuffix(version, ".zip")
		if !ok || !ok2 {
			continue
		}
		if err := c.checkToolchain(module.Version{Path: toolchain, Version: version}, locked); err != nil {
			return "", err
		}
		version, ok = strings.CutSuffix(strings.TrimPrefix(version, "v0.0.1-"), "."+goos+"-"+goarch)
		if ok && own == "" && release.MatchString(version) {
			own = version
		}
	}
	return own, nil
}

func (c *Contents) checkToolchain(m module.Version, locked []lock.Sum) error {
	e := &ToolchainError{Place: c.Place, Module: m}
	i := slices.IndexFunc(locked, func(s lock.Sum) bool { return s.Version == m.Version && s.H1 != "" })
	if i < 0 {
		return e
	}
	e.Want = locked[i].H1
	name := path.Join(ProxyDir, m.Path, "@v", m.Version+".zip")
	r, err := zip.OpenReader(join(c.dir, name))
	if err != nil {
		return Not(c.Place, brief.Name(name)+": "+err.Error())
	}
	defer r.Close()
	var size uint64
	for _, f := range r.File {
		if size += f.UncompressedSize64; f.UncompressedSize64 > modzip.MaxZipFile || size > modzip.MaxZipFile {
			return Not(c.Place, fmt.Sprintf("%s unpacks to more than %d MiB", brief.Name(name), modzip.MaxZipFile>>20))
		}
	}
	if e.Got, err = dirhash.HashZip(join(c.dir, name), dirhash.Hash1); err != nil {
		return Not(c.Place, brief.Name(name)+": "+err.Error())
	}
	if e.Got != e.Want {
		return e
	}
	return nil
}

// ToolchainError is a Go release that is not the one of the lock.
type ToolchainError struct {
	Place  string
	Module module.Version
	// Want is empty where the lock has none.
	Want, Got string
}

// Error implements error.
func (e *ToolchainError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("%s: %s is not in %s", e.Place, e.Module, LockFile)
	}
	return fmt.Sprintf("%s: %s: checksum mismatch\n  want %s, by %s\n  got  %s", e.Place, e.Module, e.Want, LockFile, e.Got)
}

// ExitStatus is that of a check that found a problem.
func (*ToolchainError) ExitStatus() int { return 3 }

// Hints says what to do.
func (e *ToolchainError) Hints() []string {
	if e.Want == "" {
		return []string{"run vxlite vendor --with-toolchain again, which writes its checksum into the lock"}
	}
	return (*ModulesError)(nil).Hints()
}
