package patch

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"golang.org/x/mod/module"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/limit"
	"github.com/vxlite/vxlite/internal/modfiles"
)

// ReadError is a file that is no patch, or one that says what none may.
type ReadError struct {
	// File is the patch file, Line in it where that is known, from 1.
	File string
	Line int
	Text string
	hint string
}

// Error implements error.
func (e *ReadError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// Hints says what would do.
func (e *ReadError) Hints() []string {
	if e.hint == "" {
		return nil
	}
	return []string{e.hint}
}

// Read reads a patch file: one patch, or one for each mail of an mbox. A mail
// without a diff, such as a cover letter, is none.
func Read(name string, data []byte, limits config.Limits) ([]*Patch, error) {
	limits = limits.OrDefault()
	if int64(len(data)) > limits.Patch {
		return nil, limit.Bytes(name+" has more than", "patch", limits.Patch)
	}
	r := &reader{file: name, limits: limits}
	// A checkout may have changed all line ends. Those of the headers show it.
	crlf := headerCR.Match(data)
	if crlf {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	r.lines = bytes.SplitAfter(data, []byte("\n"))
	if err := r.scan(); err != nil {
		return nil, err
	}
	var out []*Patch
	for _, m := range r.mails {
		if len(m.sections) == 0 {
			continue
		}
		p, err := r.patch(m)
		if err != nil {
			return nil, err
		}
		p.crlf = crlf
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, &ReadError{File: name, Text: "has no diff in it", hint: "a patch is what git diff, git format-patch or diff -u write"}
	}
	return out, nil
}

var headerCR = regexp.MustCompile(`(?m)^(diff --git |--- |@@ -).*\r$`)

// reader finds the parts of a patch file, which the library parses one by one: so
// each has its line, and what stands between them is looked at, too.
type reader struct {
	file   string
	limits config.Limits
	lines  [][]byte
	mails  []*mail
	files  int64
}

// mail is one patch of a file, before it is parsed.
type mail struct {
	header   [][]byte
	sections []*section
}

// section is what is said of one file.
type section struct {
	first, last int // lines, from 0; last is the first that is no part of it
	git         bool
	hunks       []int // lines, from 1
}

func (r *reader) failf(line int, format string, args ...any) *ReadError {
	return &ReadError{File: r.file, Line: line + 1, Text: fmt.Sprintf(format, args...)}
}

// at is a line, and nothing behind the last one.
func (r *reader) at(i int) []byte {
	if i < len(r.lines) {
		return r.lines[i]
	}
	return nil
}

func (r *reader) starts(i int, prefix string) bool { return bytes.HasPrefix(r.at(i), []byte(prefix)) }

var (
	mailLine = regexp.MustCompile(`^From [0-9a-f]{40} `)
	hunkLine = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@`)
)

// scan parts the file into mails, and these into sections.
func (r *reader) scan() error {
	m := &mail{}
	r.mails = []*mail{m}
	for i := 0; i < len(r.lines); {
		git := r.starts(i, "diff --git ")
		switch {
		case mailLine.Match(r.at(i)) && (i > 0 || len(m.header) > 0):
			m = &mail{header: r.lines[i : i+1]}
			r.mails = append(r.mails, m)
			i++
		case git || r.starts(i, "--- ") && r.starts(i+1, "+++ ") && r.starts(i+2, "@@ -"):
			if r.files++; r.files > r.limits.Files {
				return limit.Count(r.file+" changes more files than", "files", r.limits.Files)
			}
			s := &section{first: i, git: git}
			if err := r.section(s); err != nil {
				return err
			}
			m.sections = append(m.sections, s)
			i = s.last
		case r.starts(i, "@@ -"):
			return r.failf(i, "a hunk without a file's header above it")
		default:
			if len(m.sections) == 0 {
				m.header = append(m.header, r.at(i))
			}
			i++
		}
	}
	return nil
}

// section finds the hunks of a file, and where they end.
func (r *reader) section(s *section) error {
	i := s.first + 1
	for ; i < len(r.lines) && !r.starts(i, "diff --git ") && !mailLine.Match(r.at(i)); i++ {
		if len(s.hunks) > 0 && r.starts(i, "--- ") && r.starts(i+1, "+++ ") {
			break
		}
		if !r.starts(i, "@@ -") {
			continue
		}
		s.hunks = append(s.hunks, i+1)
		end, err := r.hunk(i)
		if err != nil {
			return err
		}
		i = end - 1
	}
	s.last = i
	return nil
}

// hunk returns the line behind a hunk. That more lines follow than its header
// counts, the library does not see.
func (r *reader) hunk(i int) (end int, err error) {
	m := hunkLine.FindSubmatch(r.at(i))
	if m == nil {
		return 0, r.failf(i, "the hunk's header is not @@ -LINE,COUNT +LINE,COUNT @@")
	}
	count := func(b []byte) int {
		if b == nil {
			return 1
		}
		n, _ := strconv.Atoi(string(b)) // one that is too large is the library's to refuse
		return n
	}
	before, after := count(m[1]), count(m[2])
	short := r.failf(i, "the hunk has fewer lines than its header counts")
	for i++; i < len(r.lines) && (before > 0 || after > 0 || r.starts(i, `\ `)); i++ {
		switch line := r.at(i); {
		case len(line) == 0: // the file's end
			return 0, short
		case line[0] == ' ' || line[0] == '\n':
			before, after = before-1, after-1
		case line[0] == '-':
			before--
		case line[0] == '+':
			after--
		case line[0] != '\\':
			return 0, short
		}
	}
	if before != 0 || after != 0 {
		return 0, short
	}
	if r.starts(i, `\ `) {
		i++
	}
	if line := r.at(i); len(line) > 0 && strings.IndexByte(" +-", line[0]) >= 0 && string(bytes.TrimRight(line, "\n")) != "-- " && !(r.starts(i, "--- ") && r.starts(i+1, "+++ ")) {
		return 0, r.failf(i, "the hunk has more lines than its header counts")
	}
	return i, nil
}

// patch parses one of the mails.
func (r *reader) patch(m *mail) (*Patch, error) {
	p := &Patch{File: r.file, Subject: title(r.file)}
	if h, err := gitdiff.ParsePatchHeader(string(bytes.Join(m.header, nil))); err == nil && h.Title != "" {
		p.Subject, p.Body, p.Date = brief.Line(h.Title), h.Body, h.AuthorDate
		if h.Author != nil {
			p.Name, p.Email = h.Author.Name, h.Author.Email
		}
	}
	for _, s := range m.sections {
		c, err := r.change(s)
		if err != nil {
			return nil, err
		}
		p.changes = append(p.changes, c)
	}
	return p, nil
}

var libraryError = regexp.MustCompile(`^gitdiff: line (\d+): (?s:(.*))$`)

// change parses a section, and checks what it says.
func (r *reader) change(s *section) (change, error) {
	files, _, err := gitdiff.Parse(bytes.NewReader(bytes.Join(r.lines[s.first:s.last], nil)))
	if err != nil {
		line, text := s.first, brief.Line(err.Error())
		if m := libraryError.FindStringSubmatch(err.Error()); m != nil {
			n, _ := strconv.Atoi(m[1])
			line, text = s.first+n-1, brief.Line(m[2])
		}
		return change{}, r.failf(line, "%s", text)
	}
	if len(files) != 1 {
		return change{}, r.failf(s.first, "the file's header cannot be read")
	}
	c := change{File: files[0], line: s.first + 1, hunks: s.hunks}
	if !s.git {
		for _, name := range []*string{&c.OldName, &c.NewName} {
			_, below, ok := strings.Cut(*name, "/")
			if *name != "" && !ok {
				e := r.failf(s.first, "the name %s has nothing in front that could be taken off, such as a/", brief.Name(*name))
				e.hint = "make it with git diff, or with diff -u a/FILE b/FILE"
				return change{}, e
			}
			*name = below
		}
	}
	return c, r.check(c)
}

// check refuses what no patch of a module's files may do.
func (r *reader) check(c change) error {
	if c.NewName == "" && !c.IsDelete || c.OldName == "" && !c.IsNew {
		return r.failf(c.line-1, "the file's header names no file")
	}
	for _, name := range []string{c.OldName, c.NewName} {
		if name == "" {
			continue
		}
		for elem := range strings.SplitSeq(name, "/") {
			if !modfiles.IsName(elem) {
				return r.failf(c.line-1, "%q leads out of the repository or into git's own files", brief.Name(name))
			}
		}
		if int64(strings.Count(name, "/")) >= r.limits.Depth {
			return limit.Count(r.file+" has folders nested deeper than", "depth", r.limits.Depth)
		}
	}
	if made := c.NewName; made != "" && made != c.OldName {
		if err := module.CheckFilePath(made); err != nil {
			return r.failf(c.line-1, "no file of a module can be called %q: not all systems have such names", brief.Name(made))
		}
	}
	for _, mode := range []fs.FileMode{c.OldMode, c.NewMode} {
		switch mode {
		case 0, modeRegular, modeExecutable:
		case 0o120000:
			return r.failf(c.line-1, "%s is a symbolic link, which no patch may make or change", path.Clean(brief.Name(c.name())))
		default:
			return r.failf(c.line-1, "%s has the mode %o, and a file has %o or %o", path.Clean(brief.Name(c.name())), mode, modeRegular, modeExecutable)
		}
	}
	if c.IsBinary && c.BinaryFragment == nil {
		e := r.failf(c.line-1, "%s is binary, and its contents are not in the patch", brief.Name(c.name()))
		e.hint = "make it with git diff --binary, or with git format-patch"
		return e
	}
	if c.BinaryFragment != nil && c.BinaryFragment.Size > r.limits.Object {
		return limit.Bytes(fmt.Sprintf("%s: %s has more than", r.file, brief.Name(c.name())), "object", r.limits.Object)
	}
	return nil
}

// The modes that files have, as git writes them.
const (
	modeRegular    = 0o100644
	modeExecutable = 0o100755
)

// name is what a file is called after the change, or was before.
func (c change) name() string {
	if c.NewName != "" {
		return c.NewName
	}
	return c.OldName
}
