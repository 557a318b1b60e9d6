package vendoring

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

// WriteModules makes dst hold what builds of the given kinds read of the
// third-party modules in the module cache at cache: files are absolute names
// in it, and each module that it has unpacked is there with its go.mod at
// least, since the go command looks for packages in it.
func WriteModules(ctx context.Context, cache, dst string, files, kinds []string) error {
	mods, err := goMods(cache)
	if err != nil {
		return err
	}
	all := append(mods, files...)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(cache, name)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := disk.Copy(name, to, 0o644); err != nil {
			return err
		}
	}
	kinds = slices.Clone(kinds)
	slices.Sort(kinds)
	if err := os.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dst, kindsFile), []byte(strings.Join(kinds, "\n")+"\n"), 0o644)
}

// goMods lists the go.mod files of the modules whose zips a module cache has.
// A module from before there were such files has none.
func goMods(cache string) ([]string, error) {
	var out []string
	download := filepath.Join(cache, "cache", "download")
	err := filepath.WalkDir(download, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(download, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (rel == "sumdb" || rel == toolchain) {
			return fs.SkipDir
		}
		parent, version := path.Split(rel)
		version, zip := strings.CutSuffix(version, ".zip")
		modulePath, served := strings.CutSuffix(parent, "/@v/")
		if !zip || !served {
			return nil
		}
		name := join(cache, modulePath+"@"+version+"/go.mod")
		if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
			out = append(out, name)
		}
		return nil
	})
	return out, err
}

// Kinds are the kinds of builds that the folder dir has unpacked modules for.
func Kinds(dir string) []string {
	data, err := os.ReadFile(filepath.Join(dir, ModulesDir, kindsFile))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// OpenModules makes dst a module cache of the folder dir's unpacked modules,
// which are moved if the folder may be changed, and copied otherwise. The go
// command takes a module for downloaded when beside its directory there are the
// checksum of its zip, here the lock's, and its go.mod, here the proxy tree's:
// see cmd/go/internal/modfetch. What lacks any of these it unpacks as always.
func OpenModules(ctx context.Context, dir, dst string, change bool, sums []lock.Sum) error {
	src := filepath.Join(dir, ModulesDir)
	if change {
		if err := os.Rename(src, dst); err != nil {
			return err
		}
	} else if err := copyTree(ctx, src, dst); err != nil {
		return err
	}
	for _, s := range sums {
		p, err := module.EscapePath(s.Path)
		v, err2 := module.EscapeVersion(s.Version)
		if err != nil || err2 != nil || s.H1 == "" {
			continue
		}
		if fi, err := os.Stat(join(dst, p+"@"+v)); err != nil || !fi.IsDir() {
			continue
		}
		err = downloaded(join(dir, path.Join(ProxyDir, p, "@v", v)), join(dst, path.Join("cache/download", p, "@v", v)), s.H1)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// downloaded writes what the go command keeps of a download. Both names lack
// their extensions.
func downloaded(proxy, cache, h1 string) error {
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		return err
	}
	for _, ext := range []string{".mod", ".info"} {
		if err := disk.Copy(proxy+ext, cache+ext, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(cache+".ziphash", []byte(h1), 0o644)
}

// copyTree copies a directory of regular files.
func copyTree(ctx context.Context, src, dst string) error {
	return filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dst, rel), 0o755)
		}
		return disk.Copy(p, filepath.Join(dst, rel), 0o644)
	})
}
