// Package brief makes what others have written fit into a line of ours: a
// server's refusal, a page's title, the name of a file or of a ref. There may be
// much of it, and it may look like what vxlite itself says.
package brief

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how much of a text is shown, in bytes: some lines of a terminal.
const longest = 500

// Line returns a text on one line, shortened where it is long.
func Line(s string) string {
	cut := s
	if len(cut) > 4*longest { // no more is looked at
		cut = cut[:4*longest]
	}
	line := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(cut, "\uFFFD"), isBreak), " ")
	if len(line) <= longest && len(cut) == len(s) {
		return line
	}
	line = line[:min(longest, len(line))]
	for !utf8.ValidString(line) {
		line = line[:len(line)-1]
	}
	return fmt.Sprintf("%s… (%d bytes)", line, len(s))
}

// Name returns a name of somebody's, of a file or a ref, for a line: of a long one
// its beginning and its end.
func Name(s string) string {
	const most = 240 // bytes
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most/2], "") + "…" + strings.ToValidUTF8(s[len(s)-most/2:], "")
	}
	return Line(s)
}

// isBreak reports whether r separates lines, for some program.
func isBreak(r rune) bool { return r != ' ' && (unicode.IsSpace(r) || unicode.IsControl(r)) }

// Error is an error that others may have worded, on one line.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	line := Line(text)
	if line == text {
		return err
	}
	return &worded{line, err}
}

type worded struct {
	line string
	err  error
}

func (e *worded) Error() string { return e.line }

func (e *worded) Unwrap() error { return e.err }

// Most is how many of a kind an error lists, where nothing else is said.
const Most = 10

// List names the first few of many, and counts the rest.
func List(names []string, most int) string {
	var first []string
	for _, name := range names[:min(most, len(names))] {
		first = append(first, Name(name))
	}
	list := strings.Join(first, ", ")
	if len(names) > most {
		list += fmt.Sprintf(" and %s more", Count(len(names)-most))
	}
	return list
}

// Either words alternatives: a, b or c.
func Either(words []string) string {
	last := len(words) - 1
	if last <= 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// First returns the first few of many, and in place of the rest how many they
// are, for lists of a line each.
func First(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(names[:most:most], fmt.Sprintf("and %s more", Count(len(names)-most)))
}

// Count writes a number as people do: 2,990.
func Count(n int) string {
	s := fmt.Sprint(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// FirstLine returns the first line that has anything on it, without the blanks
// around it.
func FirstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
