package screen

import (
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// stream is what there is to know about stdout or stderr before writing.
type stream struct {
	// terminal says that it is one, and understands escape sequences.
	terminal bool
	// width is in columns; 0 where not known.
	width int
}

// InspectStream looks at the file behind w, if there is one.
func InspectStream(w io.Writer) stream {
	f, ok := w.(*os.File)
	if !ok || !text.ANSICodesSupported || !term.IsTerminal(int(f.Fd())) {
		return stream{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return stream{terminal: true, width: width}
}

// TerminalOptions returns the screenOptions that the streams and the
// environment decide. getenv looks up a variable as os.Getenv does.
//
// Any NO_COLOR but an empty one counts, as https://no-color.org has it. It
// speaks of colour only, so the progress display stays.
func TerminalOptions(stdout, stderr stream, getenv func(string) string) Options {
	dumb := getenv("TERM") == "dumb"
	color := !dumb && getenv("NO_COLOR") == ""
	return Options{
		Terminal:    stderr.terminal && !dumb,
		Width:       stderr.width,
		ResultWidth: stdout.width,
		Color:       stderr.terminal && color,
		ColorResult: stdout.terminal && color,
	}
}
