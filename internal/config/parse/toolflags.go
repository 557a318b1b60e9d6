package parse

import (
	"strings"
	"unicode"

	"github.com/vxlite/vxlite/internal/config/tree"
)

// tags reads an element of [build] tags: a build tag, or several with commas.
func (d *draft) tags(n *tree.Node) []string {
	var tags []string
	for _, tag := range strings.Split(n.Text, ",") {
		switch tag = strings.TrimSpace(tag); {
		case tag == "":
		case !isTag(tag):
			d.Errorf(n.Pos, "%s: %q is not a build tag: it may have letters, digits, _ and . only", n.Path(), tag)
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
func (d *draft) ldflags(build *tree.Node) []string {
	key := build.Get("ldflags")
	d.Places.LDFlags = placeOf(key)
	var all []string
	valued := false // the word before is a flag that may have a value
	for _, n := range build.Get("ldflags").Strings() {
		flags, err := splitQuoted(n.Text)
		if err != nil {
			d.Errorf(n.Pos, "%s has %v", n.Path(), err)
		}
		for _, f := range flags {
			flag := strings.HasPrefix(f, "-")
			if !flag && !valued {
				d.Errorf(n.Pos, "%s: %q does not begin with a dash, and is not the value of a flag before it", n.Path(), f)
			}
			valued = flag && !strings.Contains(f, "=")
		}
		all = append(all, flags...)
	}
	return all
}

// gcflags reads [build] gcflags, each a value of the go command's -gcflags.
func (d *draft) gcflags(build *tree.Node) []string {
	key := build.Get("gcflags")
	d.Places.GCFlags = placeOf(key)
	var all []string
	for _, n := range build.Get("gcflags").Strings() {
		flags := strings.TrimSpace(n.Text)
		if pattern, rest, ok := strings.Cut(flags, "="); ok && pattern != "" && !strings.HasPrefix(flags, "-") {
			flags = strings.TrimSpace(rest)
		}
		if flags != "" && !strings.HasPrefix(flags, "-") {
			d.Errorf(n.Pos, "%s: %q is neither FLAGS, which begin with a dash, nor PATTERN=FLAGS, such as all=-N", n.Path(), n.Text)
		}
		all = append(all, n.Text)
	}
	return all
}
