package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gotool"
	"github.com/vxlite/vxlite/internal/run"
	"github.com/vxlite/vxlite/internal/store"
)

// storeDir looks at the store and the disk it is on.
func (d *doctor) storeDir() error {
	var err error
	if d.store, err = store.Open(d.Store); err != nil {
		return helped{err, "name another place with VXLITE_CACHE=DIR"}
	}
	_, remove, err := d.store.TempDir()
	if err != nil {
		return helped{fmt.Errorf("%s cannot be written to: %s", d.Store, disk.Reason(err)), "name another place with VXLITE_CACHE=DIR"}
	}
	if err := remove(); err != nil {
		return err
	}
	d.ok("cache", "%s, %s", d.Store, megabytes(size(d.Store)))
	d.disk("disk of the cache", d.Store)
	if err := d.store.Share(d.Shared); err != nil {
		d.warn("shared cache", err, "correct VXLITE_CACHE_SHARED, or unset it")
	} else if d.Shared != "" {
		d.ok("shared cache", "%s", d.Shared)
	}
	return nil
}

// disk looks at how much room is left.
func (d *doctor) disk(name, dir string) {
	free, ok := disk.Free(dir)
	switch {
	case !ok:
	case free < leastFree:
		d.fail(name, helped{fmt.Errorf("%s free on the disk of %s", megabytes(free), dir), "make room: a server with all plugins takes about a gigabyte to build"})
	default:
		d.ok(name, "%s free", megabytes(free))
	}
}

// size is that of all files below dir, in bytes.
func size(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if fi, err := e.Info(); err == nil {
			n += fi.Size()
		}
		return nil
	})
	return n
}

func megabytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// goCommand looks at the go command and its settings.
func (d *doctor) goCommand(ctx context.Context, client *http.Client) {
	var err error
	if d.tool, err = gotool.Find(ctx, d.Env, d.store, d.Sink); err != nil {
		d.tool = nil
		d.fail("go", err)
		return
	}
	toolchain := d.tool.Var("GOTOOLCHAIN")
	more := "a newer Go that a plugin asks for is not fetched"
	if d.tool.MayUpgrade() {
		more = "a newer Go that a plugin asks for is fetched"
	}
	d.ok("go", "%s at %s", d.tool.Version(), d.tool.Path)
	d.ok("GOTOOLCHAIN", "%s: %s", toolchain, more)
	d.proxies(ctx, client)
	private := d.tool.Var("GOPRIVATE")
	if private == "" {
		private = "(none)"
	}
	d.ok("GOPRIVATE", "%s", private)
	d.goCache("GOCACHE")
	d.goCache("GOMODCACHE")
	pathList, _ := d.Env("PATH")
	if git := run.LookPath("git", pathList); git != "" {
		d.ok("git", "%s, for its credential helpers", git)
	} else {
		d.ok("git", "not installed; needed only for its credential helpers")
	}
}

// goCache looks at a directory that the go command keeps things in. A module cache
// that can only be read may have all that is needed.
func (d *doctor) goCache(name string) {
	dir := d.tool.Var(name)
	if dir == "" {
		return
	}
	hint := "let the user who builds write to it, or name another place: go env -w " + name + "=DIR"
	for _, dir := range []string{dir, filepath.Join(dir, "cache", "download")} { // the second may be another user's
		if _, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.fail(name, helped{fmt.Errorf("%s cannot be read: %s", dir, disk.Reason(err)), hint})
			return
		}
	}
	err := tryWriting(dir)
	switch {
	case err != nil && name == "GOMODCACHE":
		d.warn(name, fmt.Errorf("%s cannot be written to: %s; only modules that are in it can be used", dir, disk.Reason(err)), hint)
	case err != nil:
		d.fail(name, helped{fmt.Errorf("%s cannot be written to: %s", dir, disk.Reason(err)), hint})
	default:
		d.ok(name, "%s", dir)
		d.disk("disk of "+name, dir)
	}
}

// tryWriting makes a directory, as the go command would, and something in it.
func tryWriting(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	probe, err := os.MkdirTemp(dir, "vxlite-*")
	if err != nil {
		return err
	}
	return os.Remove(probe)
}

// proxies asks each module proxy of GOPROXY. One that answers anything at all
// but a server's error is there; which modules it has is another question.
func (d *doctor) proxies(ctx context.Context, client *http.Client) {
	for _, p := range strings.FieldsFunc(d.tool.Var("GOPROXY"), func(r rune) bool { return r == ',' || r == '|' }) {
		shown := withoutPassword(p)
		switch {
		case p == "off":
			d.ok("GOPROXY", "off: only modules that are in the module cache, or come from git")
		case p == "direct":
			d.ok("GOPROXY", "direct: not used, as the go command may not run git here")
		case strings.HasPrefix(p, "file://"):
			u, err := url.Parse(p)
			if err != nil || !disk.IsDir(urlDir(u)) {
				d.fail("GOPROXY", helped{fmt.Errorf("%s: no such directory", shown), "correct it with: go env -w GOPROXY=…"})
			} else {
				d.ok("GOPROXY", "%s", shown)
			}
		case d.Offline:
			d.ok("GOPROXY", "%s, not asked", shown)
		default:
			if err := ask(ctx, client, p); err != nil {
				d.fail("GOPROXY", helped{fmt.Errorf("%s: %w", shown, err), "set HTTPS_PROXY where one is needed, or name a proxy that can be reached: go env -w GOPROXY=…"})
			} else {
				d.ok("GOPROXY", "%s answers", shown)
			}
		}
	}
}

// urlDir is the directory that a file URL names. On Windows it has a slash
// before the drive.
func urlDir(u *url.URL) string {
	dir := filepath.FromSlash(u.Path)
	if drive := strings.TrimPrefix(dir, string(filepath.Separator)); filepath.VolumeName(drive) != "" {
		return drive
	}
	return dir
}

// ask asks a module proxy for the versions of a module that all of them know.
func ask(ctx context.Context, client *http.Client, proxy string) error {
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(proxy, "/")+"/golang.org/x/mod/@v/list", nil)
	if err != nil {
		return errors.New("not a URL")
	}
	res, err := client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 500 || res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden {
		return errors.New(res.Status)
	}
	return nil
}

func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
}
