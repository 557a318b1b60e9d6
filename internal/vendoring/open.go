package vendoring

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
	"github.com/vxlite/vxlite/internal/config/portable"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/signature"
	"github.com/vxlite/vxlite/internal/store"
	"github.com/vxlite/vxlite/internal/vendordir"
)

// Vendored is a vendor folder that a build reads, and reads alone. Whatever
// the build has to write goes to a directory that Close removes.
type Vendored struct {
	OpenOptions
	place  string // as it was named, absolute
	dir    string // the vendor folder
	tmp    string
	remove func() error      // tmp
	own    bool              // dir was unpacked into tmp
	set    map[string]string // of the environment

	contents *vendordir.Contents
	locked   *lock.File
	release  string // the Go release to run, which the folder has; or empty
	unpacked unpacked
}

// OpenOptions say what of a vendor folder is useCompiled, and where a build
// from it may write.
type OpenOptions struct {
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

// Open checks the folder or file at place, and unpacks a file.
func Open(ctx context.Context, place string, o OpenOptions) (*Vendored, error) {
	place, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(place)
	if err != nil {
		return nil, vendordir.Not(place, disk.Reason(err))
	}
	var keys *signature.Keys
	if len(o.SignedBy) > 0 {
		if keys, err = signature.ReadKeys(o.SignedBy); err != nil {
			return nil, err
		}
	}
	v := &Vendored{OpenOptions: o, place: place}
	if v.tmp, v.remove, err = tempDir(o.Store, o.Env); err != nil {
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
func tempDir(dir string, env func(string) (string, bool)) (string, func() error, error) {
	const pattern = "vxlite-*"
	temp := os.TempDir()
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		if dir, ok := env(name); ok && disk.IsDir(dir) {
			temp = dir
			break
		}
	}
	disk.SweepHeld(temp, pattern)
	if dir != "" && disk.IsDir(dir) {
		if s, err := store.Open(dir); err == nil {
			if dir, remove, err := s.TempDir(); err == nil {
				return dir, remove, nil
			}
		}
	}
	return disk.MkdirHeld(temp, pattern)
}

// openFolder checks a folder. It may be read-only, so the build cache becomes
// one of links to it.
func (v *Vendored) openFolder(ctx context.Context, keys *signature.Keys) (err error) {
	if v.dir, err = filepath.EvalSymlinks(v.place); err != nil {
		return err
	}
	if v.contents, err = vendordir.Check(ctx, v.dir, keys); err != nil {
		return err
	}
	if v.useCompiled() {
		v.unpacked.kinds = v.contents.Kinds()
		return vendordir.LinkCache(v.cache(), v.gocache())
	}
	return nil
}

// openFile unpacks a file. Its compiled packages are this build's own, so the
// go command may work on them as they are.
func (v *Vendored) openFile(ctx context.Context, keys *signature.Keys) error {
	f, err := disk.OpenNamed(v.place)
	if err != nil {
		return vendordir.Not(v.place, disk.Reason(err))
	}
	defer f.Close()
	v.dir, v.own = filepath.Join(v.tmp, "vendor"), true
	if err := os.Mkdir(v.dir, 0o755); err != nil {
		return err
	}
	if v.contents, err = vendordir.Unpack(ctx, v.place, f, v.dir, keys); err != nil {
		return err
	}
	if v.useCompiled() {
		v.unpacked.kinds = v.contents.Kinds()
		return errors.Join(disk.Rename(v.cache(), v.gocache()), vendordir.FreshCache(v.gocache()))
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
func (v *Vendored) cache() string { return filepath.Join(v.dir, vendordir.CacheDir) }

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
		"GOPROXY":        vendordir.ProxyURL(filepath.Join(v.dir, vendordir.ProxyDir)),
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
	data, err := disk.ReadText(filepath.Join(v.dir, vendordir.ConfigFile))
	if err != nil {
		return nil, err
	}
	return portable.Read(filepath.Join(v.place, vendordir.ConfigFile), data, v.dir)
}

// Lock is the folder's lock file.
func (v *Vendored) Lock() string { return filepath.Join(v.dir, vendordir.LockFile) }

// LockName is the lock file's name for messages.
func (v *Vendored) LockName() string { return filepath.Join(v.place, vendordir.LockFile) }

// VulnDB is the folder's database of known vulnerabilities, or empty.
func (v *Vendored) VulnDB() string {
	if name := filepath.Join(v.dir, vendordir.VulnDBFile); disk.Exists(name) {
		return name
	}
	return ""
}

// Repositories is the directory of the repositories.
func (v *Vendored) Repositories() string { return filepath.Join(v.dir, vendordir.GitDir) }

// EmptyStore is a store that is empty.
func (v *Vendored) EmptyStore() string { return filepath.Join(v.tmp, "store") }

// Close removes what the build has written, but for its result.
func (v *Vendored) Close() error { return v.remove() }

// Prune removes from the vendor folder at place what its own lock does not need.
func Prune(ctx context.Context, place string) (*store.Removed, error) {
	dir, err := filepath.Abs(place)
	if err != nil {
		return nil, err
	}
	if !disk.IsDir(dir) {
		return nil, vendordir.Not(dir, "is not a vendor folder, and nothing else can be pruned")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	_, before, err := vendordir.Size(dir)
	if err != nil {
		return nil, err
	}
	removed, err := vendordir.Prune(ctx, dir)
	if err != nil {
		return nil, err
	}
	_, after, err := vendordir.Size(dir)
	return &store.Removed{Paths: removed, Size: before - after}, err
}

// unpacked are the modules that a vendor folder has outside their zips.
type unpacked struct {
	kinds []string // of builds that they are for
	cache string   // the module cache that they became, once a build asked for it
}

// Modules makes a module cache of the unpacked modules, where the folder has
// them for builds of this kind; empty where it has not.
func (v *Vendored) Modules(ctx context.Context, kind string, sums []lock.Sum) (string, error) {
	if !slices.Contains(v.unpacked.kinds, kind) {
		return "", nil
	}
	if v.unpacked.cache == "" {
		dir := filepath.Join(v.tmp, "unpacked")
		if err := v.contents.OpenModules(ctx, dir, v.own, sums); err != nil {
			return "", err
		}
		v.unpacked.cache = dir
	}
	return v.unpacked.cache, nil
}

// DropModules lets Modules return none from now on.
func (v *Vendored) DropModules() { v.unpacked = unpacked{} }
