package screen

import (
	"regexp"
	"strings"
	"unicode"
)

// escapeSequence matches what a terminal takes for a command, introduced by
// ESC or by the C1 control that stands for it. A string command (a title, a
// link) that is never ended matches by its introducer alone, so that it
// cannot make the text after it disappear.
var escapeSequence = regexp.MustCompile(
	`(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]` + // colours, cursor movements
		`|(?:\x1b[\]PX^_]|[\x{9d}\x{90}\x{98}\x{9e}\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})` +
		`|\x1b[ -/]*[0-~]`) // resets, character sets

// printable returns s without anything that moves the cursor, changes the
// terminal's state or makes text read otherwise than it is stored: escape
// sequences, control characters, invisible and direction-changing ones.
// Newlines and tabs stay; a carriage return, with which tools redraw a line,
// becomes a newline.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	s = escapeSequence.ReplaceAllString(s, "")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s)
}

// ownLine matches the beginning of a line that only vxlite writes.
var ownLine = regexp.MustCompile(`\n((?:vxlite|hint|note):)`)

// ours is printable for a text that begins a line of ours and may have more of
// them. What others said in it, a compiler or a server, does not look like ours.
func ours(s string) string { return ownLine.ReplaceAllString(printable(s), "\n  $1") }

// oneLine is printable for what belongs into a single line, as names and
// URLs do.
func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(printable(s))
}

// unprintable reports whether r may not reach a terminal.
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
