package patch

import (
	"fmt"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
)

// ApplyError is a patch that does not fit the tree.
type ApplyError struct {
	// File is the patch file, and Line where in it the change is, from 1.
	File string
	Line int
	// Path is the file that it is to change.
	Path string
	// Text says what is wrong, where it is not a hunk's lines.
	Text string
	// Hunk of Hunks does not fit, from 1. It is meant for line At of Path. From
	// line From on, Found stands there in place of Expected; the first lines of
	// each, for reading. Moved are lines at which the hunk's lines are instead.
	Hunk, Hunks, At, From int
	Expected, Found       []string
	Moved                 []int
	hint                  string // of Text
}

// Error implements error.
func (e *ApplyError) Error() string {
	s := fmt.Sprintf("%s:%d: ", e.File, e.Line)
	if e.Text != "" {
		return s + e.Text
	}
	s += fmt.Sprintf("hunk %d of %d does not apply to line %d of %s", e.Hunk, e.Hunks, e.At, brief.Name(e.Path))
	s += fmt.Sprintf("\n  expected at line %d:%s", e.From, block(e.Expected))
	if len(e.Found) == 0 {
		return s + "\n  found: the end of the file"
	}
	return s + "\n  found:" + block(e.Found)
}

func block(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("\n    " + l)
	}
	return b.String()
}

// Hints says where the hunk's lines are now, or what would do.
func (e *ApplyError) Hints() []string {
	if e.hint != "" {
		return []string{e.hint}
	}
	switch len(e.Moved) {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("its lines are at line %d now", e.Moved[0])}
	}
	return []string{fmt.Sprintf("its lines are in several places now, at lines %s", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(e.Moved)), ", "), "[]"))}
}

// AppliedError is a patch whose changes a tree has already.
type AppliedError struct {
	// File is the patch file, In the ref of the tree where that is known.
	File, In string
}

// Error implements error.
func (e *AppliedError) Error() string {
	if e.In == "" {
		return e.File + ": is applied already"
	}
	return fmt.Sprintf("%s: %s contains it already", e.File, e.In)
}

// Hints says what to do.
func (e *AppliedError) Hints() []string {
	return []string{"remove it: " + e.File + " is no longer needed"}
}
