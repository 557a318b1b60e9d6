package run

import "strings"

// ShellQuote quotes a word for a POSIX shell, here or on a server. It is always in
// single quotes, which some servers want of git's commands.
func ShellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
