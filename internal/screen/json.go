package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/vxlite/vxlite/internal/event"
)

// showJSON writes an event as a line of JSON. The verbosity decides which
// events there are, as without --json; only their form is another.
func (s *Screen) showJSON(e event.Event) {
	if s.opts.Quiet {
		return
	}
	switch e.Kind {
	case event.FetchBytes, event.PushBytes, event.CompilePackage, event.Debug:
		if !s.opts.Verbose {
			return
		}
	case event.Command:
		if !s.opts.TraceCommands {
			return
		}
	}
	io.WriteString(s.stderr, jsonLine(e))
}

// jsonError is how a failure looks among the events.
type jsonError struct {
	Event string   `json:"event"`
	Text  string   `json:"text"`
	Hints []string `json:"hints,omitempty"`
}

// jsonLine encodes v, a value of plain fields, as a line of JSON that says
// everything exactly and yet is safe to show on a terminal.
func jsonLine(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // URLs and shell lines are full of &, < and >
	if err := enc.Encode(v); err != nil {
		panic(err) // only a type that JSON cannot express fails
	}

	// encoding/json escapes the ASCII controls only.
	var b strings.Builder
	for _, r := range buf.String() {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// ShowDocument writes a JSON document to stdout, with --json in one line. It is
// what was asked for, so --quiet leaves it.
func (s *Screen) ShowDocument(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.JSON {
		var line bytes.Buffer
		if json.Compact(&line, data) == nil {
			data = append(line.Bytes(), '\n')
		}
	}
	s.Write(string(data))
}
