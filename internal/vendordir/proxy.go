package vendordir

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

const toolchain = lock.Toolchain

// ProxyOptions say what a proxy's file tree has besides zips and go.mod files.
type ProxyOptions struct {
	// Toolchains takes Go releases too.
	Toolchains bool
	// Times keeps when versions were made, as far as their proxies told.
	Times bool
}

// WriteProxy makes dst a GOPROXY file tree of what the go command downloaded
// to the cache/download folder of a module cache: the zips it unpacked and the
// go.mod files it read, and nothing that tells when or from where it got them.
func WriteProxy(ctx context.Context, download, dst string, o ProxyOptions) error {
	return filepath.WalkDir(download, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(download, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (rel == "sumdb" || rel == toolchain && !o.Toolchains):
			return fs.SkipDir
		case d.IsDir() || path.Base(path.Dir(rel)) != "@v":
			return nil
		case path.Ext(rel) == ".zip":
			if err := writeInfo(download, dst, rel, o.Times); err != nil {
				return err
			}
		case path.Ext(rel) != ".mod":
			return nil
		}
		return moveFile(p, join(dst, rel))
	})
}

// writeInfo writes the .info beside a zip. Where a proxy has a module from is left
// out: it differs between proxies, as it may be whether they tell times.
func writeInfo(download, dst, zip string, times bool) error {
	version, err := module.UnescapeVersion(strings.TrimSuffix(path.Base(zip), ".zip"))
	if err != nil {
		return err
	}
	rel := strings.TrimSuffix(zip, ".zip") + ".info"
	info := struct {
		Version string
		Time    *time.Time `json:",omitempty"`
	}{Version: version}
	if times {
		if data, err := disk.ReadText(join(download, rel)); err == nil && json.Unmarshal(data, &info) != nil {
			info.Time = nil
		}
		info.Version = version
	}
	data, err := json.Marshal(info)
	if err != nil {
		return err
	}
	name := join(dst, rel)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// moveFile renames a file, and copies it where it cannot be renamed.
func moveFile(src, dst string) error {
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	if os.Rename(src, dst) == nil {
		return os.Chmod(dst, 0o644)
	}
	return disk.Copy(src, dst, 0o644)
}

// ProxyURL is the GOPROXY setting that reads a file tree. The go command takes
// commas and bars for separators, so they are escaped.
func ProxyURL(dir string) string {
	p := filepath.ToSlash(dir)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // C:/…
	}
	return strings.NewReplacer(",", "%2C", "|", "%7C").Replace((&url.URL{Scheme: "file", Path: p}).String())
}
