package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a config file.
type Problem struct {
	Pos Position
	// Text says what is wrong. It holds no value that may be a secret.
	Text string
	// Hint says what would help, or is empty.
	Hint string
}

// ErrorList is all that is wrong in a config file, in the file's order.
type ErrorList struct {
	Problems []Problem
}

// Error implements error, with a line for each problem.
func (e *ErrorList) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.Pos.String() + ": " + p.Text
	}
	return strings.Join(lines, "\n")
}

// Hints returns the problems' hints, each of them once.
func (e *ErrorList) Hints() []string {
	var hints []string
	for _, p := range e.Problems {
		if p.Hint != "" && !slices.Contains(hints, p.Hint) {
			hints = append(hints, p.Hint)
		}
	}
	return hints
}

// String returns FILE:LINE:COLUMN, and only FILE for what concerns the file
// as a whole.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders the places of one file.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}
