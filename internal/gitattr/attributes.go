// Package gitattr is what .gitattributes files do to a repository's files when git
// writes them out.
//
// A module zip that the go command makes is a `git archive` with
//
//	-c core.autocrlf=input -c core.eol=lf
//
// and with export-subst and export-ignore turned off, so of all that
// gitattributes(5) describes, line endings, $Id$ and working-tree encodings
// change bytes. go-git's own matcher is no help: it gives the lines of a
// higher directory precedence over those of a lower one.
package gitattr

import (
	"path"
	"regexp"
	"strconv"
	"strings"
)

// FileName is what a file of attributes is called.
const FileName = ".gitattributes"

// The values of an attribute that are no text.
const (
	attrUnknown     = ""          // no line that was read so far says anything
	attrSet         = "\x00set"   // text
	attrUnset       = "\x00unset" // -text
	attrUnspecified = "\x00none"  // !text
)

// New returns attributes of no file yet.
func New() *Attributes {
	return &Attributes{macros: map[string][]assignment{"binary": {{"diff", attrUnset}, {"merge", attrUnset}, {"text", attrUnset}}}}
}

// assignment gives an attribute a value.
type assignment struct{ name, value string }

// attrLine is a line of a .gitattributes file.
type attrLine struct {
	dir     string         // of the file, relative to the repository's root
	pattern *regexp.Regexp // of the name, or of the path below dir
	name    bool           // pattern is of the name alone
	sets    []assignment
}

// Attributes are those of a repository that change bytes.
type Attributes struct {
	lines  []attrLine // those that are decisive come last
	macros map[string][]assignment
}

// Parse reads a .gitattributes file, of the directory dir. Those of the directories
// above come before it. A line that git does not understand is
// skipped, as git does.
func (a *Attributes) Parse(dir, text string) {
	text, _, _ = strings.Cut(text, "\x00") // which ends a text in C
	for line := range strings.Lines(text) {
		const tooLong = 2048
		line = strings.TrimSuffix(line, "\n")
		if len(line) >= tooLong {
			continue
		}
		pattern, rest, ok := cutPattern(strings.TrimLeft(line, " \t\r"))
		if !ok {
			continue
		}
		sets, ok := assignments(rest)
		if !ok {
			continue
		}
		if macro, ok := strings.CutPrefix(pattern, "[attr]"); ok && macro != "" {
			if dir == "" && isAttribute(macro) {
				a.macros[macro] = sets
			}
			continue
		}
		name := !strings.Contains(pattern, "/")
		if re := wildmatch(strings.TrimPrefix(pattern, "/"), !name); re != nil && !strings.HasPrefix(pattern, "!") && !strings.HasSuffix(pattern, "/") {
			a.lines = append(a.lines, attrLine{dir, re, name, sets})
		}
	}
}

// cutPattern splits a line after its pattern, which may be quoted as in C.
func cutPattern(line string) (pattern, rest string, ok bool) {
	if line == "" || line[0] == '#' {
		return "", "", false
	}
	if pattern, rest, ok = unquoteC(line); ok {
		return pattern, rest, true
	}
	if i := strings.IndexAny(line, " \t\r"); i >= 0 {
		return line[:i], line[i:], true
	}
	return line, "", true
}

// unquoteC reads a text in quotes as git writes one.
func unquoteC(s string) (text, rest string, ok bool) {
	if s[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			text, err := strconv.Unquote(s[:i+1])
			return text, s[i+1:], err == nil
		case '\\':
			i++
		}
	}
	return "", "", false
}

// assignments reads what stands behind the pattern of a line.
func assignments(s string) (out []assignment, ok bool) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' }) {
		name, value, valued := strings.Cut(f, "=")
		switch {
		case strings.HasPrefix(f, "-"):
			name, value = name[1:], attrUnset
		case strings.HasPrefix(f, "!"):
			name, value = name[1:], attrUnspecified
		case !valued:
			value = attrSet
		case value == "":
			value = attrUnspecified // no attribute that counts here knows an empty one
		}
		if !isAttribute(name) {
			return nil, false
		}
		out = append(out, assignment{name, value})
	}
	return out, true
}

var attributeName = regexp.MustCompile(`^[-A-Za-z0-9_.]+$`)

func isAttribute(name string) bool {
	return !strings.HasPrefix(name, "-") && attributeName.MatchString(name)
}

// Matter reports whether any line can change bytes.
func (a *Attributes) Matter() bool {
	changes := func(sets []assignment) bool {
		for _, s := range sets {
			if s == (assignment{"eol", "crlf"}) || s == (assignment{"ident", attrSet}) || s.name == "working-tree-encoding" && s.value != attrUnset && s.value != attrUnspecified {
				return true
			}
		}
		return false
	}
	for _, sets := range a.macros {
		if changes(sets) {
			return true
		}
	}
	for _, l := range a.lines {
		if changes(l.sets) {
			return true
		}
	}
	return false
}

// of returns the attributes of a file by name. The last word on each counts, of
// the file's own directory before those above; a macro speaks where it is set.
func (a *Attributes) of(file string) map[string]string {
	got := map[string]string{}
	var take func(sets []assignment)
	take = func(sets []assignment) {
		for i := len(sets) - 1; i >= 0; i-- {
			s := sets[i]
			if got[s.name] != attrUnknown {
				continue
			}
			got[s.name] = s.value
			if s.value == attrSet {
				take(a.macros[s.name])
			}
		}
	}
	for i := len(a.lines) - 1; i >= 0; i-- {
		if a.lines[i].match(file) {
			take(a.lines[i].sets)
		}
	}
	return got
}

func (l attrLine) match(file string) bool {
	if l.dir != "" {
		var ok bool
		if file, ok = strings.CutPrefix(file, l.dir+"/"); !ok {
			return false
		}
	}
	if l.name {
		file = path.Base(file)
	}
	return l.pattern.MatchString(latin1(file))
}
