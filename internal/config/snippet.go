package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
)

// Setting is a key of velox.toml with its value: a string, a list of strings or
// a whole number.
type Setting struct {
	Key   string
	Value any
}

// Snippet returns a hint that shows what to write into velox.toml: the words, a
// colon, and a table's lines below it, which can be pasted as they are.
func Snippet(words, header string, settings ...Setting) string {
	return words + ":\n" + strings.Join(TableLines(header, settings...), "\n")
}

// Line returns a hint that shows one line of velox.toml.
func Line(words string, setting Setting) string {
	return words + ":\n" + TableLines("", setting)[1]
}

// TableLines returns the lines of a table, indented as a hint has them.
func TableLines(header string, settings ...Setting) []string {
	lines := []string{"  " + header}
	for _, s := range settings {
		lines = append(lines, "  "+QuoteKey(s.Key)+" = "+quoteValue(s.Value))
	}
	return lines
}

// PluginHeader returns the header of a plugin's table.
func PluginHeader(name string) string { return "[plugins." + QuoteKey(name) + "]" }

// ReplaceSnippet returns a hint with the lines that replace a module: by new, or
// by what the user decides on.
func ReplaceSnippet(words, old, new string) string {
	return Snippet(words, "[[replaces]]", Setting{"old", old}, Setting{"new", cmp.Or(new, "MODULE@VERSION or ./DIRECTORY")})
}

// quoteValue writes a value as TOML wants it. What JSON escapes in a string,
// TOML escapes alike; Go's own quoting has escapes that TOML lacks.
func quoteValue(v any) string {
	if list, ok := v.([]string); ok {
		var all []string
		for _, s := range list {
			all = append(all, quoteValue(s))
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // a type that Setting does not allow
	}
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "\x7f", `\u007F`))
}

// QuoteKey writes a key as TOML wants it, with nothing unprintable in it.
func QuoteKey(key string) string {
	bare := key != ""
	for _, r := range key {
		bare = bare && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}
	if bare {
		return key
	}
	return strconv.Quote(key)
}
