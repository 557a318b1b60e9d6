package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/run"
)

// Latest is the newest version of a module, by the proxies.
func (t *Tool) Latest(ctx context.Context, path string) (version string, err error) {
	env, show := t.Env("off", Compile{OS: t.vars["GOHOSTOS"], Arch: t.vars["GOHOSTARCH"]})
	dir, err := outsideModules()
	if err != nil {
		return "", err
	}
	out, err := t.run(ctx, run.Cmd{Args: []string{"list", "-m", "-f", "{{.Version}}", path + "@latest"}, Dir: dir, Env: env, Show: show, Why: "the newest " + path})
	return strings.TrimSpace(string(out)), err
}

// DownloadLatest fetches the newest version of a module, unless it is in the module
// cache, and returns it with its zip file. Offline, it is the newest that the module
// cache has.
func (t *Tool) DownloadLatest(ctx context.Context, path string, offline bool) (version, zip string, err error) {
	if offline {
		cache := filepath.ToSlash(filepath.Join(t.Var("GOMODCACHE"), "cache", "download"))
		if !strings.HasPrefix(cache, "/") {
			cache = "/" + cache // C:/
		}
		t = t.With(map[string]string{"GOPROXY": (&url.URL{Scheme: "file", Path: cache}).String(), "GONOPROXY": ""})
	}
	env, show := t.Env("off", Compile{OS: t.vars["GOHOSTOS"], Arch: t.vars["GOHOSTARCH"]})
	dir, err := outsideModules()
	if err != nil {
		return "", "", err
	}
	var out bytes.Buffer
	_, err = t.run(ctx, run.Cmd{Args: []string{"mod", "download", "-json", path + "@latest"}, Dir: dir, Env: env, Show: show, Stdout: &out, Why: "the newest " + path})
	if ctx.Err() != nil {
		return "", "", context.Cause(ctx)
	}
	var said struct{ Version, Zip, Error string }
	if parsed := json.Unmarshal(out.Bytes(), &said); err == nil && parsed != nil {
		return "", "", fmt.Errorf("go mod download: %w", parsed)
	}
	if failed, ok := errors.AsType[*run.Error](err); ok && said.Error != "" { // which is not on stderr then
		failed.Stderr = said.Error
	}
	return said.Version, said.Zip, err
}
