package lock

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/module"
)

// Error is a lock that cannot be used.
type Error struct {
	File string
	// Line and Column count from 1, Column in bytes. They are 0 where Text names
	// the entry instead.
	Line, Column int
	Text         string
	// Newer says that the lock is a newer vxlite's, Config that the file is a
	// config, Conflict that git left both sides of a merge in it.
	Newer, Config, Conflict bool
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Hints says how to get a lock that can be used.
func (e *Error) Hints() []string {
	switch {
	case e.Newer:
		return []string{"use the vxlite that wrote it, or a newer one"}
	case e.Config:
		return []string{"name the lock, velox.lock beside the config; vxlite lock writes it"}
	case e.Conflict:
		return []string{"take one side of it, as with git checkout --theirs, and run vxlite lock"}
	}
	return []string{"restore the file from version control, or delete it and run vxlite lock"}
}

// ExitStatus is that of a wrong config.
func (e *Error) ExitStatus() int { return 2 }

// document is a lock as TOML has it.
type document struct {
	Version int             `toml:"version"`
	Go      string          `toml:"go"`
	Modules []Module        `toml:"module"`
	Sums    map[string]hash `toml:"sums"` // by PATH@VERSION
}

type hash struct {
	Zip string `toml:"zip"`
	Mod string `toml:"mod"`
}

// Parse reads a lock. It is strict: what Format does not write is an [*Error],
// but for the order, spaces and comments.
func Parse(name string, data []byte) (*File, error) {
	var d document
	// A newer format may have keys that are not known here.
	if err := toml.Unmarshal(data, &d); err == nil && d.Version > formatVersion {
		return nil, &Error{File: name, Text: fmt.Sprintf("the lock has format %d, and this vxlite knows %d", d.Version, formatVersion), Newer: true}
	}
	d = document{}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&d); err != nil {
		return nil, syntaxError(name, data, err)
	}
	f, err := d.file()
	if err != nil {
		return nil, &Error{File: name, Text: err.Error()}
	}
	return f, nil
}

// syntaxError gives go-toml's error its place, and tells what else the file is.
func syntaxError(name string, data []byte, err error) *Error {
	var top map[string]any
	if toml.Unmarshal(data, &top) == nil && top["roadrunner"] != nil {
		return &Error{File: name, Text: "is a config, not a lock", Config: true}
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("<<<<<<< ")) {
			return &Error{File: name, Line: i + 1, Column: 1, Text: "the lock has the markers of a merge conflict", Conflict: true}
		}
	}
	e := &Error{File: name, Line: 1, Column: 1, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	if unknown, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		e.Line, e.Column = unknown.Errors[0].Position()
		e.Text = "unknown key " + strings.Join(unknown.Errors[0].Key(), ".")
	} else if at, ok := errors.AsType[*toml.DecodeError](err); ok {
		e.Line, e.Column = at.Position()
		if strings.HasPrefix(e.Text, "cannot decode TOML ") { // goes on with the names of Go's types
			e.Text = strings.Join(at.Key(), ".") + " has a value of the wrong type"
		}
	}
	return e
}

// file checks what TOML does not.
func (d *document) file() (*File, error) {
	switch {
	case d.Version < 1:
		return nil, errors.New("the lock has no version")
	case !strings.HasPrefix(d.Go, "go") && !strings.HasPrefix(d.Go, "devel"):
		return nil, fmt.Errorf("go = %q is not a version of Go", d.Go)
	}
	f := &File{Go: d.Go, Modules: d.Modules}
	seen := map[string]bool{}
	for i := range f.Modules {
		m := &f.Modules[i]
		if err := m.check(); err != nil {
			return nil, err
		}
		if seen[m.Path] {
			return nil, fmt.Errorf("module %s is listed twice", m.Path)
		}
		seen[m.Path] = true
	}
	for _, name := range slices.Sorted(maps.Keys(d.Sums)) {
		s, err := d.Sums[name].sum(name)
		if err != nil {
			return nil, fmt.Errorf("sums: %w", err)
		}
		if s.Path == Toolchain {
			f.Toolchains = append(f.Toolchains, s)
		} else {
			f.Sums = append(f.Sums, s)
		}
	}
	f.Sort()
	return f, nil
}

// check checks the values of one module.
func (m *Module) check() error {
	for _, k := range m.keys() {
		if !k.optional && *k.value == "" {
			return fmt.Errorf("module %q has no %s", m.Path, k.name)
		}
	}
	if err := checkModule(m.Path, m.Version); err != nil {
		return err
	}
	switch {
	case !isCommit(m.Commit):
		return fmt.Errorf("module %s: commit %q is not 40 hex digits", m.Path, m.Commit)
	case !isH1(m.H1):
		return fmt.Errorf("module %s: h1 %q is not a go.sum hash", m.Path, m.H1)
	case m.Folder != "" && !isFolder(m.Folder):
		return fmt.Errorf("module %s: folder %q is not a folder of a repository", m.Path, m.Folder)
	}
	for _, p := range m.Patches {
		if p.File == "" || len(p.SHA256) != 64 || strings.Trim(p.SHA256, "0123456789abcdef") != "" {
			return fmt.Errorf("module %s: patch %q has no sha256 of 64 hex digits, or no file", m.Path, p.File)
		}
	}
	return nil
}

// sum makes an entry of the line of that name.
func (h hash) sum(name string) (Sum, error) {
	path, version, _ := strings.Cut(name, "@")
	if err := module.Check(path, version); err != nil {
		return Sum{}, err
	}
	if h.Zip+h.Mod == "" {
		return Sum{}, fmt.Errorf("%s has neither zip nor mod", name)
	}
	for _, v := range []string{h.Zip, h.Mod} {
		if v != "" && !isH1(v) {
			return Sum{}, fmt.Errorf("%s: %q is not a go.sum hash", name, v)
		}
	}
	return Sum{Path: path, Version: version, H1: h.Zip, GoMod: h.Mod}, nil
}

func isCommit(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}

// isH1 reports whether s is a hash as golang.org/x/mod/sumdb/dirhash makes it.
func isH1(s string) bool {
	const size = 32 // bytes of a SHA-256
	b, ok := strings.CutPrefix(s, "h1:")
	sum, err := base64.StdEncoding.Strict().DecodeString(b)
	return ok && err == nil && len(sum) == size && !strings.ContainsAny(b, "\r\n")
}

// isFolder refuses what would lead out of a repository.
func isFolder(s string) bool {
	for _, elem := range strings.Split(s, "/") {
		if elem == "" || elem == "." || elem == ".." {
			return false
		}
	}
	return !strings.ContainsAny(s, "\\\x00")
}

// checkModule is module.Check, but for a path without a dot in its first
// element, which a module in a folder of another's repository may have.
func checkModule(path, version string) error {
	if first, _, _ := strings.Cut(path, "/"); first != "" && !strings.Contains(first, ".") {
		path = "folder.invalid/" + path
	}
	return module.Check(path, version)
}
