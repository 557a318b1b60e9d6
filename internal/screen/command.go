package screen

import (
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/event"
	process "github.com/vxlite/vxlite/internal/run"
)

// commandLine words a Command event as a line to paste into a shell:
//
//	cd DIR && NAME=value program argument  # why
func commandLine(e event.Event) string {
	var words []string
	if e.Dir != "" {
		words = append(words, "cd", shellWord(e.Dir), "&&")
	}
	for _, assignment := range e.Env {
		// The shell takes NAME=value for an assignment only where the name
		// and the = are bare.
		name, value, _ := strings.Cut(assignment, "=")
		if value != "" {
			value = shellWord(value)
		}
		words = append(words, oneLine(name)+"="+value)
	}
	for _, arg := range e.Argv {
		words = append(words, shellWord(arg))
	}
	line := strings.Join(words, " ")
	if e.Why != "" {
		line += "  # " + oneLine(e.Why)
	}
	return line
}

// bareInShell holds the bytes that mean themselves to every shell. A word may
// hold an = too, except as its first byte, which zsh expands.
const bareInShell = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+:,./-"

// shellWord quotes a word for a POSIX shell, where it needs quotes at all.
func shellWord(word string) string {
	switch {
	case word != "" && word[0] != '=' && strings.Trim(word, bareInShell+"=") == "":
		return word
	case printable(word) == word && !strings.ContainsAny(word, "\n\t"):
		return process.ShellQuote(word)
	}

	// What a terminal must not see is spelled out, so that the line can be
	// shown and still says the same when pasted. Octal, because shells differ
	// in how many digits \x takes.
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(word) {
		switch {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
