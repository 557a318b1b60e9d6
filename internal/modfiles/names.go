package modfiles

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsName reports whether a tree may have an entry of that name. It refuses what git refuses in a tree: names that lead elsewhere, or into
// a repository's own files on some file system. The rules are those of git's
// verify_path (read-cache.c) with core.protectHFS and core.protectNTFS on, and
// hold on every system: what is built here may be built there.
//
// golang.org/x/mod/zip refuses more, but only of files that belong to a module,
// and not of all of these.
func IsName(name string) bool {
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
		return false
	}
	return !meansDotGit(ntfsName(name)) && !meansDotGit(hfsName(name))
}

func meansDotGit(name string) bool {
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// ntfsName is what NTFS makes of a name: a stream's name, and dots and spaces
// at the end, are not part of it. A backslash parts folders there.
func ntfsName(name string) string {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	for _, part := range strings.Split(name, `\`) {
		if part = strings.TrimRight(part, ". "); meansDotGit(part) {
			return part
		}
	}
	return name
}

// hfsName is what HFS+ makes of a name: some code points are not part of it.
// See next_hfs_char in git's utf8.c.
func hfsName(name string) string {
	if !utf8.ValidString(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
