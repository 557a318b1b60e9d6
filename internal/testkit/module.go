package testkit

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"
)

// ModuleVersion is one version of a module, as a proxy serves it.
type ModuleVersion struct {
	module.Version
	Time  time.Time
	GoMod []byte
	Zip   []byte
}

// Sum is the module's h1 hash, as in go.sum.
func (m *ModuleVersion) Sum() (string, error) {
	r, err := zip.NewReader(bytes.NewReader(m.Zip), int64(len(m.Zip)))
	if err != nil {
		return "", err
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	return dirhash.Hash1(names, func(name string) (io.ReadCloser, error) { return r.Open(name) })
}

// Modules are the modules that the repository's tags release, a tag
// folder/v1.2.3 that of the folder, sorted by path and version.
func (r *Repo) Modules() ([]*ModuleVersion, error) {
	var versions []*ModuleVersion
	for _, tag := range r.Tags() {
		dir, version := path.Split(tag)
		if !semver.IsValid(version) {
			continue
		}
		m, err := r.module(tag, strings.TrimSuffix(dir, "/"), version)
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w", r.URL, tag, err)
		}
		if m != nil {
			versions = append(versions, m)
		}
	}
	slices.SortFunc(versions, func(a, b *ModuleVersion) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return semver.Compare(a.Version.Version, b.Version.Version)
	})
	return versions, nil
}

// module is the module in a directory of a tag, nil where the tag does not
// release one.
func (r *Repo) module(tag, dir, version string) (*ModuleVersion, error) {
	commit, _ := r.lookup(tag)
	goMod, ok := r.trees[commit][path.Join(dir, "go.mod")]
	if !ok {
		return nil, nil
	}
	modulePath := modfile.ModulePath([]byte(goMod.data))
	_, major, _ := module.SplitPathVersion(modulePath)
	if module.CheckPathMajor(version, major) != nil {
		return nil, nil
	}
	m := &ModuleVersion{
		Version: module.Version{Path: modulePath, Version: version},
		Time:    r.Time(tag),
		GoMod:   []byte(goMod.data),
	}
	var files []modzip.File
	license := dir == ""
	for _, f := range r.files(commit, dir) {
		if !f.Mode().IsRegular() {
			continue
		}
		license = license || f.path == "LICENSE"
		files = append(files, f)
	}
	// A folder without a license takes the repository's, as in the go command.
	if e, ok := r.trees[commit]["LICENSE"]; ok && !license {
		files = append(files, treeFile{path: "LICENSE", entry: e})
	}
	var buf bytes.Buffer
	if err := modzip.Create(&buf, m.Version, files); err != nil {
		return nil, err
	}
	m.Zip = buf.Bytes()
	return m, nil
}

// treeFile is a file of a commit. It implements zip.File and fs.FileInfo.
type treeFile struct {
	path  string
	entry entry
}

func (f treeFile) Path() string                { return f.path }
func (f treeFile) Lstat() (fs.FileInfo, error) { return f, nil }
func (f treeFile) Open() (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(f.entry.data)), nil
}
func (f treeFile) Name() string       { return path.Base(f.path) }
func (f treeFile) Size() int64        { return int64(len(f.entry.data)) }
func (f treeFile) ModTime() time.Time { return time.Time{} }
func (f treeFile) IsDir() bool        { return false }
func (f treeFile) Sys() any           { return nil }

func (f treeFile) Mode() fs.FileMode {
	mode, err := f.entry.mode.ToOSFileMode()
	if err != nil {
		return fs.ModeIrregular
	}
	return mode
}
