package giturl

import "strings"

// netrcLogin finds a host's name and password in a netrc, as curl reads it: the
// first entry for the host that has both, or the default's. With a user, only
// that user's count.
func netrcLogin(data, host, user string) (login, password string, ok bool) {
	var ours, macro bool
	var keyword string
	for line := range strings.Lines(data) {
		if macro { // which ends at an empty line
			macro = strings.TrimSpace(line) != ""
			continue
		}
		for _, word := range netrcWords(line) {
			switch key := keyword; {
			case key != "":
				keyword = ""
				switch {
				case key == "machine":
					ours = strings.EqualFold(word, host)
				case key == "login" && ours:
					login = word
				case key == "password" && ours:
					password = word
				}
			case strings.EqualFold(word, "machine"), strings.EqualFold(word, "default"), strings.EqualFold(word, "macdef"):
				login, password = "", ""
				keyword, ours = strings.ToLower(word), strings.EqualFold(word, "default")
				if ours {
					keyword = ""
				}
				macro = keyword == "macdef"
			case strings.EqualFold(word, "login"), strings.EqualFold(word, "password"), strings.EqualFold(word, "account"):
				keyword = strings.ToLower(word)
			}
			if macro {
				keyword = ""
				break
			}
			if login != "" && password != "" && (user == "" || user == login) {
				return login, password, true
			}
		}
	}
	return "", "", false
}

// netrcWords splits a line into its words, up to a comment. In quotes, there
// may be blanks, and a backslash stands before what means something else.
func netrcWords(line string) (words []string) {
	const blanks = " \t\r\n"
	for line = strings.TrimLeft(line, blanks); line != "" && line[0] != '#'; line = strings.TrimLeft(line, blanks) {
		if line[0] != '"' {
			end := strings.IndexAny(line+" ", blanks)
			words, line = append(words, line[:end]), line[end:]
			continue
		}
		var word strings.Builder
		i := 1
		for ; i < len(line) && line[i] != '"'; i++ {
			c := line[i]
			if c == '\\' && i+1 < len(line) {
				i++
				if c = line[i]; strings.IndexByte("nrt", c) >= 0 {
					c = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}[c]
				}
			}
			word.WriteByte(c)
		}
		words, line = append(words, word.String()), line[min(i+1, len(line)):]
	}
	return words
}
