package screen

import (
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Wrap breaks lines that are wider than width columns, if that is known, also
// those of tables. A cell goes on in its own column if there is room, and else
// stands below. No word is broken, so that it can be copied.
func Wrap(s string, width int) string {
	if width <= 0 {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(wrapLine(line, width))
	}
	return b.String()
}

// cells matches what stands in the columns of a line: two spaces lie between.
var cells = regexp.MustCompile(`\S+(?: \S+)*`)

// leastColumn is how wide a column must be for words to be broken in it.
const leastColumn = 20

func wrapLine(line string, width int) string {
	if columns(strings.TrimSuffix(line, "\n")) <= width {
		return line
	}
	var b strings.Builder
	column, broken := 0, false
	below := columns(line) - columns(strings.TrimLeft(line, " ")) + 3 // where a cell without room begins
	for _, at := range cells.FindAllStringIndex(line, -1) {
		cell, start := line[at[0]:at[1]], columns(line[:at[0]])
		if broken {
			start = column + 2
		}
		if room := width - start; columns(cell) > room && column > 0 && (room < leastColumn || longestWord(cell) > room) {
			b.WriteString("\n")
			column, start, broken = 0, below, true
		}
		b.WriteString(strings.Repeat(" ", start-column))
		lines := inColumn(cell, width-start)
		b.WriteString(strings.Join(lines, "\n"+strings.Repeat(" ", start)))
		column = start + columns(lines[len(lines)-1])
	}
	return b.String() + "\n"
}

// inColumn breaks a cell into lines, between words only.
func inColumn(cell string, room int) []string {
	var lines []string
	for word := range strings.SplitSeq(cell, " ") {
		if last := len(lines) - 1; last >= 0 && columns(lines[last])+1+columns(word) <= room {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

func longestWord(cell string) int {
	longest := 0
	for word := range strings.SplitSeq(cell, " ") {
		longest = max(longest, columns(word))
	}
	return longest
}

// columns is how wide a text is, without what sets colours.
func columns(s string) int { return text.StringWidthWithoutEscSequences(s) }
