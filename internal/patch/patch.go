// Package patch reads patch files and applies them to a tree of files: what git
// diff, git format-patch and diff -u write. It decides only, and knows neither
// repositories nor the disk: begin at [Series.Apply].
//
// Applying is strict. A hunk has to stand at the very line that it names, with the
// very lines around it; that it would fit elsewhere is told, and no reason to put
// it there. What a patch says is checked as a repository's files are: it may not
// lead out of the tree, nor make links.
package patch

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/vxlite/vxlite/internal/config"
)

// Series are the patches of one module, in order.
type Series struct {
	Files []config.Patch
	// Digest identifies their contents and their order: 64 hex digits.
	Digest string
}

// NewSeries returns the series of a module's patch files; nil for none.
func NewSeries(files []config.Patch) *Series {
	if len(files) == 0 {
		return nil
	}
	// 1 numbers the rules by which patches are applied.
	h := sha256.New()
	h.Write([]byte("1\n"))
	for _, f := range files {
		fmt.Fprintln(h, f.SHA256)
	}
	return &Series{Files: files, Digest: hex.EncodeToString(h.Sum(nil))}
}

// Key is the digest, and "" of no series.
func (s *Series) Key() string {
	if s == nil {
		return ""
	}
	return s.Digest
}

// Patch is one change as it would be committed: a whole file, or one of the mails
// in it.
type Patch struct {
	// File is the patch file as the config's folder has it.
	File string
	// Subject and Body are those of the message; a file without one has its name
	// as the subject. Name, Email and Date are the author's, where the file says.
	Subject, Body string
	Name, Email   string
	Date          time.Time

	changes []change
	crlf    bool // see read
}

// change is what a patch does to one file.
type change struct {
	*gitdiff.File
	line  int   // of the patch file, where it begins
	hunks []int // the lines of the hunks' headers
}

// Paths are the files that a patch changes, as they are called before and after,
// in its order.
func (p *Patch) Paths() (out []string) {
	for _, c := range p.changes {
		for _, name := range []string{c.OldName, c.NewName} {
			if name != "" && (len(out) == 0 || out[len(out)-1] != name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// Message is the commit message.
func (p *Patch) Message() string {
	if p.Body == "" {
		return p.Subject + "\n"
	}
	return p.Subject + "\n\n" + p.Body + "\n"
}

// Kind is what a tree has under a name.
type Kind int

// The kinds. No patch makes another than the first two.
const (
	Regular Kind = iota
	Executable
	Link
	Folder
	Submodule
)

// String names a kind.
func (k Kind) String() string {
	return [...]string{"file", "executable file", "symbolic link", "folder", "submodule"}[k]
}

// File is a file of a tree, or what stands in its place.
type File struct {
	Kind Kind
	Data []byte // of a file
}

// Tree is what patches are applied to.
type Tree interface {
	// File returns what is at a slash-separated path, or nil.
	File(path string) (*File, error)
}

// Changes are files by path: what they are now, and nil for those that are gone.
type Changes map[string]*File

// changed is a tree with changes.
type changed struct {
	below   Tree
	changes Changes
}

// File implements Tree.
func (t changed) File(name string) (*File, error) {
	if f, ok := t.changes[name]; ok {
		return f, nil
	}
	return t.below.File(name)
}

// With is a tree in which these files are others.
func With(t Tree, c Changes) Tree { return changed{t, c} }

// Step is a patch that was applied, and what it changed.
type Step struct {
	*Patch
	Changes Changes
}

// Apply applies all patches, one on the other. The error is of the first that
// cannot be read or applied: a [*ReadError], an [*ApplyError], an [*AppliedError]
// or a [*limit.Error].
func (s *Series) Apply(t Tree, limits config.Limits) ([]Step, error) {
	var out []Step
	for _, f := range s.Files {
		patches, err := Read(f.Name, f.Data, limits)
		if err != nil {
			return nil, err
		}
		for _, p := range patches {
			c, err := p.Apply(t, limits)
			if err != nil {
				return nil, err
			}
			out = append(out, Step{p, c})
			t = With(t, c)
		}
	}
	return out, nil
}

// title is what a patch without a message is called: its file's name, without the
// number that puts it in its place.
func title(file string) string {
	base := path.Base(file)
	for _, ext := range []string{".patch", ".diff"} {
		base = strings.TrimSuffix(base, ext)
	}
	if name := strings.TrimLeft(base, "0123456789"); len(name) > 1 && strings.ContainsAny(name[:1], "-_.") {
		return name[1:]
	}
	return base
}
