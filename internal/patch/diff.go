package patch

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"strings"
	"time"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"github.com/rogpeppe/go-internal/diff"
)

// Edit is one file before and after a change. A file that is new has no Old and no
// Before, one that is gone no New and no After; one that is renamed has two names.
type Edit struct {
	Old, New      string
	Before, After *File
}

// Edits are what the patch makes of the files of a tree. changes are what Apply
// returned for it.
func (p *Patch) Edits(t Tree, changes Changes) ([]Edit, error) {
	var out []Edit
	for _, c := range p.changes {
		e := Edit{New: c.NewName}
		if !c.IsNew && !c.IsCopy {
			e.Old = c.OldName
			var err error
			if e.Before, err = t.File(c.OldName); err != nil {
				return nil, err
			}
		}
		if c.IsDelete {
			e.New = ""
		} else {
			e.After = changes[c.NewName]
		}
		out = append(out, e)
	}
	return out, nil
}

// Message is what a patch says of itself.
type Message struct {
	// Subject is a line, Body the rest of the message, or empty.
	Subject, Body string
	Name, Email   string // the author's
	Date          time.Time
}

// Format writes a patch as git format-patch does. The same edits give the same
// bytes, whichever commits they are from.
func Format(m Message, edits []Edit) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From %040d Mon Sep 17 00:00:00 2001\nFrom: %s <%s>\nDate: %s\nSubject: [PATCH] %s\n", 0, m.Name, m.Email, m.Date.Format(time.RFC1123Z), m.Subject)
	if text := m.Name + m.Subject + m.Body; mime.QEncoding.Encode("UTF-8", text) != text {
		b.WriteString("MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n")
	}
	b.WriteString("\n")
	if m.Body != "" {
		for line := range strings.Lines(m.Body) {
			if text := strings.TrimRight(line, " \t\r\n"); endsMessage(text) {
				b.WriteString(" " + text + "\n")
			} else {
				b.WriteString(text + "\n")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("---\n\n")
	for _, e := range edits {
		f, err := e.file()
		if err != nil {
			return nil, err
		}
		b.WriteString(f.String())
	}
	b.WriteString("-- \nvxlite\n\n")
	return b.Bytes(), nil
}

// endsMessage reports whether a line of a message would be taken for what follows it.
func endsMessage(line string) bool {
	for _, begin := range []string{"---", "diff ", "@@ -", "From ", "Index: "} {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return false
}

// file is an edit as the library writes it.
func (e Edit) file() (*gitdiff.File, error) {
	f := &gitdiff.File{OldName: e.Old, NewName: e.New, IsNew: e.Before == nil, IsDelete: e.After == nil}
	f.IsRename = e.Old != e.New && !f.IsNew && !f.IsDelete
	var before, after File
	if e.Before != nil {
		before = *e.Before
		f.OldMode = fs.FileMode(mode(before.Kind))
	}
	if e.After != nil {
		after = *e.After
		if f.IsNew || after.Kind != before.Kind {
			f.NewMode = fs.FileMode(mode(after.Kind))
		}
	}
	if before.Kind > Executable || after.Kind > Executable {
		return nil, fmt.Errorf("%s is no file, and only files can be patched", e.name())
	}
	if bytes.Equal(before.Data, after.Data) {
		if f.NewMode == 0 && !f.IsDelete {
			f.OldMode = 0 // the library would begin an index line
		}
		return f, nil
	}
	binary, digits := isBinary(before.Data) || isBinary(after.Data), 12
	if binary {
		digits = 40 // git applies no binary patch by an abbreviation
	}
	f.OldOIDPrefix, f.NewOIDPrefix = objectName(e.Before)[:digits], objectName(e.After)[:digits]
	if binary {
		f.IsBinary, f.BinaryFragment = true, literal(after.Data)
		return f, nil
	}
	files, _, err := gitdiff.Parse(bytes.NewReader(diff.Diff("a/x", before.Data, "b/x", after.Data)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.name(), err)
	}
	f.TextFragments = files[0].TextFragments
	return f, nil
}

func (e Edit) name() string {
	if e.New != "" {
		return e.New
	}
	return e.Old
}

// isBinary is git's rule.
func isBinary(data []byte) bool {
	const looked = 8000 // bytes
	return bytes.IndexByte(data[:min(looked, len(data))], 0) >= 0
}

// objectName is the hash of a file as a blob; zeros for none.
func objectName(f *File) string {
	if f == nil {
		return strings.Repeat("0", 2*sha1.Size)
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(f.Data))
	h.Write(f.Data)
	return hex.EncodeToString(h.Sum(nil))
}

func literal(data []byte) *gitdiff.BinaryFragment {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes all
	_ = z.Close()
	return &gitdiff.BinaryFragment{Method: gitdiff.BinaryPatchLiteral, Size: int64(len(data)), RawData: b.Bytes()}
}
