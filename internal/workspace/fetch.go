package workspace

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/vendordir"
)

// Downloads is where a module cache has what was downloaded, as a proxy's file tree.
func Downloads(cache string) string { return filepath.Join(cache, "cache", "download") }

// Fetcher is the go command with a module cache of its own at dir, which is empty:
// what it fetches there is what is needed. It takes modules from the first proxies,
// which are directories, then from the user's module cache, then from GOPROXY.
func (k *Kit) Fetcher(dir string, first ...string) (*gotool.Tool, error) {
	if err := os.MkdirAll(Downloads(dir), 0o755); err != nil { // the go command makes it only for what it downloads
		return nil, err
	}
	var proxies []string
	for _, p := range append(first, Downloads(k.Tool.Var("GOMODCACHE"))) {
		proxies = append(proxies, vendordir.ProxyURL(p))
	}
	rest := k.Tool.Var("GOPROXY")
	if rest == "" || k.Offline {
		rest = "off"
	}
	return k.Tool.With(map[string]string{"GOMODCACHE": dir, "GOPROXY": strings.Join(append(proxies, rest), ","), "GOFLAGS": "-modcacherw"}), nil
}

// Fetch has tool fetch all third-party modules that building for the targets takes, and
// writing a lock: see [Workspace.Checksums].
func (w *Workspace) Fetch(ctx context.Context, tool *gotool.Tool, targets []config.Target) error {
	cfg, kit, other := *w.Config, *w.Kit, *w
	cfg.Build.Targets = targets
	kit.Config, kit.Tool, other.Kit = &cfg, tool, &kit
	_, err := other.Checksums(ctx)
	return err
}

// FetchToolchain has tool fetch a Go release. The go command asks Go's checksum
// database for it, whatever the settings are, but for a single proxy of files.
func FetchToolchain(ctx context.Context, tool *gotool.Tool, m module.Version) error {
	if err := tool.Download(ctx, m.Path, m.Version); err != nil {
		return &ToolchainError{Module: m, Err: err}
	}
	return nil
}

// ToolchainError is a Go release that cannot be fetched.
type ToolchainError struct {
	Module module.Version
	Err    error
}

// parts are the Go release, as GOTOOLCHAIN names it, and its platform.
func (e *ToolchainError) parts() (release, platform string) {
	v := strings.TrimPrefix(e.Module.Version, "v0.0.1-")
	i := strings.LastIndexByte(v, '.')
	return v[:max(i, 0)], strings.Replace(v[i+1:], "-", "/", 1)
}

// unproven says that the proxy has it, and that it cannot be compared.
func (e *ToolchainError) unproven() bool {
	return strings.Contains(e.Err.Error(), "checksum database disabled by GOSUMDB=off")
}

// Error implements error.
func (e *ToolchainError) Error() string {
	release, platform := e.parts()
	if e.unproven() {
		return fmt.Sprintf("the toolchain %s for %s cannot be verified without the checksum database\n%v", release, platform, e.Err)
	}
	return fmt.Sprintf("the module proxy does not have the toolchain %s for %s\n%v", release, platform, e.Err)
}

// Unwrap returns the go command's error.
func (e *ToolchainError) Unwrap() error { return e.Err }

// Hints says how to get on.
func (e *ToolchainError) Hints() []string {
	release, _ := e.parts()
	without := "leave out --with-toolchain, and install " + release + " where the build is to run"
	if e.unproven() {
		return []string{"set GOSUMDB to a checksum database that can be asked, such as sum.golang.org; or " + without}
	}
	return []string{"ask a proxy that has it, with GOPROXY; or " + without}
}
