package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Read reads the config file of that name. Variables are looked up with
// lookup, which is os.LookupEnv in shape. The error is an [*ErrorList], or
// says why the file cannot be read.
func Read(path string, lookup func(name string) (string, bool)) (*Config, error) {
	if isStream(path) {
		return nil, &StreamError{Path: path}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(path, err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, readError(path, err)
	}
	c, err := Parse(path, data, dir, lookup)
	if err != nil {
		return nil, err
	}
	return c, nil
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

// Parse reads a config from its bytes. Positions have file in them; relative
// paths are relative to dir, which is absolute. Where the error is an
// [*ErrorList], the Config has all that could be read nevertheless.
func Parse(file string, data []byte, dir string, lookup func(name string) (string, bool)) (*Config, error) {
	const mark = "\ufeff" // some editors begin a file in UTF-8 with it
	doc := parse(file, bytes.TrimPrefix(data, []byte(mark)))
	d := &draft{
		Config:   &Config{File: file, Notes: doc.notes},
		dir:      dir,
		lookup:   lookup,
		root:     doc.root,
		problems: doc.problems,
	}
	d.expand(d.root)
	d.decode()
	d.setDefaults()
	if doc.whole { // half a document lacks much that the whole one has
		d.validate()
	}
	slices.SortStableFunc(d.Notes, func(a, b Note) int { return a.Pos.compare(b.Pos) })
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Pos.compare(b.Pos) })
		return d.Config, &ErrorList{Problems: d.problems}
	}
	return d.Config, nil
}

// draft is a Config in the making, and the tree it is made from, in which
// defaults and checks find what was written, and where.
type draft struct {
	*Config
	dir    string
	lookup func(name string) (string, bool)

	root *node
	// The tables that the Config's lists come from, item by item.
	plugins, modules, replaces, excludes, mirrors, credentials []*node
	// projects are the GitLab projects by id.
	projects []*node

	problems []Problem
}

// errorf adds a problem. A hint can be set on the result.
func (d *draft) errorf(pos Position, format string, args ...any) *Problem {
	d.problems = append(d.problems, Problem{Pos: pos, Text: fmt.Sprintf(format, args...)})
	return &d.problems[len(d.problems)-1]
}

// notef adds a note.
func (d *draft) notef(pos Position, format string, args ...any) {
	d.Notes = append(d.Notes, Note{Pos: pos, Text: fmt.Sprintf(format, args...)})
}

// readError words a failure to read a file, without the path that the
// standard library repeats.
func readError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("config %s: %w", path, noFile{})
	}
	if fi, statErr := os.Stat(path); statErr == nil && fi.IsDir() {
		return fmt.Errorf("config %s: is a directory", path) // Windows calls it an incorrect function
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
