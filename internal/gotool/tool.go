// Package gotool runs the go command: it finds it, builds its environment and
// its arguments, and reads what it says. Nothing of the caller's environment
// reaches it but what [Tool.Env] lists.
package gotool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/run"
)

// Env looks up a variable of the caller's environment.
type Env func(name string) (value string, ok bool)

// Cache remembers what the go command said of itself, so that a run in which
// nothing changed need not start it.
type Cache interface {
	ReadJSON(v any, elem ...string) bool
	WriteJSON(v any, elem ...string) error
}

// Tool is a go command.
type Tool struct {
	// Path is the absolute file name, links followed.
	Path string
	// ID changes when the file does.
	ID   string
	vars map[string]string // `go env -json`
	env  Env
	sink event.Sink
}

// ErrNoGo is a PATH without a go command.
var ErrNoGo error = noGo{}

type noGo struct{}

func (noGo) Error() string { return "no go command on PATH" }
func (noGo) Hints() []string {
	return []string{"install Go from go.dev/dl, or add its bin directory to PATH"}
}

// Find returns the go command of the caller's PATH and what `go env` says.
func Find(ctx context.Context, env Env, cache Cache, sink event.Sink) (*Tool, error) {
	pathList, _ := env("PATH")
	found := run.LookPath("go", pathList)
	if found == "" {
		return nil, ErrNoGo
	}
	t := &Tool{Path: found, env: env, sink: sink}
	if resolved, err := filepath.EvalSymlinks(found); err == nil {
		t.Path = resolved
	}
	id, stable, err := identify(t.Path)
	if err != nil {
		return nil, fmt.Errorf("go command: %w", err)
	}
	t.ID = id
	key := t.envKey()
	if stable && cache.ReadJSON(&t.vars, "goenv", key) && t.vars["GOVERSION"] != "" {
		for _, name := range confidential {
			if v := t.chosen(name); v != "" {
				t.vars[name] = v
			}
		}
		return t, nil
	}
	dir, err := outsideModules()
	if err != nil {
		return nil, err
	}
	out, err := t.run(ctx, run.Cmd{Args: []string{"env", "-json"}, Dir: dir,
		Env: t.pass(append(passed, goSettings...)), Why: "what the go command is set to"})
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &t.vars); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	kept := maps.Clone(t.vars)
	for _, name := range confidential {
		if t.chosen(name) != "" {
			delete(kept, name)
		}
	}
	return t, cache.WriteJSON(kept, "goenv", key)
}

// outsideModules is a directory with no go.mod above it, where the go command is run for
// what concerns no module: that of temporary files, which it needs too.
func outsideModules() (string, error) {
	dir := os.TempDir()
	probe, err := os.MkdirTemp(dir, "vxlite-*")
	if err != nil {
		return "", &TempError{dir, err}
	}
	return dir, os.Remove(probe)
}

// TempError is a directory for temporary files in which none can be made.
type TempError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *TempError) Error() string {
	return fmt.Sprintf("temporary files cannot be written to %s: %s", e.Dir, disk.Reason(e.Err))
}

// Unwrap returns the file system's error.
func (e *TempError) Unwrap() error { return e.Err }

// Hints says where else they can go.
func (*TempError) Hints() []string {
	name := "TMPDIR"
	if runtime.GOOS == "windows" {
		name = "TMP"
	}
	return []string{"name a directory that can be written to with " + name + "=DIR"}
}

// confidential are settings that may have a password or a token in them. Where
// the user has chosen them, they are read where he did, and not kept.
var confidential = []string{"GOPROXY", "GOSUMDB", "GOAUTH", "GOCACHEPROG"}

// chosen returns a setting as the caller's environment has it, else as `go env
// -w` wrote it; the go command's own default is empty.
func (t *Tool) chosen(name string) string {
	if v, _ := t.env(name); v != "" {
		return v
	}
	data, err := disk.ReadText(t.userEnvFile())
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return v
		}
	}
	return ""
}

// identify tells one go command from another without running it. A script in
// its place (a version manager's shim) may run another Go tomorrow.
func identify(file string) (id string, stable bool, err error) {
	f, err := disk.Open(file)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(f, head); err != nil {
		return "", false, err
	}
	return fmt.Sprintf("%s %d %d", file, fi.Size(), fi.ModTime().UnixNano()), string(head) != "#!", nil
}

// envKey names all that `go env` depends on.
func (t *Tool) envKey() string {
	h := sha256.New()
	fmt.Fprintln(h, t.ID)
	for _, kv := range t.pass(append(passed, goSettings...)) {
		fmt.Fprintln(h, kv)
	}
	if data, err := disk.ReadText(t.userEnvFile()); err == nil {
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// userEnvFile is where `go env -w` writes.
func (t *Tool) userEnvFile() string {
	if f, ok := t.env("GOENV"); ok && f != "" {
		return f // "off" is no file
	}
	home, _ := t.env("HOME")
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "go", "env")
	case "windows":
		dir, _ := t.env("AppData")
		return filepath.Join(dir, "go", "env")
	}
	if dir, ok := t.env("XDG_CONFIG_HOME"); ok && dir != "" {
		return filepath.Join(dir, "go", "env")
	}
	return filepath.Join(home, ".config", "go", "env")
}

// Var returns a setting as `go env` gives it.
func (t *Tool) Var(name string) string { return t.vars[name] }

// Version is the go command's own, such as go1.26.4.
func (t *Tool) Version() string { return t.vars["GOVERSION"] }

// Host is the platform the go command runs on.
func (t *Tool) Host() (os, arch string) { return t.vars["GOHOSTOS"], t.vars["GOHOSTARCH"] }

// MayUpgrade reports whether GOTOOLCHAIN lets the go command fetch a newer
// toolchain: see go.dev/doc/toolchain#select.
func (t *Tool) MayUpgrade() bool {
	setting := t.vars["GOTOOLCHAIN"]
	return setting == "auto" || setting == "path" || strings.HasSuffix(setting, "+auto") || strings.HasSuffix(setting, "+path")
}

// Private are GOPRIVATE's patterns.
func (t *Tool) Private() []string {
	var out []string
	for _, p := range strings.Split(t.vars["GOPRIVATE"], ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// run runs the go command.
func (t *Tool) run(ctx context.Context, c run.Cmd) ([]byte, error) {
	c.Path = t.Path
	out, err := run.Run(ctx, t.sink, c)
	if failed, ok := errors.AsType[*run.Error](err); ok && cacheless.MatchString(failed.Stderr) {
		err = &CacheError{err}
	}
	if err != nil && ctx.Err() == nil && c.Dir != "" && !disk.IsDir(c.Dir) {
		err = &RemovedError{err}
	}
	return out, err
}

// RemovedError is a go command whose directory was removed, as with the store that it
// is in.
type RemovedError struct{ Err error }

// Error implements error.
func (e *RemovedError) Error() string { return e.Err.Error() }

// Unwrap returns the go command's failure.
func (e *RemovedError) Unwrap() error { return e.Err }

// Hints says what to do.
func (*RemovedError) Hints() []string {
	return []string{"the store was removed meanwhile: run it again"}
}

// cacheless is what the go command says where it has no place for its caches.
var cacheless = regexp.MustCompile(`build cache is required|failed to initialize build cache|module cache not found|could not create module cache`)

// CacheError is a go command without a place for its caches.
type CacheError struct{ Err error }

// Error implements error.
func (e *CacheError) Error() string { return e.Err.Error() }

// Unwrap returns the go command's failure.
func (e *CacheError) Unwrap() error { return e.Err }

// Hints says how to give it one.
func (e *CacheError) Hints() []string {
	return []string{"set HOME, or GOCACHE and GOMODCACHE, to directories that can be written to"}
}

// pass copies variables from the caller's environment, sorted.
func (t *Tool) pass(names []string) []string {
	var out []string
	for _, n := range names {
		if v, ok := t.env(n); ok {
			out = append(out, n+"="+v)
		}
	}
	sort.Strings(out)
	return out
}

// passed are the variables that reach the go command as they are: what it
// needs to find its files, to reach the network, and to run a C compiler.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "SYSTEMROOT", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC",
}

// goSettings are Go's own variables that count; `go env` adds what `go env -w`
// set. What would change the binary without the config saying so (GOFLAGS,
// GOAMD64, GOEXPERIMENT and their like) is not among them.
var goSettings = []string{
	"GOROOT", "GOENV", "GOPATH", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB",
	"GOINSECURE", "GOAUTH", "GOTOOLCHAIN", "GOCACHEPROG", "GOTELEMETRYDIR",
}

// decisive are Go's variables that would change a build and are kept out of it.
var decisive = []string{
	"GO111MODULE", "GO386", "GOAMD64", "GOARM", "GOARM64", "GODEBUG", "GOEXPERIMENT", "GOFIPS140", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"GO_EXTLINK_ENABLED", "GOROOT_FINAL",
}

// cgoSettings reach the go command where C is compiled.
var cgoSettings = []string{"CC", "CXX", "AR", "PKG_CONFIG", "PKG_CONFIG_PATH", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"}
