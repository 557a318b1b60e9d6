package gitattr

import (
	"fmt"
	"regexp"
	"strings"
)

// wildmatch makes a pattern of git's into a regular expression for what latin1
// returns. In one for a path, no wildcard but ** matches a slash. The result is
// nil where nothing can match.
func wildmatch(pattern string, isPath bool) *regexp.Regexp {
	any, some := ".", ".*"
	if isPath {
		any, some = "[^/]", "[^/]*"
	}
	literal := strings.IndexAny(pattern, `*?[\`) // git compares what is before it by itself
	var out strings.Builder
	out.WriteString("(?s)^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '?':
			out.WriteString(any)
		case '*':
			n := len(pattern[i:]) - len(strings.TrimLeft(pattern[i:], "*"))
			after := pattern[i+n:]
			full := isPath && n > 1 && (i == literal || pattern[i-1] == '/')
			i += n - 1
			switch {
			case full && strings.HasPrefix(after, "/"):
				out.WriteString("(.*/)?")
				i++
			case full && (after == "" || strings.HasPrefix(after, `\/`)):
				out.WriteString(".*")
			default:
				out.WriteString(some)
			}
		case '[':
			set, n := charClass(pattern[i:])
			if n == 0 {
				return nil
			}
			out.WriteString(set.expression(isPath))
			i += n - 1
		case '\\':
			if i++; i == len(pattern) {
				return nil
			}
			c = pattern[i]
			fallthrough
		default:
			out.WriteString(regexp.QuoteMeta(latin1(string([]byte{c}))))
		}
	}
	out.WriteString("$")
	re, err := regexp.Compile(out.String())
	if err != nil {
		return nil // longer than the package takes
	}
	return re
}

// latin1 makes each byte a character, since git compares bytes.
func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// byteSet is what a [class] matches.
type byteSet [256]bool

func (s *byteSet) add(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		s[c] = true
	}
}

// expression writes the set for a regular expression.
func (s *byteSet) expression(isPath bool) string {
	var b strings.Builder
	for c, in := range s {
		if in && !(isPath && c == '/') {
			fmt.Fprintf(&b, `\x{%02x}`, c)
		}
	}
	if b.Len() == 0 {
		return `[^\x{00}-\x{10ffff}]`
	}
	return "[" + b.String() + "]"
}

// charClass reads the class at the beginning of a pattern, by the rules and in
// the order of git's wildmatch.c. Its length is 0 where it has no end.
func charClass(p string) (set byteSet, n int) {
	at := func(i int) byte {
		if i < len(p) {
			return p[i]
		}
		return 0
	}
	i := 1
	negated := at(i) == '!' || at(i) == '^'
	if negated {
		i++
	}
	for before, first := byte(0), true; first || at(i) != ']'; first = false {
		c := at(i)
		if c == '\\' {
			i++
			c = at(i)
			set.add(c, c)
		} else if c == '-' && before != 0 && at(i+1) != 0 && at(i+1) != ']' {
			if i++; at(i) == '\\' {
				i++
			}
			set.add(before, at(i))
			c = 0
			if at(i) == 0 {
				return set, 0
			}
			before = 0
			i++
			continue
		} else if name, _, ok := strings.Cut(p[min(len(p), i+2):], "]"); c == '[' && at(i+1) == ':' && ok && strings.HasSuffix(name, ":") {
			in, known := posixClass[strings.TrimSuffix(name, ":")]
			if !known {
				return set, 0
			}
			for b := range 128 {
				set[b] = set[b] || in(byte(b))
			}
			before = 0
			i += len("[:") + len(name) + len("]")
			continue
		} else {
			set.add(c, c)
		}
		if c == 0 {
			return set, 0
		}
		before = c
		i++
	}
	if negated {
		for c := range set {
			set[c] = !set[c]
		}
	}
	return set, i + 1
}

// posixClass are the classes by name, of ASCII as everywhere in git.
var posixClass = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < 32 || c == 127 },
	"digit":  isDigit,
	"graph":  func(c byte) bool { return c > 32 && c < 127 },
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return c >= 32 && c < 127 },
	"punct":  func(c byte) bool { return c > 32 && c < 127 && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' },
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
