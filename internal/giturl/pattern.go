package giturl

import "strings"

// MatchesList reports whether one of the patterns matches a name, and none of
// those with a "!" before it.
func MatchesList(patterns []string, name string) bool {
	matched := false
	for _, p := range patterns {
		positive, negated := strings.CutPrefix(p, "!")
		if matchesPattern(positive, name) {
			if negated {
				return false
			}
			matched = true
		}
	}
	return matched
}

// matchesPattern knows * and ?, as PATTERNS in ssh_config(5) has them: nothing
// in a name ends what they match, and brackets mean themselves.
func matchesPattern(pattern, name string) bool {
	p, n := 0, 0
	star, from := -1, 0 // the last *, and where what it matches ends
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0: // which matches one more
			from++
			p, n = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
