package patch

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/limit"
)

// Apply returns what the patch makes of a tree.
func (p *Patch) Apply(t Tree, limits config.Limits) (Changes, error) {
	a := &applier{patch: p, tree: t, limits: limits.OrDefault(), leaves: map[string]bool{}, out: Changes{}}
	for _, c := range p.changes {
		if c.IsDelete || c.IsRename {
			a.leaves[c.OldName] = true
		}
	}
	for _, c := range p.changes {
		if err := a.change(c); err != nil {
			if _, conflict := err.(*ApplyError); conflict && p.applied(t) {
				return nil, &AppliedError{File: p.File}
			}
			return nil, err
		}
	}
	return a.out, nil
}

// applier applies one patch.
type applier struct {
	patch  *Patch
	tree   Tree
	limits config.Limits
	leaves map[string]bool // what the patch removes or renames
	out    Changes
}

// file returns a file as the patch has left it so far.
func (a *applier) file(name string) (*File, error) { return changed{a.tree, a.out}.File(name) }

func (a *applier) failf(c change, format string, args ...any) error {
	return &ApplyError{File: a.patch.File, Line: c.line, Path: c.name(), Text: fmt.Sprintf(format, args...)}
}

// change applies what is said of one file.
func (a *applier) change(c change) error {
	old := &File{}
	if !c.IsNew {
		var err error
		if old, err = a.file(c.OldName); err != nil {
			return err
		}
		switch {
		case old == nil:
			return a.failf(c, "there is no %s", brief.Name(c.OldName))
		case old.Kind > Executable:
			return a.failf(c, "%s is a %s, not a file", brief.Name(c.OldName), old.Kind)
		case c.OldMode != 0 && c.NewMode != 0 && int(c.OldMode) != mode(old.Kind):
			return a.failf(c, "%s has the mode %o, not %o", brief.Name(c.OldName), mode(old.Kind), c.OldMode)
		}
	}
	if c.NewName != c.OldName && !c.IsDelete {
		if err := a.free(c); err != nil {
			return err
		}
	}
	data, err := a.content(c, old.Data)
	if err != nil {
		return err
	}
	if (c.IsDelete || c.IsRename) && a.out[c.OldName] == nil {
		a.out[c.OldName] = nil
	}
	if c.IsDelete {
		return nil
	}
	kind := old.Kind
	switch c.NewMode {
	case modeExecutable:
		kind = Executable
	case modeRegular:
		kind = Regular
	}
	a.out[c.NewName] = &File{kind, data}
	return nil
}

// mode is a file's kind as git writes it.
func mode(k Kind) int {
	if k == Executable {
		return modeExecutable
	}
	return modeRegular
}

// free reports whether a file can be made: nothing may be there that the patch
// does not take away, and all above it must be folders.
func (a *applier) free(c change) error {
	for name := c.NewName; name != "."; name = path.Dir(name) {
		f, ok := a.out[name]
		if !ok && !a.leaves[name] {
			var err error
			if f, err = a.tree.File(name); err != nil {
				return err
			}
		}
		switch {
		case f == nil || name != c.NewName && f.Kind == Folder:
		case name == c.NewName:
			return a.failf(c, "%s is there already", brief.Name(name))
		default:
			return a.failf(c, "%s is a %s, not a folder", brief.Name(name), f.Kind)
		}
	}
	return nil
}

// content returns what a change makes of a file's contents.
func (a *applier) content(c change, old []byte) ([]byte, error) {
	var out bytes.Buffer
	switch {
	case c.BinaryFragment != nil:
		if !c.IsNew && !isObject(old, c.OldOIDPrefix) {
			return nil, a.failf(c, "%s has other contents than the patch was made of", brief.Name(c.OldName))
		}
		applier := gitdiff.NewBinaryApplier(&out, bytes.NewReader(old), gitdiff.WithMaxBinaryFragmentBytes(a.limits.Object))
		if err := applier.ApplyFragment(c.BinaryFragment); err != nil {
			return nil, a.failf(c, "%s: %s", brief.Name(c.name()), brief.Line(err.Error()))
		}
	case len(c.TextFragments) > 0:
		f := c.text(a.patch.crlf && crlf(old))
		if n := disorder(f.TextFragments); n > 0 {
			return nil, &ReadError{File: a.patch.File, Line: c.hunks[n], Text: "the hunks are not in the order of their lines"}
		}
		applier := gitdiff.NewTextApplier(&out, bytes.NewReader(old))
		lines := splitLines(old)
		for i, frag := range f.TextFragments {
			end := int(frag.OldPosition-1) + int(frag.OldLines)
			if err := applier.ApplyFragment(frag); err != nil {
				return nil, a.misfit(c, i, frag, lines, err)
			}
			if frag.TrailingContext == 0 && end < len(lines) && !(frag.OldLines == 0 && len(lines) == 0) {
				return nil, &ApplyError{File: a.patch.File, Line: c.hunks[i], Path: c.name(),
					Text: fmt.Sprintf("hunk %d of %d has no line of context after its last change, and that is not the end of %s", i+1, len(f.TextFragments), brief.Name(c.name())),
					hint: "make the patch with git diff, which writes three lines of context around each change"}
			}
		}
		if err := applier.Close(); err != nil {
			return nil, a.failf(c, "%s: %s", brief.Name(c.name()), brief.Line(err.Error()))
		}
	default:
		if c.IsDelete && len(old) > 0 {
			return nil, a.failf(c, "%s is not empty, and the patch removes an empty file", brief.Name(c.OldName))
		}
		return old, nil
	}
	if int64(out.Len()) > a.limits.Object {
		return nil, limit.Bytes(fmt.Sprintf("%s: %s has more than", a.patch.File, brief.Name(c.name())), "object", a.limits.Object)
	}
	return out.Bytes(), nil
}

// disorder returns the first hunk that begins before the end of the one before it,
// which the library would sort or take for a conflict; 0 for none.
func disorder(frags []*gitdiff.TextFragment) int {
	for i := 1; i < len(frags); i++ {
		if frags[i].OldPosition < frags[i-1].OldPosition+frags[i-1].OldLines {
			return i
		}
	}
	return 0
}

// isObject reports whether contents are a blob whose hash begins so. An
// abbreviation has seven digits at least.
func isObject(data []byte, prefix string) bool {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return len(prefix) >= 7 && strings.HasPrefix(hex.EncodeToString(h.Sum(nil)), prefix)
}

// crlf reports whether a file's lines end as Windows has them.
func crlf(data []byte) bool {
	first, _, ok := bytes.Cut(data, []byte("\n"))
	return ok && bytes.HasSuffix(first, []byte("\r"))
}

// text is the change with its lines ending as those of the file do.
func (c change) text(crlf bool) *gitdiff.File {
	if !crlf {
		return c.File
	}
	f := *c.File
	f.TextFragments = nil
	for _, frag := range c.TextFragments {
		ended := *frag
		ended.Lines = slices.Clone(frag.Lines)
		for i, l := range ended.Lines {
			if cut, ok := strings.CutSuffix(l.Line, "\n"); ok {
				ended.Lines[i].Line = cut + "\r\n"
			}
		}
		f.TextFragments = append(f.TextFragments, &ended)
	}
	return &f
}

// misfit makes the error of a hunk.
func (a *applier) misfit(c change, i int, frag *gitdiff.TextFragment, have []string, err error) error {
	want := side(frag, gitdiff.Line.Old)
	e := &ApplyError{File: a.patch.File, Line: c.line, Path: c.name(), Hunk: i + 1, Hunks: len(c.TextFragments), At: int(frag.OldPosition)}
	if i < len(c.hunks) {
		e.Line = c.hunks[i]
	}
	if len(want) == 0 { // a hunk that only adds, without a line around it
		e.Text = fmt.Sprintf("%s: %s", brief.Name(c.name()), brief.Line(err.Error()))
		return e
	}
	start := max(0, int(frag.OldPosition)-1)
	found := have[min(start, len(have)):min(start+len(want), len(have))]
	first := 0
	for first < len(found) && found[first] == want[first] {
		first++
	}
	e.From = start + first + 1
	e.Expected, e.Found = shown(want[first:]), shown(found[first:])
	for _, at := range places(have, want, mostPlaces) {
		e.Moved = append(e.Moved, at+1)
	}
	return e
}

// mostPlaces is how many of the places are named where a hunk's lines are now.
const mostPlaces = 3

// shown are the first few lines, each on one line of a message.
func shown(lines []string) []string {
	const most = 6
	var out []string
	for _, l := range lines[:min(most+1, len(lines))] {
		const longest = 200 // bytes
		l = strings.ReplaceAll(strings.TrimSuffix(l, "\n"), "\r", `\r`)
		if len(l) > longest {
			l = strings.ToValidUTF8(l[:longest], "") + "…"
		}
		out = append(out, l)
	}
	if len(lines) > most {
		out[most] = fmt.Sprintf("and %s more", brief.Count(len(lines)-most))
	}
	return out
}

// side are the lines of a hunk that stand before the change, or after it.
func side(frag *gitdiff.TextFragment, of func(gitdiff.Line) bool) []string {
	var out []string
	for _, l := range frag.Lines {
		if of(l) {
			out = append(out, l.Line)
		}
	}
	return out
}

func splitLines(data []byte) []string {
	lines := strings.SplitAfter(string(data), "\n")
	return lines[:len(lines)-1+min(1, len(lines[len(lines)-1]))] // without what is behind the last line's end
}

// applied reports whether a tree has all that the patch would do: its reverse could
// be applied, be it some lines further up or down.
func (p *Patch) applied(t Tree) bool {
	made := map[string]bool{}
	for _, c := range p.changes {
		made[c.NewName] = true
	}
	for _, c := range p.changes {
		if (c.IsDelete || c.IsRename) && !made[c.OldName] {
			if f, err := t.File(c.OldName); err != nil || f != nil && f.Kind != Folder {
				return false
			}
		}
		if c.IsDelete {
			continue
		}
		f, err := t.File(c.NewName)
		if err != nil || f == nil || f.Kind > Executable || c.NewMode != 0 && mode(f.Kind) != int(c.NewMode) {
			return false
		}
		if c.BinaryFragment != nil && !isObject(f.Data, c.NewOIDPrefix) {
			return false
		}
		have := splitLines(f.Data)
		for _, frag := range c.text(p.crlf && crlf(f.Data)).TextFragments {
			at := places(have, side(frag, gitdiff.Line.New), 1)
			if len(at) == 0 || c.IsNew && len(have) != int(frag.NewLines) {
				return false
			}
			have = have[at[0]+int(frag.NewLines):]
		}
		if c.IsNew && len(c.TextFragments) == 0 && c.BinaryFragment == nil && len(have) > 0 {
			return false
		}
	}
	return true
}

// places are where some lines stand among others, the first few. Lines that repeat
// themselves without end are not compared without end.
func places(have, want []string, most int) (out []int) {
	budget := 10_000_000
	for at := 0; at+len(want) <= len(have) && len(out) < most && budget > 0; at++ {
		same := 0
		for same < len(want) && have[at+same] == want[same] {
			same++
		}
		budget -= same + 1
		if same == len(want) {
			out = append(out, at)
		}
	}
	return out
}
