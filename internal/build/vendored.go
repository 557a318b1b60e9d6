package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/signature"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/vendoring"
)

// Vendored is a vendor folder that a build reads, and reads alone. Whatever
// the build has to write goes to a directory that Close removes.
type Vendored struct {
	VendoredOptions
	place string // as it was named, absolute
	dir   string // the vendor folder
	tmp   string
	own   bool              // dir was unpacked into tmp
	set   map[string]string // of the environment

	contents *vendoring.Contents
	locked   *lock.File
	release  string // the Go release to run, which the folder has; or empty
	unpacked unpacked
}

// VendoredOptions say what of a vendor folder is useCompiled, and where a build
// from it may write.
type VendoredOptions struct {
	// CompileCache takes the compiled packages, of which nothing proves that they
	// are what their sources make.
	CompileCache bool
	// SignedBy are files of keys, one of which must have signed it, or nil. What
	// is signed is useCompiled, the compiled packages too.
	SignedBy []string
	// Store is where the temporary directory is made, where there is a store.
	Store string
	Env   func(name string) (value string, ok bool)
	Sink  event.Sink
}

// OpenVendored checks the folder or file at place, and unpacks a file.
func OpenVendored(ctx context.Context, place string, o VendoredOptions) (*Vendored, error) {
	place, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(place)
	if err != nil {
		return nil, &vendoring.FormatError{Place: place, Reason: disk.Reason(err)}
	}
	var keys *signature.Keys
	if len(o.SignedBy) > 0 {
		if keys, err = signature.ReadKeys(o.SignedBy); err != nil {
			return nil, err
		}
	}
	v := &Vendored{VendoredOptions: o, place: place}
	if v.tmp, err = tempDir(o.Store, o.Env); err != nil {
		return nil, err
	}
	if fi.IsDir() {
		err = v.openFolder(ctx, keys)
	} else {
		err = v.openFile(ctx, keys)
	}
	if err == nil {
		err = v.checkToolchain()
	}
	if err == nil {
		err = v.settings()
	}
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// tempDir makes a directory in an existing store, or elsewhere.
func tempDir(dir string, env func(string) (string, bool)) (string, error) {
	if dir != "" && disk.IsDir(dir) {
		if s, err := store.Open(dir); err == nil {
			if dir, err := s.TempDir(); err == nil {
				return dir, nil
			}
		}
	}
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		if dir, ok := env(name); ok && disk.IsDir(dir) {
			return os.MkdirTemp(dir, "vxlite-")
		}
	}
	return os.MkdirTemp("", "vxlite-")
}

// openFolder checks a folder. It may be read-only, so the build cache becomes
// one of links to it.
func (v *Vendored) openFolder(ctx context.Context, keys *signature.Keys) (err error) {
	if v.dir, err = filepath.EvalSymlinks(v.place); err != nil {
		return err
	}
	if v.contents, err = vendoring.Check(ctx, v.dir, keys); err != nil {
		return err
	}
	if v.useCompiled() {
		v.unpacked.kinds = v.contents.Kinds()
		return vendoring.LinkCache(v.cache(), v.gocache())
	}
	return nil
}

// openFile unpacks a file. Its compiled packages are this build's own, so the
// go command may work on them as they are.
func (v *Vendored) openFile(ctx context.Context, keys *signature.Keys) error {
	f, err := os.Open(v.place)
	if err != nil {
		return &vendoring.FormatError{Place: v.place, Reason: disk.Reason(err)}
	}
	defer f.Close()
	v.dir, v.own = filepath.Join(v.tmp, "vendor"), true
	if err := os.Mkdir(v.dir, 0o755); err != nil {
		return err
	}
	if v.contents, err = vendoring.Unpack(ctx, v.place, f, v.dir, keys); err != nil {
		return err
	}
	if v.useCompiled() {
		v.unpacked.kinds = v.contents.Kinds()
		return errors.Join(disk.Rename(v.cache(), v.gocache()), vendoring.FreshCache(v.gocache()))
	}
	return nil
}

// useCompiled reports whether there are compiled packages that are to be used, and
// says what is done with them. Unpacked modules are used where they are: that a
// file is missing from those, nothing shows.
func (v *Vendored) useCompiled() bool {
	there, text := disk.IsDir(v.cache()), ""
	switch {
	case there && v.contents.Signer != "":
		text = fmt.Sprintf("the compiled packages of %s are used: it is signed by %s", v.place, v.contents.Signer)
	case there && v.CompileCache:
		text = fmt.Sprintf("the compiled packages of %s are used; nothing proves that they were built from its sources", v.place)
	case there:
		text = fmt.Sprintf("the compiled packages of %s are not used, as nothing proves that they were built from its sources; --with-compile-cache uses them, or --signed-by KEYS", v.place)
	case v.CompileCache:
		text = v.place + " has no compiled packages"
	default:
		return false
	}
	v.Sink.Send(event.Event{Kind: event.Note, Text: text})
	return there && (v.CompileCache || v.contents.Signer != "")
}

// cache is where the folder has compiled packages.
func (v *Vendored) cache() string { return filepath.Join(v.dir, vendoring.CacheDir) }

// checkToolchain compares the Go release in the folder with the lock, before
// anybody runs it.
func (v *Vendored) checkToolchain() (err error) {
	if v.locked, err = lock.Read(v.Lock()); err != nil {
		return err
	}
	v.release, err = v.contents.Toolchain(v.locked.Toolchains, runtime.GOOS, runtime.GOARCH)
	return err
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
		"GOTOOLCHAIN":    cmp.Or(v.release, "local"),
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

// Getenv is the environment of a build that reads the folder alone.
func (v *Vendored) Getenv(name string) (string, bool) {
	if value, ok := v.set[name]; ok {
		return value, value != ""
	}
	if slices.Contains(outside, strings.ToUpper(name)) {
		return v.Env(name)
	}
	return "", false
}

// Config reads the folder's own config, which may say what vxlite vendor writes
// and nothing else.
func (v *Vendored) Config() (*config.Config, error) {
	data, err := os.ReadFile(filepath.Join(v.dir, vendoring.ConfigFile))
	if err != nil {
		return nil, err
	}
	return config.ParsePortable(filepath.Join(v.place, vendoring.ConfigFile), data, v.dir)
}

// Lock is the folder's lock file.
func (v *Vendored) Lock() string { return filepath.Join(v.dir, vendoring.LockFile) }

// LockName is the lock file's name for messages.
func (v *Vendored) LockName() string { return filepath.Join(v.place, vendoring.LockFile) }

func (v *Vendored) repositories() string { return filepath.Join(v.dir, vendoring.GitDir) }

// EmptyStore is a store that is empty.
func (v *Vendored) EmptyStore() string { return filepath.Join(v.tmp, "store") }

// Close removes what the build has written, but for its result.
func (v *Vendored) Close() error { return disk.RemoveAll(v.tmp) }

// Prune removes from the vendor folder at place what its own lock does not need.
func Prune(ctx context.Context, place string) (*event.Removed, error) {
	dir, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	if !disk.IsDir(dir) {
		return nil, &vendoring.FormatError{Place: dir, Reason: "is not a vendor folder, and nothing else can be pruned"}
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
