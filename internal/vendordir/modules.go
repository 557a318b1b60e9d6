package vendordir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/lock"
)

// WriteModules makes dst hold what builds of the given kinds read of the
// third-party modules in the module cache at cache: files are absolute names
// in it, and each module that it has unpacked is there with its go.mod at
// least, since the go command looks for packages in it. The checksums of all
// files of each module go with them, so that a part of a module can be compared
// with the lock.
func WriteModules(ctx context.Context, cache, dst string, files, kinds []string) error {
	mods, err := unpackedModules(cache)
	if err != nil {
		return err
	}
	all := slices.Clone(files)
	for _, m := range mods {
		if err := m.writeSums(dst); err != nil {
			return err
		}
		// A module from before there were such files has none.
		if fi, err := os.Stat(filepath.Join(m.dir, "go.mod")); err == nil && fi.Mode().IsRegular() {
			all = append(all, filepath.Join(m.dir, "go.mod"))
		}
	}
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

// unpackedModule is a module in a module cache.
type unpackedModule struct {
	name     string // PATH@VERSION, escaped
	dir, zip string
}

// unpackedModules lists the modules whose zips a module cache has.
func unpackedModules(cache string) ([]unpackedModule, error) {
	var out []unpackedModule
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
		if zip && served {
			name := modulePath + "@" + version
			out = append(out, unpackedModule{name: name, dir: join(cache, name), zip: p})
		}
		return nil
	})
	return out, err
}

// writeSums writes the lines that the module's checksum is the hash of: see
// golang.org/x/mod/sumdb/dirhash.
func (m unpackedModule) writeSums(dst string) error {
	var lines bytes.Buffer
	_, err := dirhash.HashZip(m.zip, func(files []string, open func(string) (io.ReadCloser, error)) (string, error) {
		slices.Sort(files)
		for _, name := range files {
			h := sha256.New()
			if err := copyFrom(h, open, name); err != nil {
				return "", err
			}
			fmt.Fprintf(&lines, "%x  %s\n", h.Sum(nil), name)
		}
		return "", nil
	})
	if err != nil {
		return err
	}
	to := join(dst, path.Join(sumsDir, m.name))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, lines.Bytes(), 0o644)
}

func copyFrom(w io.Writer, open func(string) (io.ReadCloser, error), name string) error {
	r, err := open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}

// Kinds are the kinds of builds that the folder has unpacked modules for.
func (c *Contents) Kinds() []string {
	data, err := form.ReadWhole(c.dir, path.Join(ModulesDir, kindsFile))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// ModulesError is a folder whose unpacked modules are not those of its lock.
type ModulesError struct {
	Place string
	// Files are slash-separated paths in it, sorted.
	Files []string
}

// Error implements error.
func (e *ModulesError) Error() string {
	return fmt.Sprintf("%s: checksum mismatch with %s: %s", e.Place, LockFile, brief.List(e.Files, 5))
}

// ExitStatus is that of a check that found a problem.
func (*ModulesError) ExitStatus() int { return 3 }

// Hints says what to do.
func (*ModulesError) Hints() []string {
	return []string{"it was changed after it was written: copy it again, or run vxlite vendor again"}
}

// OpenModules makes dst a module cache of those of the folder's unpacked modules
// that are what the lock's checksums say, which are moved if the folder may be
// changed, and copied otherwise. The go command does not compare them: it takes
// a module for downloaded when beside its directory there are the checksum of
// its zip, here the lock's, and its go.mod, here the proxy tree's: see
// cmd/go/internal/modfetch. What lacks any of these it unpacks as always.
func (c *Contents) OpenModules(ctx context.Context, dst string, change bool, sums []lock.Sum) error {
	proven, err := c.proven(sums)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dst, 0o755); err != nil {
		return err
	}
	for mod, h1 := range proven {
		src, to := join(c.dir, path.Join(ModulesDir, mod)), join(dst, mod)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if change {
			err = os.Rename(src, to)
		} else {
			err = copyTree(ctx, src, to)
		}
		if err != nil {
			return err
		}
		p, v, _ := strings.Cut(mod, "@")
		err := downloaded(join(c.dir, path.Join(ProxyDir, p, "@v", v)), join(dst, path.Join("cache/download", p, "@v", v)), h1)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// proven are the unpacked modules, PATH@VERSION as the module cache spells it,
// all files of which the lock's checksum proves, with that checksum. A module
// that the lock does not know, or of which there is nothing to compare with the
// lock, is not among them; one that differs is an error.
func (c *Contents) proven(sums []lock.Sum) (map[string]string, error) {
	files := c.moduleFiles()
	out := map[string]string{}
	e := &ModulesError{Place: c.Place}
	for _, s := range sums {
		p, err := module.EscapePath(s.Path)
		v, err2 := module.EscapeVersion(s.Version)
		mod := p + "@" + v
		if err != nil || err2 != nil || s.H1 == "" || files[mod] == nil || c.Sums[sumsOf(mod)] == "" {
			continue
		}
		bad, err := c.compareModule(mod, s, files[mod])
		if err != nil {
			return nil, err
		}
		e.Files = append(e.Files, bad...)
		out[mod] = s.H1
	}
	if slices.Sort(e.Files); len(e.Files) > 0 {
		return nil, e
	}
	return out, nil
}

// sumsOf is the name of the file with the checksums of a module's files.
func sumsOf(mod string) string { return path.Join(ModulesDir, sumsDir, mod) }

// moduleFiles are the names of the unpacked modules' files, by PATH@VERSION.
func (c *Contents) moduleFiles() map[string][]string {
	out := map[string][]string{}
	for name := range c.Sums {
		rest, ok := strings.CutPrefix(name, ModulesDir+"/")
		p, in, versioned := strings.Cut(rest, "@")
		v, _, inside := strings.Cut(in, "/")
		if ok && versioned && inside {
			out[p+"@"+v] = append(out[p+"@"+v], name)
		}
	}
	return out
}

// compareModule returns those of a module's files that are not what its checksum
// says. What the files' own checksums are is known already.
func (c *Contents) compareModule(mod string, s lock.Sum, files []string) (bad []string, err error) {
	data, err := form.ReadWhole(c.dir, sumsOf(mod))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); s.H1 != "h1:"+base64.StdEncoding.EncodeToString(sum[:]) {
		return []string{sumsOf(mod)}, nil
	}
	has := map[string]string{}
	for line := range strings.Lines(string(data)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		has[strings.TrimPrefix(name, s.Path+"@"+s.Version+"/")] = sum
	}
	for _, name := range files {
		if c.Sums[name] != has[strings.TrimPrefix(name, ModulesDir+"/"+mod+"/")] {
			bad = append(bad, name)
		}
	}
	return bad, nil
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
