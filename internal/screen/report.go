package screen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
)

// The exit statuses. An error picks another than exitFailed by a method
// ExitStatus() int.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2 // wrong usage or config
	ExitCheck       = 3 // a check found a problem
	ExitInterrupted = 130
)

// Report words err on stderr, what failed first and then what to do about
// it, and returns the exit status. It stops the progress display. A nil err
// has nothing to say.
//
//	vxlite: fetching github.com/acme/lib: no credential for git.corp
//	hint: add [git.credentials."git.corp"] to velox.toml
func (s *Screen) Report(err error) int {
	if err == nil {
		return ExitDone
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	if s.display != nil {
		s.display.stop()
	}
	f := describe(err)
	if f.text == "" {
		return f.status
	}
	if s.opts.Terminal && !s.opts.JSON && f.status == ExitInterrupted {
		fmt.Fprint(s.stderr, "\r\x1b[K") // the ^C that the terminal has echoed
	}
	if s.opts.JSON {
		fmt.Fprint(s.stderr, jsonLine(jsonError{Event: "error", Text: f.text, Hints: f.hints}))
		return f.status
	}
	s.reportFindings(f.findings)
	return f.status
}

// mostFindings is how many are worded, unless -v asks for all; few of more.
const mostFindings, fewFindings = 50, 10

// reportFindings words each finding with its own hints below it. Those that
// follow one another with the same hints have them once.
func (s *Screen) reportFindings(all []finding) {
	if more := len(all) - fewFindings; len(all) > mostFindings && !s.opts.Verbose {
		last := finding{text: fmt.Sprintf("and %s more like these", brief.Count(more)), hints: []string{"-v shows all of them"}}
		all = append(all[:fewFindings:fewFindings], last)
	}
	for i, f := range all {
		name := s.paint("vxlite:", text.Bold, text.FgRed) + " "
		if i > 0 && (slices.Equal(f.hints, all[i-1].hints) || f.joined && len(all[i-1].hints) == 0) {
			name = "" // it shares the hints of the one before
		}
		fmt.Fprintln(s.stderr, name+ours(f.text))
		if i+1 < len(all) && slices.Equal(f.hints, all[i+1].hints) {
			continue
		}
		for _, hint := range f.hints {
			fmt.Fprintln(s.stderr, s.paint("hint:", text.Bold), ours(hint))
		}
	}
}

// failure is an error taken apart.
type failure struct {
	text     string
	hints    []string
	findings []finding // the same, by what was found
	status   int
}

// finding is one of several things that went wrong at once, or the only one.
type finding struct {
	text  string
	hints []string
	// joined is one that shares its wrapper's hints with that before.
	joined bool
}

// describe takes err apart. An interruption says only that: the user knows
// best what was going on.
func describe(err error) failure {
	if interrupted(err) {
		return failure{text: "interrupted", findings: []finding{{text: "interrupted"}}, status: ExitInterrupted}
	}
	f := failure{
		text:     trimmed(err),
		hints:    hints(err),
		findings: findings(err),
		status:   ExitFailed,
	}
	type exiter interface {
		error
		ExitStatus() int
	}
	// An error is never success, whatever it says.
	if e, ok := errors.AsType[exiter](err); ok && e.ExitStatus() != ExitDone {
		f.status = e.ExitStatus()
	}
	return f
}

func trimmed(err error) string { return strings.TrimRight(err.Error(), " \t\r\n") }

// findings takes a list of errors apart, also one that is wrapped without
// another word. What a wrapper has for hints goes with the last.
func findings(err error) []finding {
	wrapped := unwrap(err)
	if len(wrapped) == 0 || !isList(err, wrapped) {
		return []finding{{text: trimmed(err), hints: hints(err)}}
	}
	var all []finding
	for _, w := range wrapped {
		all = append(all, findings(w)...)
	}
	if own, ok := err.(interface{ Hints() []string }); ok {
		for i := 1; i < len(all); i++ {
			all[i].joined = true
		}
		last := &all[len(all)-1]
		for _, hint := range own.Hints() {
			if !slices.Contains(last.hints, hint) {
				last.hints = append(last.hints, hint)
			}
		}
	}
	return all
}

// hints collects the hints of err and of all that it wraps, outermost first,
// each of them once.
func hints(err error) []string {
	var all []string
	walk(err, func(err error) {
		h, ok := err.(interface{ Hints() []string })
		if !ok {
			return
		}
		for _, hint := range h.Hints() {
			if !slices.Contains(all, hint) {
				all = append(all, hint)
			}
		}
	})
	if disk.IsFull(err) {
		all = append(all, "make room on that disk, or name another place: with -o for what is made, VXLITE_CACHE for the store, GOCACHE for compiled packages, TMPDIR for temporary files")
	}
	return all
}

// walk visits err and all that it wraps, in the order of errors.As.
func walk(err error, visit func(error)) {
	visit(err)
	for _, wrapped := range unwrap(err) {
		walk(wrapped, visit)
	}
}

// interrupted reports whether err came from a cancelled context. A list of
// errors did only if each of them did: where one of several fetches fails,
// the others are cancelled, and that one is what the user has to hear of.
func interrupted(err error) bool {
	wrapped := unwrap(err)
	if len(wrapped) > 1 && isList(err, wrapped) {
		return !slices.ContainsFunc(wrapped, func(err error) bool { return !interrupted(err) })
	}
	if len(wrapped) > 0 {
		return slices.ContainsFunc(wrapped, interrupted)
	}
	return errors.Is(err, context.Canceled)
}

// isList tells a list of errors, as errors.Join makes it, from one error with
// several causes, as fmt.Errorf makes it of several %w.
func isList(err error, wrapped []error) bool {
	texts := make([]string, len(wrapped))
	for i, w := range wrapped {
		texts[i] = w.Error()
	}
	return err.Error() == strings.Join(texts, "\n")
}

// unwrap returns the errors that err wraps directly.
func unwrap(err error) []error {
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if wrapped := err.Unwrap(); wrapped != nil {
			return []error{wrapped}
		}
	case interface{ Unwrap() []error }:
		return slices.DeleteFunc(slices.Clone(err.Unwrap()), func(err error) bool { return err == nil })
	}
	return nil
}
