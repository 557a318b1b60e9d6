package mirror

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/disk"
)

// goModSuffix ends the version of a module of which the go.mod alone is meant.
const goModSuffix = "/go.mod"

// versionsDir is where a proxy's tree has the files of a module's versions.
const versionsDir = "@v"

// eachServed calls use for the files of modules in a proxy's tree, sorted: dir is
// MODULE/@v below it. A tree that is not there has none.
func eachServed(ctx context.Context, tree string, use func(dir, name string) error) error {
	err := filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(tree, p)
		if err != nil {
			return err
		}
		switch dir := filepath.Dir(rel); {
		case d.IsDir() && (rel == "sumdb" || d.Name()[0] == '.' && rel != "."):
			return fs.SkipDir
		case d.Type().IsRegular() && filepath.Base(dir) == versionsDir && d.Name()[0] != '.':
			return use(dir, d.Name())
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && !disk.Exists(tree) {
		return nil
	}
	return err
}

// modulesIn lists the modules in a proxy's tree, as go.sum names them, sorted. A module
// with its zip is not listed for its go.mod too.
func modulesIn(ctx context.Context, tree string) ([]string, error) {
	whole := map[string]bool{}
	err := eachServed(ctx, tree, func(dir, name string) error {
		ext := filepath.Ext(name)
		p, err := module.UnescapePath(filepath.ToSlash(filepath.Dir(dir)))
		v, err2 := module.UnescapeVersion(strings.TrimSuffix(name, ext))
		if err != nil || err2 != nil || ext != ".mod" && ext != ".zip" {
			return nil // nothing that the go command would ask for
		}
		whole[p+"@"+v] = whole[p+"@"+v] || ext == ".zip"
		return nil
	})
	var out []string
	for m, zip := range whole {
		if !zip {
			m += goModSuffix
		}
		out = append(out, m)
	}
	slices.Sort(out)
	return out, err
}

// missing are those of some modules, as modulesIn names them, that a tree does not have.
func missing(tree string, modules []string) (out []string) {
	for _, name := range modules {
		p, v, _ := strings.Cut(strings.TrimSuffix(name, goModSuffix), "@")
		path, err := module.EscapePath(p)
		version, err2 := module.EscapeVersion(v)
		file := filepath.Join(tree, filepath.FromSlash(path), versionsDir, version)
		has := err == nil && err2 == nil && disk.Exists(file+".mod")
		if !strings.HasSuffix(name, goModSuffix) {
			has = has && disk.Exists(file+".zip") && disk.Exists(file+".info")
		}
		if !has {
			out = append(out, name)
		}
	}
	return out
}

// lists brings the lists of versions up to date, and which is the latest.
func (p placing) lists(ctx context.Context) error {
	versions := map[string][]string{} // by MODULE/@v
	err := eachServed(ctx, p.dir, func(dir, name string) error {
		escaped, ok := strings.CutSuffix(name, ".info")
		if v, err := module.UnescapeVersion(escaped); ok && err == nil {
			versions[dir] = append(versions[dir], v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Sorted(maps.Keys(versions)) {
		list, latest := listed(versions[dir])
		if err := p.write(filepath.Join(p.dir, dir, "list"), []byte(list)); err != nil {
			return err
		}
		escaped, err := module.EscapeVersion(latest)
		if err != nil {
			return err
		}
		info, err := disk.ReadText(filepath.Join(p.dir, dir, escaped+".info"))
		if err != nil {
			return err
		}
		if err := p.write(filepath.Join(p.dir, filepath.Dir(dir), "@latest"), info); err != nil {
			return err
		}
	}
	return nil
}

// listed is a proxy's list of versions, and which of them is the latest: a release before
// a pre-release, and that before a commit.
func listed(versions []string) (list, latest string) {
	rank := func(v string) int {
		switch {
		case module.IsPseudoVersion(v):
			return 0
		case semver.Prerelease(v) != "":
			return 1
		}
		return 2
	}
	semver.Sort(versions)
	for _, v := range versions {
		if rank(v) > 0 {
			list += v + "\n"
		}
		if latest == "" || rank(v) >= rank(latest) {
			latest = v
		}
	}
	return list, latest
}

// write puts data in a file, unless it is what that has.
func (p placing) write(name string, data []byte) error {
	old, err := disk.ReadText(name)
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
	}
	p.out.Files++
	p.out.Bytes += int64(len(data))
	return disk.Write(name, data, 0o644)
}
