package screen

import (
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Wrap breaks lines that are wider than width columns, if that is known. What
// stands in a last column goes on in that column.
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

// columnStart matches what stands before the last column of a line, or its indent.
var columnStart = regexp.MustCompile(`^(.*\S {2,}| *)`)

// leastColumn is how wide a column must be to be worth keeping.
const leastColumn = 20

func wrapLine(line string, width int) string {
	if text.StringWidth(strings.TrimSuffix(line, "\n")) <= width {
		return line
	}
	before := columnStart.FindString(line)
	rest, indent := line[len(before):], text.StringWidth(before)
	if width-indent < leastColumn && strings.TrimSpace(before) != "" { // below the first column, a little to the right
		indent = len(line) - len(strings.TrimLeft(line, " ")) + 3
		before, rest = strings.TrimRight(before, " ")+"\n"+strings.Repeat(" ", indent), strings.TrimLeft(rest, " ")
	}
	rest = text.WrapSoft(strings.TrimSuffix(rest, "\n"), max(width-indent, 1))
	lines := strings.Split(rest, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return before + strings.Join(lines, "\n"+strings.Repeat(" ", indent)) + "\n"
}
