package patch

import (
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/config"
)

var message = Message{Subject: "A subject, ünusual", Body: "One.\n\n--- a/x\ndiff --git a/x b/x\n\nTwo.", Name: "A Dev", Email: "dev@example.com", Date: time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("", 3600))}

// TestFormat writes each kind of edit, and reads and applies it again.
func TestFormat(t *testing.T) {
	file := func(kind Kind, data string) *File { return &File{kind, []byte(data)} }
	x := file(Regular, ten)
	for _, tt := range []struct {
		name string
		edit Edit
		want string // a part of the patch
	}{
		{"changed", Edit{"x", "x", x, file(Regular, ten+"11\n")}, "index f00c965d8307..3bb459b831ea 100644\n--- a/x\n+++ b/x\n@@ -8,3 +8,4 @@\n"},
		{"without a last line end", Edit{"x", "x", file(Regular, "1\n2"), file(Regular, "1\n3")}, "-2\n\\ No newline at end of file\n+3\n\\ No newline at end of file\n"},
		{"CRLF", Edit{"x", "x", file(Regular, "1\r\n2\r\n"), file(Regular, "1\r\n3\r\n")}, "-2\r\n+3\r\n"},
		{"emptied", Edit{"x", "x", x, file(Regular, "")}, "@@ -1,10 +0,0 @@\n"},
		{"filled", Edit{"x", "x", file(Regular, ""), file(Regular, "1")}, "@@ -0,0 +1,1 @@\n"},
		{"new", Edit{"", "d/y", nil, file(Executable, "y\n")}, "new file mode 100755\nindex 000000000000..975fbec8256d\n--- /dev/null\n"},
		{"new and empty", Edit{"", "y", nil, file(Regular, "")}, "diff --git a/y b/y\nnew file mode 100644\n-- \n"},
		{"gone", Edit{"x", "", x, nil}, "deleted file mode 100644\nindex f00c965d8307..000000000000\n"},
		{"an empty one gone", Edit{"x", "", file(Regular, ""), nil}, "deleted file mode 100644\n-- \n"},
		{"renamed", Edit{"x", "d/y z", x, x}, "diff --git a/x b/d/y z\nrename from x\nrename to d/y z\n-- \n"},
		{"renamed and changed", Edit{"x", "ü", x, file(Executable, ten+"11\n")}, "rename to \"\\303\\274\"\n"},
		{"a mode", Edit{"x", "x", x, file(Executable, ten)}, "old mode 100644\nnew mode 100755\n-- \n"},
		{"binary", Edit{"x", "x", file(Regular, "\x00a"), file(Regular, "\x00b")}, "GIT binary patch\nliteral 2\n"},
		{"binary and new", Edit{"", "y", nil, file(Regular, strings.Repeat("\x00\xff", 300))}, "index 0000000000000000000000000000000000000000..f35d2246fccbd39849e9157fcdef1c6adaac5b86\nGIT binary patch\nliteral 600\n"},
		{"binary and gone", Edit{"x", "", file(Regular, "\x00a"), nil}, "GIT binary patch\nliteral 0\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := files{}
			if tt.edit.Before != nil {
				tree = tree.with(Changes{tt.edit.Old: tt.edit.Before})
			}
			data, err := Format(message, []Edit{tt.edit})
			if err != nil || !strings.Contains(string(data), tt.want) {
				t.Fatalf("%v\n%s", err, data)
			}
			steps, err := (&Series{Files: []config.Patch{{Name: "p", Data: data}}}).Apply(tree, config.Limits{})
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if got, want := tree.with(steps[0].Changes), tree.with(Changed([]Edit{tt.edit})); got.String() != want.String() {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			p := steps[0].Patch
			if got := (Message{p.Subject, p.Body, p.Name, p.Email, p.Date}); got.Subject != message.Subject || got.Body != "One.\n\n --- a/x\n diff --git a/x b/x\n\nTwo." || got.Name != message.Name || !got.Date.Equal(message.Date) {
				t.Errorf("the message is %+v", got)
			}
			edits, err := p.Edits(tree, steps[0].Changes)
			if err != nil || len(edits) != 1 || edits[0].Old != tt.edit.Old || edits[0].New != tt.edit.New {
				t.Errorf("the edits are %+v, %v", edits, err)
			}
		})
	}
	if _, err := Format(message, []Edit{{"", "l", nil, file(Link, "")}}); err == nil {
		t.Error("a link is written")
	}
}

// TestMerge carries edits of ten lines, or of a file of a tree, over to another
// tree.
func TestMerge(t *testing.T) {
	file := func(data string) *File { return &File{Regular, []byte(data)} }
	change := func(old, now string) *File { return file(strings.Replace(ten, old, now, 1)) }
	for _, tt := range []struct {
		name     string
		ours     files
		edit     Edit
		want     files
		conflict bool
	}{
		{"moved", files{"x": "0\n" + ten}, Edit{"x", "x", file(ten), change("5\n", "five\n")}, files{"x": "0\n1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n"}, false},
		{"two places", files{"x": string(change("2\n", "two\n").Data)}, Edit{"x", "x", file(ten), change("9\n", "")}, files{"x": "1\ntwo\n3\n4\n5\n6\n7\n8\n10\n"}, false},
		{"the same", files{"x": string(change("2\n", "two\n").Data)}, Edit{"x", "x", file(ten), change("2\n", "two\n")}, files{"x": string(change("2\n", "two\n").Data)}, false},
		{"the same, and more", files{"x": string(change("2\n", "two\n").Data) + "11\n"}, Edit{"x", "x", file(ten), change("2\n", "two\n")}, files{"x": string(change("2\n", "two\n").Data) + "11\n"}, false},
		{"one line", files{"x": string(change("2\n", "zwei\n").Data)}, Edit{"x", "x", file(ten), change("2\n", "two\n")},
			files{"x": "1\n<<<<<<< v2\nzwei\n=======\ntwo\n>>>>>>> p.patch\n3\n4\n5\n6\n7\n8\n9\n10\n"}, true},
		{"lines side by side", files{"x": string(change("2\n", "zwei\n").Data)}, Edit{"x", "x", file(ten), change("3\n", "three\n")},
			files{"x": "1\n<<<<<<< v2\nzwei\n3\n=======\n2\nthree\n>>>>>>> p.patch\n4\n5\n6\n7\n8\n9\n10\n"}, true},
		{"both add at the end", files{"x": ten + "a"}, Edit{"x", "x", file(ten), file(ten + "b")}, files{"x": ten + "<<<<<<< v2\na\n=======\nb\n>>>>>>> p.patch\n"}, true},
		{"gone and changed", files{}, Edit{"x", "x", file(ten), change("2\n", "")}, files{"x": string(change("2\n", "").Data)}, true},
		{"changed and gone", files{"x": ten + "11\n"}, Edit{"x", "", file(ten), nil}, files{"x": ten + "11\n"}, true},
		{"gone in both", files{}, Edit{"x", "", file(ten), nil}, files{}, false},
		{"gone", files{"x": ten}, Edit{"x", "", file(ten), nil}, files{}, false},
		{"new in both", files{"x": "a\n"}, Edit{"", "x", nil, file("b\n")}, files{"x": "<<<<<<< v2\na\n=======\nb\n>>>>>>> p.patch\n"}, true},
		{"new in both, the same", files{"x": "a\n"}, Edit{"", "x", nil, file("a\n")}, files{"x": "a\n"}, false},
		{"new", files{"y": ""}, Edit{"", "x", nil, file("a\n")}, files{"x": "a\n", "y": ""}, false},
		{"renamed by one, changed by the other", files{"x": ten + "11\n"}, Edit{"x", "y", file(ten), change("2\n", "two\n")}, files{"y": "1\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"}, false},
		{"renamed by both", files{"y": ten + "11\n"}, Edit{"x", "y", file(ten), change("2\n", "two\n")}, files{"y": "1\ntwo\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"}, false},
		{"binary in both", files{"x": "\x00a"}, Edit{"x", "x", file("\x00"), file("\x00b")}, files{"x": "\x00b"}, true},
		{"a mode", files{"x": ten + "11\n"}, Edit{"x", "x", file(ten), &File{Executable, []byte(ten)}}, files{"x*": ten + "11\n"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edits, conflicts, err := Merge(tt.ours, []Edit{tt.edit}, "v2", "p.patch")
			if err != nil {
				t.Fatal(err)
			}
			got := tt.ours.with(Changed(edits))
			if got.String() != tt.want.String() || len(conflicts) > 0 != tt.conflict {
				t.Errorf("conflicts %q, got\n%s\nwant\n%s", conflicts, got, tt.want)
			}
			if same := tt.want.String() == tt.ours.String(); same != (len(edits) == 0) && !tt.conflict {
				t.Errorf("%d edits of what is there", len(edits))
			}
		})
	}
	if _, _, err := Merge(files{"x@": "/etc"}, []Edit{{"x", "x", file(ten), file("")}}, "", ""); err == nil {
		t.Error("a link is merged")
	}
}
