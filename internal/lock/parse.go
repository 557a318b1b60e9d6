package lock

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
	"golang.org/x/mod/module"
)

// Error is a lock that cannot be used, and where.
type Error struct {
	File string
	// Line and Column count from 1; Column counts bytes.
	Line, Column int
	Text         string
	// Newer says that the lock is a newer vxlite's.
	Newer bool
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// Hints says how to get a lock that can be used.
func (e *Error) Hints() []string {
	if e.Newer {
		return []string{"use the vxlite that wrote it, or a newer one"}
	}
	return []string{"take the file from version control again, or delete it and run vxlite lock"}
}

// ExitStatus is that of a wrong config.
func (e *Error) ExitStatus() int { return 2 }

// Parse reads a lock. It is strict: what Format does not write is an [*Error]
// with its place in the file of that name, but for the order, spaces and
// comments.
func Parse(name string, data []byte) (*File, error) {
	p := &parser{name: name, data: slices.Clip(data), file: &File{}, sums: map[string]bool{}, paths: map[string]bool{}}
	if err := p.run(); err != nil {
		return nil, err
	}
	p.file.Sort()
	return p.file, nil
}

// parser fills a File from the expressions of the TOML parser.
type parser struct {
	name string
	data []byte
	toml unstable.Parser

	file   *File
	top    map[string]bool // keys before the first table
	module *Module         // of the last [[module]]
	at     int             // its offset
	set    map[string]bool // its keys
	inSums bool
	hasSum bool            // there was a [sums]
	sums   map[string]bool // PATH@VERSION
	paths  map[string]bool
}

func (p *parser) run() error {
	p.toml.Reset(p.data)
	p.top = map[string]bool{}
	for p.toml.NextExpression() {
		var err error
		switch e := p.toml.Expression(); {
		case e.Kind == unstable.KeyValue && p.inSums:
			err = p.sum(e)
		case e.Kind == unstable.KeyValue && p.module != nil:
			err = p.moduleKey(e)
		case e.Kind == unstable.KeyValue:
			err = p.topKey(e)
		case e.Kind == unstable.Table || e.Kind == unstable.ArrayTable:
			err = p.table(e)
		}
		if err != nil {
			return err
		}
	}
	if err := p.toml.Error(); err != nil {
		offset := len(p.data)
		if syntax, ok := errors.AsType[*unstable.ParserError](err); ok {
			offset = int(p.toml.Range(syntax.Highlight).Offset)
		}
		return p.errorf(offset, "%v", err)
	}
	if err := p.endModule(); err != nil {
		return err
	}
	return p.missingTop()
}

// errorf is an error at an offset.
func (p *parser) errorf(offset int, format string, args ...any) *Error {
	before := p.data[:min(offset, len(p.data))]
	line := strings.Count(string(before), "\n")
	column := len(before) - strings.LastIndexByte(string(before), '\n')
	return &Error{File: p.name, Line: line + 1, Column: column, Text: fmt.Sprintf(format, args...)}
}

// single returns an expression's key, which must not be a dotted one.
func (p *parser) single(e *unstable.Node) (name string, offset int, err error) {
	keys := e.Key()
	keys.Next()
	n := keys.Node()
	if !keys.IsLast() {
		return "", 0, p.errorf(int(n.Raw.Offset), "%s is followed by a dot", n.Data)
	}
	return string(n.Data), int(n.Raw.Offset), nil
}

// table opens [[module]] or [sums].
func (p *parser) table(e *unstable.Node) error {
	name, at, err := p.single(e)
	if err != nil {
		return err
	}
	if err := p.endModule(); err != nil {
		return err
	}
	switch {
	case name == "module" && e.Kind == unstable.ArrayTable && !p.hasSum:
		p.module, p.at, p.set = new(Module), at, map[string]bool{}
	case name == "sums" && e.Kind == unstable.Table && !p.hasSum:
		p.inSums, p.hasSum = true, true
	case name == "sums" && p.hasSum:
		return p.errorf(at, "sums is here twice")
	case name == "module" && p.hasSum:
		return p.errorf(at, "a module below [sums]")
	default:
		return p.errorf(at, "there is no table %q in a lock", name)
	}
	return nil
}

// topKey reads version and go.
func (p *parser) topKey(e *unstable.Node) error {
	name, at, err := p.single(e)
	if err != nil {
		return err
	}
	if p.top[name] {
		return p.errorf(at, "%s is here twice", name)
	}
	p.top[name] = true
	switch v := e.Value(); name {
	case "version":
		n, err := strconv.Atoi(string(v.Data))
		switch {
		case v.Kind != unstable.Integer || err != nil || n < 1:
			return p.errorf(at, "version is not a number of the format")
		case n > formatVersion:
			newer := p.errorf(at, "the lock has format %d, and this vxlite knows %d", n, formatVersion)
			newer.Newer = true
			return newer
		}
	case "go":
		if v.Kind != unstable.String || !strings.HasPrefix(string(v.Data), "go") && !strings.HasPrefix(string(v.Data), "devel") {
			return p.errorf(at, "go is not a version of Go")
		}
		p.file.Go = string(v.Data)
	default:
		return p.errorf(at, "there is no key %q in a lock", name)
	}
	return nil
}

func (p *parser) missingTop() error {
	for _, name := range []string{"version", "go"} {
		if !p.top[name] {
			return p.errorf(0, "the lock has no %s", name)
		}
	}
	return nil
}

// moduleKey reads one key of a [[module]].
func (p *parser) moduleKey(e *unstable.Node) error {
	name, at, err := p.single(e)
	if err != nil {
		return err
	}
	if p.set[name] {
		return p.errorf(at, "%s is here twice", name)
	}
	p.set[name] = true
	for _, k := range p.module.keys() {
		if k.name != name {
			continue
		}
		v := e.Value()
		if v.Kind != unstable.String || len(v.Data) == 0 {
			return p.errorf(at, "%s is not a string with something in it", name)
		}
		*k.value = string(v.Data)
		return p.checkKey(name, string(v.Data), at)
	}
	return p.errorf(at, "there is no key %q in a module of a lock", name)
}

// checkKey checks a value that can be checked by itself.
func (p *parser) checkKey(name, value string, at int) error {
	switch {
	case name == "commit" && !isCommit(value):
		return p.errorf(at, "commit %q is not 40 hex digits", value)
	case name == "h1" && !isH1(value):
		return p.errorf(at, "h1 %q is not a hash of go.sum's kind", value)
	case name == "folder" && !isFolder(value):
		return p.errorf(at, "folder %q is not a folder of a repository", value)
	case name == "path" && p.paths[value]:
		return p.errorf(at, "module %s is here twice", value)
	case name == "path":
		p.paths[value] = true
	}
	return nil
}

// endModule checks the last [[module]] as a whole.
func (p *parser) endModule() error {
	m := p.module
	if m == nil {
		return nil
	}
	p.module = nil
	for _, k := range m.keys() {
		if !k.optional && *k.value == "" {
			return p.errorf(p.at, "a module without %s", k.name)
		}
	}
	if err := module.Check(m.Path, m.Version); err != nil {
		return p.errorf(p.at, "%v", err)
	}
	p.file.Modules = append(p.file.Modules, *m)
	return nil
}

// sum reads one line of [sums].
func (p *parser) sum(e *unstable.Node) error {
	name, at, err := p.single(e)
	if err != nil {
		return err
	}
	if p.sums[name] {
		return p.errorf(at, "%s is here twice", name)
	}
	p.sums[name] = true
	path, version, _ := strings.Cut(name, "@")
	if err := module.Check(path, version); err != nil {
		return p.errorf(at, "%v", err)
	}
	s := Sum{Path: path, Version: version}
	v := e.Value()
	if v.Kind != unstable.InlineTable {
		return p.errorf(at, "%s is not a table of zip and mod", name)
	}
	for children := v.Children(); children.Next(); {
		if err := p.hash(children.Node(), &s); err != nil {
			return err
		}
	}
	if cmp.Or(s.H1, s.GoMod) == "" {
		return p.errorf(at, "%s has neither zip nor mod", name)
	}
	p.file.Sums = append(p.file.Sums, s)
	return nil
}

// hash reads zip or mod.
func (p *parser) hash(e *unstable.Node, s *Sum) error {
	name, at, err := p.single(e)
	if err != nil {
		return err
	}
	to := map[string]*string{"zip": &s.H1, "mod": &s.GoMod}[name]
	switch v := e.Value(); {
	case to == nil:
		return p.errorf(at, "there is no key %q in a sum", name)
	case *to != "":
		return p.errorf(at, "%s is here twice", name)
	case v.Kind != unstable.String || !isH1(string(v.Data)):
		return p.errorf(at, "%s is not a hash of go.sum's kind", name)
	default:
		*to = string(v.Data)
	}
	return nil
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

// sortedKeys returns a map's keys, sorted.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
