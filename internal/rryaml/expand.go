package rryaml

import "strings"

// expand replaces $NAME, ${NAME} and ${NAME:-default} as RoadRunner's config
// plugin does: a default counts also where the variable is empty, and in a
// string with a default anywhere, a variable without one makes the whole string
// empty. defaulted is called where a default was taken.
func expand(s string, mapping func(string) string, defaulted func()) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		name, width := shellName(s[i+1:])
		switch {
		case name == "" && width > 0: // bad syntax is eaten
		case name == "":
			b.WriteByte('$')
		case strings.Contains(s, ":-"):
			parts := strings.Split(name, ":-")
			if len(parts) != 2 {
				defaulted()
				return ""
			}
			v := mapping(parts[0])
			if v == "" {
				v = parts[1]
				defaulted()
			}
			b.WriteString(v)
		default:
			b.WriteString(mapping(name))
		}
		i += width
	}
	return b.String()
}

// shellName returns the name that a string begins with, and how many bytes it
// takes, braces included.
func shellName(s string) (name string, width int) {
	const special = "*#$@!?-0123456789"
	if s[0] == '{' {
		end := strings.IndexByte(s, '}')
		switch {
		case end < 0:
			return "", 1
		case end == 1:
			return "", 2
		}
		return s[1:end], end + 1
	}
	if strings.IndexByte(special, s[0]) >= 0 {
		return s[:1], 1
	}
	for width < len(s) && (s[width] == '_' || '0' <= s[width] && s[width] <= '9' || 'a' <= s[width]|0x20 && s[width]|0x20 <= 'z') {
		width++
	}
	return s[:width], width
}
