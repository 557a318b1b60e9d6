// Package screen words all that a user sees: events as they happen, results, and
// errors, as text, on a terminal with bars, or as JSON. Begin at [Screen].
package screen

import (
	"cmp"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/vxlite/vxlite/internal/event"
)

// Options say what a screen shows, and what it may draw with.
type Options struct {
	// JSON writes events as JSON lines: the result to stdout, all others to
	// stderr.
	JSON bool
	// Quiet leaves errors only. Together with JSON it leaves the result too,
	// since that is what JSON was asked for.
	Quiet bool
	// Verbose adds debug events and a line per package and per fetch begun.
	Verbose bool
	// TraceCommands adds each command that is run, for -x.
	TraceCommands bool

	// Terminal says that stderr is a terminal that can redraw its lines.
	Terminal bool
	// Width is that terminal's, in columns; 0 where not known. ResultWidth is
	// that of stdout.
	Width, ResultWidth int
	// Color and ColorResult allow colour on stderr and on stdout: either may
	// be a file while the other is a terminal.
	Color, ColorResult bool
}

// Screen is where all output is worded: stdout has the result and nothing
// else, everything else goes to stderr.
type Screen struct {
	opts           Options
	stdout, stderr io.Writer

	mu      sync.Mutex
	display *display // nil unless there is a terminal to draw on
	closed  bool
	err     error // the first failure to write to stdout

	now       func() time.Time
	compiling map[string]int // how many packages there are, by target
	told      time.Time      // when a line told of the compiling last
}

// tellEvery is how often a line tells how far the compiling is, where there is
// no progress display.
const tellEvery = 15 * time.Second

// New returns a screen that words events as opts say.
func New(stdout, stderr io.Writer, opts Options) *Screen {
	s := &Screen{opts: opts, stdout: stdout, stderr: stderr, now: time.Now, compiling: map[string]int{}}
	if opts.Terminal && !opts.JSON && !opts.Quiet {
		s.display = &display{mu: &s.mu, out: stderr, width: s.width, paint: s.paint}
	}
	return s
}

// width is that of the terminal as it is now: a window may be resized, of which
// Windows sends no signal.
func (s *Screen) width() int {
	const usual = 80
	return cmp.Or(InspectStream(s.stderr).width, s.opts.Width, usual)
}

// resultWidth is that of the terminal that stdout is, 0 if it is none.
func (s *Screen) resultWidth() int { return cmp.Or(InspectStream(s.stdout).width, s.opts.ResultWidth) }

// Sink returns what the pipeline sends its events to.
func (s *Screen) Sink() event.Sink { return s.Show }

// Plain gives up the progress display, for a terminal that others write to.
func (s *Screen) Plain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.display != nil {
		s.display.stop()
		s.display = nil
	}
}

// Close stops the progress display and leaves the cursor at the start of a
// line. Events that still come in are dropped, since a goroutine that lags
// behind must not draw over the shell's prompt; report goes on working. The
// error is the first one met when writing the result.
func (s *Screen) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.closed = true
	if s.display != nil {
		s.display.stop()
	}
	return s.err
}

// Show words one event.
func (s *Screen) Show(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()

	switch {
	case s.closed:
	case s.opts.JSON:
		s.showJSON(e)
	case s.opts.Quiet:
	default:
		s.showText(e)
	}
}

// showText words an event for a reader.
func (s *Screen) showText(e event.Event) {
	if s.display != nil {
		s.display.update(e)
	}
	if line := s.line(e); line != "" {
		s.print(line)
	}
}

// print writes a line to stderr, above the progress display if there is one.
func (s *Screen) print(line string) {
	if s.display != nil {
		s.display.draw(line)
		return
	}
	fmt.Fprintln(s.stderr, line)
}

// Write writes a part of the result to stdout.
func (s *Screen) Write(result string) {
	if _, err := io.WriteString(s.stdout, result); err != nil && s.err == nil {
		s.err = fmt.Errorf("writing the result: %w", err)
	}
}

// paint colours a part of a line for stderr, where colour is allowed.
func (s *Screen) paint(str string, colors ...text.Color) string {
	if !s.opts.Color {
		return str
	}
	return text.Colors(colors).Sprint(str)
}
