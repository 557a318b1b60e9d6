// Package parse reads a velox.toml of any generation into a [config.Config]:
// begin at [Data].
//
// Reading is five steps, each a function of its own: [tree.Parse] (TOML to a tree
// with positions), expand (the variables in the tree's strings), decode (the
// keys of every generation to one Config), setDefaults, and validate, which
// changes nothing. All problems of a file are reported at once, as a
// [config.ErrorList] in the file's order. The values of flags that a file may
// have too are read here as well: [Mirror], [Override].
package parse

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/tree"
	"github.com/vxlite/vxlite/internal/disk"
)

// File reads the config file of that name. Variables are looked up with
// lookup, which is os.LookupEnv in shape. The error is an [*ErrorList], or
// says why the file cannot be read.
func File(path string, lookup func(name string) (string, bool)) (*config.Config, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, readError(path, err)
	}
	c, err := Data(path, data, dir, lookup)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ReadFile reads the bytes of the config file of that name.
func ReadFile(path string) ([]byte, error) {
	if isStream(path) {
		return nil, &StreamError{Path: path}
	}
	data, err := disk.ReadText(path)
	if err != nil {
		return nil, readError(path, err)
	}
	return data, nil
}

// isStream reports whether a config has no place of its own: a pipe, or what a
// process has open.
func isStream(path string) bool {
	abs, err := filepath.Abs(path)
	if dir := filepath.Dir(abs); err == nil && (dir == "/dev" || dir == "/dev/fd" || strings.HasPrefix(dir, "/proc/")) {
		return true
	}
	fi, err := os.Stat(path)
	return err == nil && fi.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0
}

// StreamError is a config that is no file.
type StreamError struct{ Path string }

// Error implements error.
func (e *StreamError) Error() string {
	return fmt.Sprintf("config %s: not a regular file, so relative paths and the lock have no directory", e.Path)
}

// Hints says what would do.
func (*StreamError) Hints() []string {
	return []string{"write it to a file, and name that with -c FILE"}
}

// Data reads a config from its bytes. Positions have file in them; relative
// paths are relative to dir, which is absolute. Where the error is an
// [*ErrorList], the Config has all that could be read nevertheless.
func Data(file string, data []byte, dir string, lookup func(name string) (string, bool)) (*config.Config, error) {
	const mark = "\ufeff"                                                                       // some editors begin a file in UTF-8 with it
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) { // the mark in UTF-16
		return &config.Config{File: file}, &config.ErrorList{Problems: []config.Problem{{Pos: config.Position{File: file},
			Text: "it is in UTF-16, and TOML is in UTF-8",
			Hint: "save it as UTF-8; in PowerShell, write it with | Out-File -Encoding utf8 in place of >"}}}
	}
	doc := tree.Parse(file, bytes.TrimPrefix(data, []byte(mark)))
	d := &draft{
		Config: &config.Config{File: file, Notes: doc.Notes},
		dir:    dir,
		lookup: lookup,
		root:   doc.Root,
		Reader: tree.Reader{Problems: doc.Problems},
	}
	if n := d.root.Get("version"); n != nil && (d.root.Get("module") != nil || d.root.Get("sums") != nil) {
		d.Errorf(n.Key, "this is a lock, not a config: name the config, velox.toml beside it")
		return d.Config, &config.ErrorList{Problems: d.Problems}
	}
	d.expand(d.root)
	d.decode()
	d.setDefaults()
	if doc.Whole { // half a document lacks much that the whole one has
		d.validate()
	}
	if len(d.Problems) > 0 {
		d.validateTargets()
	}
	slices.SortStableFunc(d.Notes, func(a, b config.Note) int { return a.Pos.Compare(b.Pos) })
	if len(d.Problems) > 0 {
		slices.SortStableFunc(d.Problems, func(a, b config.Problem) int { return a.Pos.Compare(b.Pos) })
		return d.Config, &config.ErrorList{Problems: d.Problems}
	}
	return d.Config, nil
}

// draft is a Config in the making, and the tree it is made from, in which
// defaults and checks find what was written, and where.
type draft struct {
	*config.Config
	tree.Reader
	dir    string
	lookup func(name string) (string, bool)

	root *tree.Node
	// The tables that the Config's lists come from, item by item.
	plugins, modules, replaces, excludes, mirrors, credentials []*tree.Node
	// projects are the GitLab projects by id.
	projects []*tree.Node
}

// notef adds a note.
func (d *draft) notef(pos config.Position, format string, args ...any) {
	d.Notes = append(d.Notes, config.Note{Pos: pos, Text: fmt.Sprintf(format, args...)})
}

// readError words a failure to read a file, without the path that the
// standard library repeats.
func readError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("config %s: %w", path, noFile{})
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("config %s: %w", path, err)
}

// noFile is fs.ErrNotExist, worded alike on all systems.
type noFile struct{}

func (noFile) Error() string { return "no such file" }

func (noFile) Is(target error) bool { return target == fs.ErrNotExist }
