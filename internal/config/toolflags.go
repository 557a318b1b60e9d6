package config

import (
	"strings"
	"unicode"
)

// tags reads an element of [build] tags: a build tag, or several with commas.
func (d *draft) tags(n *node) []string {
	var tags []string
	for _, tag := range strings.Split(n.text, ",") {
		switch tag = strings.TrimSpace(tag); {
		case tag == "":
		case !isTag(tag):
			d.errorf(n.pos, "%s: %q is not a build tag: it may have letters, digits, _ and . only", n.path(), tag)
		default:
			tags = append(tags, tag)
		}
	}
	return tags
}

// isTag reports whether a line //go:build could name the tag.
func isTag(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' })
}

// ldflags reads [build] ldflags. Which flags there are is for the linker to
// say; a word without a dash can only be the value of the flag before it.
func (d *draft) ldflags(build *node) []string {
	key := build.get("ldflags")
	d.Flags.LDFlags = Place{key.path(), key.key}
	var all []string
	valued := false // the word before is a flag that may have a value
	for _, n := range d.list(build, "ldflags") {
		flags, err := splitQuoted(n.text)
		if err != nil {
			d.errorf(n.pos, "%s has %v", n.path(), err)
		}
		for _, f := range flags {
			flag := strings.HasPrefix(f, "-")
			if !flag && !valued {
				d.errorf(n.pos, "%s: %q does not begin with a dash, and is not the value of a flag before it", n.path(), f)
			}
			valued = flag && !strings.Contains(f, "=")
		}
		all = append(all, flags...)
	}
	return all
}

// gcflags reads [build] gcflags, each a value of the go command's -gcflags.
func (d *draft) gcflags(build *node) []string {
	key := build.get("gcflags")
	d.Flags.GCFlags = Place{key.path(), key.key}
	var all []string
	for _, n := range d.list(build, "gcflags") {
		flags := strings.TrimSpace(n.text)
		if pattern, rest, ok := strings.Cut(flags, "="); ok && pattern != "" && !strings.HasPrefix(flags, "-") {
			flags = strings.TrimSpace(rest)
		}
		if flags != "" && !strings.HasPrefix(flags, "-") {
			d.errorf(n.pos, "%s: %q is neither FLAGS, which begin with a dash, nor PATTERN=FLAGS, such as all=-N", n.path(), n.text)
		}
		all = append(all, n.text)
	}
	return all
}
