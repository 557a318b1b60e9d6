package patch

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/limit"
)

// files is a tree that a test wrote down: contents by path. A name that ends in *
// is executable, one that ends in @ a link.
type files map[string]string

func (t files) File(name string) (*File, error) {
	for suffix, kind := range map[string]Kind{"": Regular, "*": Executable, "@": Link} {
		if data, ok := t[name+suffix]; ok {
			return &File{kind, []byte(data)}, nil
		}
	}
	for other := range t {
		if strings.HasPrefix(other, name+"/") {
			return &File{Kind: Folder}, nil
		}
	}
	return nil, nil
}

// with is the tree after changes.
func (t files) with(c Changes) files {
	out := maps.Clone(t)
	for name, f := range c {
		for _, suffix := range []string{"", "*", "@"} {
			delete(out, name+suffix)
		}
		switch {
		case f == nil:
		case f.Kind == Executable:
			out[name+"*"] = string(f.Data)
		default:
			out[name] = string(f.Data)
		}
	}
	return out
}

func (t files) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t)) {
		fmt.Fprintf(&b, "%s %q\n", name, t[name])
	}
	return b.String()
}

const ten = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

// TestKinds applies each kind of patch: to the tree of the test, or to ten lines.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		name    string
		tree    files
		patch   string
		want    files
		subject string // of each patch, with its author
	}{
		{name: "git diff", patch: "diff --git a/x b/x\nindex f00c965..9405325 100644\n--- a/x\n+++ b/x\n@@ -2,5 +2,6 @@\n 2\n 3\n-4\n+four\n+4.5\n 5\n 6\n",
			want: files{"x": "1\n2\n3\nfour\n4.5\n5\n6\n7\n8\n9\n10\n"}, subject: "p"},
		{name: "diff -u", patch: "--- a/x\t2026-01-01 00:00:00 +0000\n+++ b/x\t2026-01-02 00:00:00 +0000\n@@ -9,2 +9,3 @@\n 9\n 10\n+11\n",
			want: files{"x": ten + "11\n"}, subject: "p"},
		{name: "two hunks and two files", tree: files{"x": ten, "d/y": "a\n"},
			patch: "--- a/x\n+++ b/x\n@@ -1,2 +1,1 @@\n-1\n 2\n@@ -9,2 +8,2 @@\n-9\n+nine\n 10\n--- a/d/y\n+++ b/d/y\n@@ -1 +1 @@\n-a\n+b\n",
			want:  files{"x": "2\n3\n4\n5\n6\n7\n8\nnine\n10\n", "d/y": "b\n"}, subject: "p"},
		{name: "a mail", patch: "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A Dev <dev@example.com>\nDate: Mon, 2 Mar 2026 10:00:00 +0100\n" +
			"Subject: [PATCH] Ten is\n eleven\n\nA reason.\n---\n x | 2 +-\n 1 file changed\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -10 +10 @@\n-10\n+11\n-- \n2.43.0\n\n",
			want: files{"x": "1\n2\n3\n4\n5\n6\n7\n8\n9\n11\n"}, subject: "Ten is eleven (A Dev <dev@example.com> 2026-03-02T10:00:00+01:00) A reason."},
		{name: "an mbox with a cover letter", patch: "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 0/2] Cover\n\nText\n-- \n2.43.0\n\n" +
			"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 1/2] One\n\n---\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n-- \n2.43.0\n\n" +
			"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nSubject: [PATCH 2/2] Two\n\n---\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-2\n+two\n 3\n-- \n2.43.0\n\n",
			want: files{"x": "one\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n"}, subject: "One; Two"},
		{name: "git show", patch: "commit 0123456789012345678901234567890123456789\nAuthor: A <a@b>\nDate:   Mon Mar 2 10:00:00 2026 +0000\n\n    Shown\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -10 +10 @@\n-10\n+11\n",
			want: files{"x": "1\n2\n3\n4\n5\n6\n7\n8\n9\n11\n"}, subject: "Shown (A <a@b> 2026-03-02T10:00:00Z)"},
		{name: "new and empty", patch: "diff --git a/d/e/n b/d/e/n\nnew file mode 100755\nindex 0000000..7898192\n--- /dev/null\n+++ b/d/e/n\n@@ -0,0 +1 @@\n+n\n\\ No newline at end of file\ndiff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n",
			want: files{"x": ten, "d/e/n*": "n", "empty": ""}, subject: "p"},
		{name: "new, by diff -u", patch: "--- /dev/null\t1970-01-01 00:00:00 +0000\n+++ b/n\t2026-01-01 00:00:00 +0000\n@@ -0,0 +1 @@\n+n\n", want: files{"x": ten, "n": "n\n"}, subject: "p"},
		{name: "deleted", tree: files{"x": "1\n2\n", "y": ""}, patch: "diff --git a/x b/x\ndeleted file mode 100644\nindex 1191247..0000000\n--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\ndiff --git a/y b/y\ndeleted file mode 100644\nindex e69de29..0000000\n",
			want: files{}, subject: "p"},
		{name: "renamed and changed", tree: files{"x": ten, "z": "z"},
			patch: "diff --git a/x b/d/y\nsimilarity index 90%\nrename from x\nrename to d/y\nindex f00c965..1234567 100644\n--- a/x\n+++ b/d/y\n@@ -10 +10 @@\n-10\n+11\ndiff --git a/z b/x\nsimilarity index 100%\nrename from z\nrename to x\n",
			want:  files{"d/y": "1\n2\n3\n4\n5\n6\n7\n8\n9\n11\n", "x": "z"}, subject: "p"},
		{name: "copied", patch: "diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n", want: files{"x": ten, "y": ten}, subject: "p"},
		{name: "modes", tree: files{"x": "x", "y*": "y"}, patch: "diff --git a/x b/x\nold mode 100644\nnew mode 100755\ndiff --git a/y b/y\nold mode 100755\nnew mode 100644\n",
			want: files{"x*": "x", "y": "y"}, subject: "p"},
		{name: "a folder in a file's place", tree: files{"x": "x\n"}, patch: "diff --git a/x b/x/y\nsimilarity index 100%\nrename from x\nrename to x/y\n", want: files{"x/y": "x\n"}, subject: "p"},
		{name: "binary", tree: files{"b": "\x00\x01\x02"}, patch: binaryPatch, want: files{"b": "\x00\x01\x02\x03"}, subject: "p"},
		{name: "lines that end in CRLF", tree: files{"x": "1\r\n2\r\n"}, patch: "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n 1\r\n-2\r\n+two\r\n", want: files{"x": "1\r\ntwo\r\n"}, subject: "p"},
		{name: "a patch that a checkout gave CRLF", patch: crlfed("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -10 +10 @@\n-10\n+11\n"), want: files{"x": "1\n2\n3\n4\n5\n6\n7\n8\n9\n11\n"}, subject: "p"},
		{name: "the same for such a file", tree: files{"x": "1\r\n2\r\n"}, patch: crlfed("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n 1\n-2\n+two\n"), want: files{"x": "1\r\ntwo\r\n"}, subject: "p"},
		{name: "a quoted name", tree: files{"ü": "1\n"}, patch: "diff --git \"a/\\303\\274\" \"b/\\303\\274\"\n--- \"a/\\303\\274\"\n+++ \"b/\\303\\274\"\n@@ -1 +1 @@\n-1\n+2\n", want: files{"ü": "2\n"}, subject: "p"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.tree == nil {
				tt.tree = files{"x": ten}
			}
			patches, err := Read("dir/p.patch", []byte(tt.patch), config.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var subjects []string
			got := tt.tree
			for _, p := range patches {
				c, err := p.Apply(got, config.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				got = got.with(c)
				s := p.Subject
				if p.Name != "" {
					s += fmt.Sprintf(" (%s <%s> %s) %s", p.Name, p.Email, p.Date.Format("2006-01-02T15:04:05Z07:00"), p.Body)
				}
				subjects = append(subjects, strings.TrimSpace(s))
				if !p.applied(got) {
					t.Error("it is not seen to be applied")
				}
			}
			if got.String() != tt.want.String() {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if s := strings.Join(subjects, "; "); s != tt.subject {
				t.Errorf("subject %q, want %q", s, tt.subject)
			}
		})
	}
}

func crlfed(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// binaryPatch is git's own, of three bytes that become four.
const binaryPatch = `diff --git a/b b/b
index 8352675d67aed6625ece79af41c27fdb4ee2e867..eaf36c1daccfdf325514461cd1a2ffbc139b5464 100644
GIT binary patch
literal 4
LcmZQzWMT#Y01f~L

literal 3
KcmZQzWC8#H2LJ>B

`

// TestErrors has patches that are refused, and what is said.
func TestErrors(t *testing.T) {
	edit := func(name, header string) string {
		return "diff --git a/" + name + " b/" + name + "\n" + header + "--- a/" + name + "\n+++ b/" + name + "\n@@ -1 +1 @@\n-1\n+one\n"
	}
	made := func(name, mode string) string {
		return "diff --git a/" + name + " b/" + name + "\nnew file mode " + mode + "\n--- /dev/null\n+++ b/" + name + "\n@@ -0,0 +1 @@\n+n\n"
	}
	for _, tt := range []struct {
		name, patch string
		tree        files
		want, hint  string
	}{
		{name: "no diff", patch: "hello\n", want: "p.patch: has no diff in it", hint: "a patch is what git diff, git format-patch or diff -u write"},
		{name: "empty", want: "p.patch: has no diff in it", hint: "a patch is what git diff, git format-patch or diff -u write"},
		{name: "found elsewhere", patch: "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n 4\n-5\n+five\n 6\n",
			want: "p.patch:3: hunk 1 of 1 does not apply to line 1 of x\n  expected at line 1:\n    4\n    5\n    6\n  found:\n    1\n    2\n    3", hint: "its lines are at line 4 now"},
		{name: "found twice", tree: files{"x": "0\n1\n2\n1\n2\n"}, patch: "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n 1\n-2\n+two\n",
			want: "p.patch:3: hunk 1 of 1 does not apply to line 1 of x\n  expected at line 1:\n    1\n    2\n  found:\n    0\n    1", hint: "its lines are in several places now, at lines 2, 4"},
		{name: "another line", patch: "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n 1\n-zwei\n+two\n 3\n@@ -9,2 +9,2 @@\n-9\n+nine\n 10\n",
			want: "p.patch:3: hunk 1 of 2 does not apply to line 1 of x\n  expected at line 2:\n    zwei\n    3\n  found:\n    2\n    3"},
		{name: "past the end", patch: "--- a/x\n+++ b/x\n@@ -10,2 +10,2 @@\n 10\n-11\n+12\n",
			want: "p.patch:3: hunk 1 of 1 does not apply to line 10 of x\n  expected at line 11:\n    11\n  found: the end of the file"},
		{name: "the file goes on", patch: "--- a/x\n+++ b/x\n@@ -8,2 +8,2 @@\n 8\n-9\n+nine\n", want: "p.patch:3: hunk 1 of 1 has no line of context after its last change, and that is not the end of x",
			hint: "make the patch with git diff, which writes three lines of context around each change"},
		{name: "no context at all", patch: "--- a/x\n+++ b/x\n@@ -4,0 +5 @@\n+4.5\n", want: "p.patch:3: hunk 1 of 1 has no line of context after its last change, and that is not the end of x",
			hint: "make the patch with git diff, which writes three lines of context around each change"},
		{name: "applied", tree: files{"x": "0\n1\ntwo\n3\n"}, patch: "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n", want: "p.patch: is applied already", hint: "remove it: p.patch is no longer needed"},
		{name: "all of it applied", tree: files{"y*": "1\n", "n": "n\n"}, patch: "diff --git a/x b/y\nold mode 100644\nnew mode 100755\nsimilarity index 100%\nrename from x\nrename to y\n" + made("n", "100644") + "diff --git a/gone b/gone\ndeleted file mode 100644\n",
			want: "p.patch: is applied already", hint: "remove it: p.patch is no longer needed"},
		{name: "half of it applied", tree: files{"x": "one\n", "y": "1\n"}, patch: edit("x", "") + edit("y", ""), want: "p.patch:4: hunk 1 of 1 does not apply to line 1 of x\n  expected at line 1:\n    1\n  found:\n    one"},
		{name: "no such file", patch: edit("nope", ""), want: "p.patch:1: there is no nope"},
		{name: "new and there", patch: made("x", "100644"), want: "p.patch:1: x is there already"},
		{name: "below a file", patch: made("x/y", "100644"), want: "p.patch:1: x is a file, not a folder"},
		{name: "a folder's name", tree: files{"d/x": ""}, patch: made("d", "100644"), want: "p.patch:1: d is there already"},
		{name: "another mode", tree: files{"x*": "1\n"}, patch: "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n" + edit("y", ""), want: "p.patch:1: x has the mode 100755, not 100644"},
		{name: "not empty", patch: "diff --git a/x b/x\ndeleted file mode 100644\n", want: "p.patch:1: x is not empty, and the patch removes an empty file"},
		{name: "more lines than counted", patch: "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n+three\n", want: "p.patch:7: the hunk has more lines than its header counts"},
		{name: "fewer lines than counted", patch: "--- a/x\n+++ b/x\n@@ -1,5 +1,5 @@\n-1\n+one\n 2\n", want: "p.patch:3: the hunk has fewer lines than its header counts"},
		{name: "a hunk alone", patch: "@@ -1 +1 @@\n-1\n+one\n", want: "p.patch:1: a hunk without a file's header above it"},
		{name: "a bad header", patch: "--- a/x\n+++ b/x\n@@ -one +1 @@\n-1\n", want: "p.patch:3: the hunk's header is not @@ -LINE,COUNT +LINE,COUNT @@"},
		{name: "hunks in disorder", patch: "--- a/x\n+++ b/x\n@@ -9,2 +9,2 @@\n-9\n+nine\n 10\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n", want: "p.patch:7: the hunks are not in the order of their lines"},
		{name: "without a/", patch: "--- x\n+++ x\n@@ -10 +10 @@\n-10\n+11\n", want: "p.patch:1: the name x has nothing in front that could be taken off, such as a/", hint: "make it with git diff, or with diff -u a/FILE b/FILE"},
		{name: "no name", patch: "--- /dev/null\n+++ b/\n@@ -0,0 +1 @@\n+n\n", want: "p.patch:1: the file's header names no file"},
		{name: "binary without contents", patch: "diff --git a/x b/x\nindex 1234567..89abcde 100644\nBinary files a/x and b/x differ\n", want: "p.patch:1: x is binary, and its contents are not in the patch", hint: "make it with git diff --binary, or with git format-patch"},
		{name: "binary of another", tree: files{"b": "\x00other"}, patch: binaryPatch, want: "p.patch:1: b has other contents than the patch was made of"},
		{name: "binary, applied", tree: files{"b": "\x00\x01\x02\x03"}, patch: binaryPatch, want: "p.patch: is applied already", hint: "remove it: p.patch is no longer needed"},

		{name: "an absolute path", patch: "diff --git a/x b//etc/passwd\nsimilarity index 100%\nrename from x\nrename to /etc/passwd\n", want: `p.patch:1: "/etc/passwd" leads out of the repository or into git's own files`},
		{name: "an absolute path, by diff -u", patch: "--- a//etc/passwd\n+++ b//etc/passwd\n@@ -1 +1 @@\n-1\n+2\n", want: `p.patch:1: there is no etc/passwd`},
		{name: "..", patch: made("d/../../y", "100644"), want: `p.patch:1: "d/../../y" leads out of the repository or into git's own files`},
		{name: ".. by a rename", patch: "diff --git a/x b/../y\nsimilarity index 100%\nrename from x\nrename to ../y\n", want: `p.patch:1: "../y" leads out of the repository or into git's own files`},
		{name: ".git", patch: made(".git/hooks/post-checkout", "100755"), want: `p.patch:1: ".git/hooks/post-checkout" leads out of the repository or into git's own files`},
		{name: ".GIT", patch: made("d/.GIT/config", "100644"), want: `p.patch:1: "d/.GIT/config" leads out of the repository or into git's own files`},
		{name: ".git as NTFS has it", patch: made("git~1/config", "100644"), want: `p.patch:1: "git~1/config" leads out of the repository or into git's own files`},
		{name: "a name of Windows", patch: made("con.go", "100644"), want: `p.patch:1: no file of a module can be called "con.go": not all systems have such names`},
		{name: "a backslash", patch: "diff --git \"a/d\\\\x.go\" \"b/d\\\\x.go\"\nnew file mode 100644\n--- /dev/null\n+++ \"b/d\\\\x.go\"\n@@ -0,0 +1 @@\n+n\n", want: `p.patch:1: no file of a module can be called "d\\x.go": not all systems have such names`},
		{name: "a symbolic link", patch: made("l", "120000"), want: "p.patch:1: l is a symbolic link, which no patch may make or change"},
		{name: "a mode 120000 in the index line", patch: edit("x", "index 1234567..89abcde 120000\n"), want: "p.patch:1: x is a symbolic link, which no patch may make or change"},
		{name: "a link, then a file behind it", patch: made("l", "120000") + made("l/y", "100644"), want: "p.patch:1: l is a symbolic link, which no patch may make or change"},
		{name: "behind a link that is there", tree: files{"l@": "/etc"}, patch: made("l/y", "100644"), want: "p.patch:1: l is a symbolic link, not a folder"},
		{name: "a link that is there", tree: files{"l@": "/etc"}, patch: edit("l", ""), want: "p.patch:1: l is a symbolic link, not a file"},
		{name: "a submodule", patch: made("s", "160000"), want: "p.patch:1: s has the mode 160000, and a file has 100644 or 100755"},
		{name: "setuid", patch: made("s", "104755"), want: "p.patch:1: s has the mode 104755, and a file has 100644 or 100755"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.tree == nil {
				tt.tree = files{"x": ten}
			}
			s := &Series{Files: []config.Patch{{Name: "p.patch", Data: []byte(tt.patch)}}}
			_, err := s.Apply(tt.tree, config.Limits{})
			if err == nil {
				t.Fatal("no error")
			}
			hint := ""
			if h, ok := err.(interface{ Hints() []string }); ok {
				hint = strings.Join(h.Hints(), "\n")
			}
			if err.Error() != tt.want || hint != tt.hint {
				t.Errorf("got\n%s\nhint: %s\nwant\n%s\nhint: %s", err, hint, tt.want, tt.hint)
			}
		})
	}
}

// TestLimits has patches that are larger than is allowed.
func TestLimits(t *testing.T) {
	lines := strings.Repeat("+x\n", 10_000_000)
	many := strings.Repeat("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", 11)
	for want, tt := range map[string]struct {
		patch  string
		limits config.Limits
	}{
		"p has more than 16MiB":              {"diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,10000000 @@\n" + lines, config.Limits{}},
		"p changes more files than 10":       {many, config.Limits{Files: 10}},
		"p: b has more than 3B":              {binaryPatch, config.Limits{Object: 3}},
		"p: n has more than 2B":              {"diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+xyz\n", config.Limits{Object: 2}},
		"p has folders nested deeper than 2": {"diff --git a/1/2/3 b/1/2/3\nnew file mode 100644\n", config.Limits{Depth: 2}},
	} {
		s := &Series{Files: []config.Patch{{Name: "p", Data: []byte(tt.patch)}}}
		_, err := s.Apply(files{"x": ten, "b": "\x00\x01\x02"}, tt.limits)
		if e, ok := errors.AsType[*limit.Error](err); !ok || e.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestSeries applies patches of several files one on the other, and tells series
// apart by contents and order.
func TestSeries(t *testing.T) {
	one := config.Patch{Name: "1.patch", Data: []byte("--- a/x\n+++ b/x\n@@ -10 +10 @@\n-10\n+11\n"), SHA256: "1"}
	two := config.Patch{Name: "2.patch", Data: []byte("--- a/x\n+++ b/x\n@@ -10 +10 @@\n-11\n+12\n"), SHA256: "2"}
	steps, err := NewSeries([]config.Patch{one, two}).Apply(files{"x": ten}, config.Limits{})
	if err != nil || len(steps) != 2 || string(steps[1].Changes["x"].Data) != "1\n2\n3\n4\n5\n6\n7\n8\n9\n12\n" {
		t.Errorf("%v %v", steps, err)
	}
	if _, err := NewSeries([]config.Patch{two, one}).Apply(files{"x": ten}, config.Limits{}); err == nil {
		t.Error("the order does not count")
	}
	if NewSeries([]config.Patch{one, two}).Key() == NewSeries([]config.Patch{two, one}).Key() || NewSeries(nil).Key() != "" {
		t.Error("the key does not tell series apart")
	}
}
