package pipeline

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/vendoring"
)

// Vendored is a vendor folder that a build reads, and reads alone. Whatever
// the build has to write goes to a directory that Close removes.
type Vendored struct {
	place string // as it was named, absolute
	dir   string // the vendor folder
	tmp   string
	own   bool // dir was unpacked into tmp
	env   func(name string) (value string, ok bool)
	set   map[string]string // of the environment

	unpacked unpacked
}

// OpenVendored checks the folder or file at place, and unpacks a file. The
// temporary directory is in the store where there is one, else in the system's.
func OpenVendored(ctx context.Context, place, store string, env func(string) (string, bool)) (*Vendored, error) {
	place, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(place)
	if err != nil {
		return nil, &vendoring.FormatError{Place: place, Reason: reason(err)}
	}
	v := &Vendored{place: place, env: env}
	if v.tmp, err = tempDir(store, env); err != nil {
		return nil, err
	}
	if fi.IsDir() {
		err = v.openFolder(ctx, place)
	} else {
		err = v.openFile(ctx, place)
	}
	if err == nil {
		v.unpacked.kinds = vendoring.Kinds(v.dir)
		err = v.settings()
	}
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// tempDir makes a directory in an existing store, or elsewhere.
func tempDir(store string, env func(string) (string, bool)) (string, error) {
	if store != "" && isDir(store) {
		if s, err := source.OpenStore(store); err == nil {
			if dir, err := s.TempDir(); err == nil {
				return dir, nil
			}
		}
	}
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		if dir, ok := env(name); ok && isDir(dir) {
			return os.MkdirTemp(dir, "vxlite-")
		}
	}
	return os.MkdirTemp("", "vxlite-")
}

// openFolder checks a folder. It may be read-only, so the build cache becomes
// one of links to it.
func (v *Vendored) openFolder(ctx context.Context, place string) error {
	dir, err := filepath.EvalSymlinks(place)
	if err != nil {
		return err
	}
	if err := vendoring.Check(ctx, dir); err != nil {
		return err
	}
	v.dir = dir
	return vendoring.LinkCache(filepath.Join(dir, vendoring.CacheDir), v.gocache())
}

// openFile unpacks a file. Its compiled packages are this build's own, so the
// go command may work on them as they are.
func (v *Vendored) openFile(ctx context.Context, place string) error {
	f, err := os.Open(place)
	if err != nil {
		return &vendoring.FormatError{Place: place, Reason: reason(err)}
	}
	defer f.Close()
	v.dir, v.own = filepath.Join(v.tmp, "vendor"), true
	if err := os.Mkdir(v.dir, 0o755); err != nil {
		return err
	}
	if err := vendoring.Unpack(ctx, place, f, v.dir); err != nil {
		return err
	}
	cache := filepath.Join(v.dir, vendoring.CacheDir)
	if !isDir(cache) {
		return nil
	}
	return errors.Join(disk.Rename(cache, v.gocache()), vendoring.FreshCache(v.gocache()))
}

func (v *Vendored) gocache() string { return filepath.Join(v.tmp, "go-build") }

// settings are what the go command is told: to read the folder, and to write
// to the temporary directory.
func (v *Vendored) settings() error {
	v.set = map[string]string{
		"GOPROXY":        vendoring.ProxyURL(filepath.Join(v.dir, vendoring.ProxyDir)),
		"GOSUMDB":        "off", // the lock has the checksums
		"GOENV":          "off",
		"GOFLAGS":        "-modcacherw",
		"GOTOOLCHAIN":    cmp.Or(vendoring.Toolchain(v.dir, runtime.GOOS, runtime.GOARCH), "local"),
		"GOCACHE":        v.gocache(),
		"GOTELEMETRYDIR": "",
	}
	for name, sub := range map[string]string{"HOME": "home", "GOPATH": "go", "GOMODCACHE": "mod", "GOTMPDIR": "tmp"} {
		dir := filepath.Join(v.tmp, sub)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		v.set[name] = dir
	}
	v.set["USERPROFILE"], v.set["LOCALAPPDATA"], v.set["APPDATA"] = v.set["HOME"], v.set["HOME"], v.set["HOME"]
	return os.MkdirAll(v.set["GOCACHE"], 0o755)
}

// outside are what a vendored build takes from its caller: where programs are,
// and what the config does not say of the result.
var outside = []string{"PATH", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "GOROOT", "SOURCE_DATE_EPOCH",
	"CC", "CXX", "AR", "PKG_CONFIG", "PKG_CONFIG_PATH", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"}

// Env is the environment of a build that reads the folder alone.
func (v *Vendored) Env(name string) (string, bool) {
	if value, ok := v.set[name]; ok {
		return value, value != ""
	}
	if slices.Contains(outside, strings.ToUpper(name)) {
		return v.env(name)
	}
	return "", false
}

// Config is the folder's config file.
func (v *Vendored) Config() string { return filepath.Join(v.dir, vendoring.ConfigFile) }

// Lock is the folder's lock file.
func (v *Vendored) Lock() string { return filepath.Join(v.dir, vendoring.LockFile) }

// LockName is the lock file's name for messages.
func (v *Vendored) LockName() string { return filepath.Join(v.place, vendoring.LockFile) }

func (v *Vendored) repositories() string { return filepath.Join(v.dir, vendoring.GitDir) }

// Store is a store that is empty.
func (v *Vendored) Store() string { return filepath.Join(v.tmp, "store") }

// Close removes what the build has written, but for its result.
func (v *Vendored) Close() error { return disk.RemoveAll(v.tmp) }

// Prune removes from the vendor folder at place what its own lock does not need.
func Prune(ctx context.Context, place string) (*event.Removed, error) {
	dir, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	if !isDir(dir) {
		return nil, &vendoring.FormatError{Place: dir, Reason: "is no vendor folder, which is what can be pruned"}
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	_, before, err := vendoring.Size(dir)
	if err != nil {
		return nil, err
	}
	removed, err := vendoring.Prune(ctx, dir)
	if err != nil {
		return nil, err
	}
	_, after, err := vendoring.Size(dir)
	return &event.Removed{Paths: removed, Size: before - after}, err
}
