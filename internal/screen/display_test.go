package screen

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vxlite/vxlite/internal/event"
)

func TestDisplay(t *testing.T) {
	const (
		rr   = "github.com/roadrunner-server/roadrunner/v2025"
		http = "github.com/roadrunner-server/http/v5"
	)
	steps := []struct {
		after  time.Duration
		events []event.Event
		close  bool
		err    error
		want   string // what the terminal shows
	}{
		{
			events: []event.Event{
				{Kind: event.Note, Text: "velox.lock is new"},
				{Kind: event.FetchStart, Module: rr, Ref: "v2025.1.15"},
				{Kind: event.FetchStart, Module: http, Ref: "v5.2.0"},
				{Kind: event.FetchBytes, Module: rr, Bytes: 1_500_000},
			},
			after: 2 * time.Second,
			want: "note: velox.lock is new\n" +
				"     [..........<#>.....] [2s] 0 fetched, 2 to go, 1.5 MB: roadrunner, http\n",
		},
		{
			events: []event.Event{
				{Kind: event.FetchDone, Module: rr, Ref: "v2025.1.15", Bytes: 2_000_000},
				{Kind: event.FetchBytes, Module: rr, Bytes: 1}, // lags behind
				{Kind: event.Note, Text: "github.com/acme/lib: the tag has moved"},
			},
			after: time.Second,
			want: "note: velox.lock is new\n" +
				"note: github.com/acme/lib: the tag has moved\n" +
				"     [<#>...............] [3s] 1 fetched, 1 to go, 2.0 MB: http\n",
		},
		{
			events: []event.Event{
				{Kind: event.FetchDone, Module: http, Ref: "v5.2.0", Bytes: 500_000},
				{Kind: event.CompileStart, Target: "linux/amd64", Total: 312},
				{Kind: event.CompileStart, Target: "linux/arm64"},
				{Kind: event.CompilePackage, Target: "linux/amd64", Package: "github.com/roadrunner-server/a/very/long/package/path", Done: 78},
			},
			after: time.Second,
			want: "note: velox.lock is new\n" +
				"note: github.com/acme/lib: the tag has moved\n" +
				"fetched 2 repositories, 2.5 MB [3s]\n" +
				" 25% [####..............] [1s] compiling linux/amd64, 78 of 312: git...age/path\n" +
				"     [.........<#>......] [1s] compiling linux/arm64\n",
		},
		{
			events: []event.Event{
				{Kind: event.LinkStart, Target: "linux/amd64"},
				{Kind: event.CompilePackage, Target: "linux/amd64", Package: "app", Done: 79},
			},
			after: 2 * time.Second,
			want: "note: velox.lock is new\n" +
				"note: github.com/acme/lib: the tag has moved\n" +
				"fetched 2 repositories, 2.5 MB [3s]\n" +
				"compiled linux/amd64, 78 packages [1s]\n" +
				"     [...........<#>....] [2s] linking linux/amd64\n" +
				"     [.<#>..............] [3s] compiling linux/arm64\n",
		},
		{
			events: []event.Event{
				{Kind: event.CompileDone, Target: "linux/amd64"},
				{Kind: event.CompilePackage, Target: "linux/amd64", Package: "late", Done: 99},
			},
			after: time.Second,
			want: "note: velox.lock is new\n" +
				"note: github.com/acme/lib: the tag has moved\n" +
				"fetched 2 repositories, 2.5 MB [3s]\n" +
				"compiled linux/amd64, 78 packages [1s]\n" +
				"linked linux/amd64 [2s]\n" +
				"     [.........<#>......] [4s] compiling linux/arm64\n",
		},
		{
			err: errors.New("no space left"),
			want: "note: velox.lock is new\n" +
				"note: github.com/acme/lib: the tag has moved\n" +
				"fetched 2 repositories, 2.5 MB [3s]\n" +
				"compiled linux/amd64, 78 packages [1s]\n" +
				"linked linux/amd64 [2s]\n" +
				"compiled linux/arm64, unfinished [4s]\n" +
				"vxlite: no space left\n",
		},
	}

	synctest.Test(t, func(t *testing.T) {
		var term terminal
		s := New(&bytes.Buffer{}, &term, Options{Terminal: true, Width: 80})
		for i, step := range steps {
			for _, e := range step.events {
				s.Sink().Send(e)
			}
			// Wake up between two redraws, not together with one.
			time.Sleep(step.after + time.Millisecond)
			synctest.Wait()
			if step.err != nil {
				s.Report(step.err)
			}
			compareText(t, "step "+strconv.Itoa(i), term.String(), step.want)
		}
		s.Close()

		shown := term.String()
		s.Sink().Send(event.Event{Kind: event.Note, Text: "too late"})
		s.Sink().Send(event.Event{Kind: event.FetchStart, Module: http})
		time.Sleep(time.Second)
		compareText(t, "after close", term.String(), shown)
		if term.column != 0 {
			t.Errorf("the cursor is left in column %d", term.column)
		}
	})
}

// The result follows on the same terminal: it must find no bar there.
func TestDisplayEndsBeforeResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var term terminal
		s := New(&term, &term, Options{Terminal: true, Width: 120})
		for _, e := range someBuild() {
			s.Sink().Send(e)
			time.Sleep(150 * time.Millisecond)
		}
		showSome(s)
		s.Close()
		want := `note: velox.lock: the entry of lib does not fit velox.toml any more
fetched 2 repositories, 1.5 MB [1.2s]
compiled linux/amd64, 2 packages [500ms]
` + someTable
		compareText(t, "terminal", term.String(), want)
	})
}

// A display may end before it was ever drawn.
func TestDisplayEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var term terminal
		for range 50 {
			s := New(&bytes.Buffer{}, &term, Options{Terminal: true, Width: 60})
			s.Sink().Send(event.Event{Kind: event.FetchStart, Module: "example.com/m"})
			s.Sink().Send(event.Event{Kind: event.Note, Text: "seen"})
			s.Close()
		}
		want := strings.Repeat("note: seen\nfetched 0 of 1 repository, unfinished [0s]\n", 50)
		compareText(t, "terminal", term.String(), want)
	})
}

// With --watch there is a display after the result of the first build, too.
func TestDisplayAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var term terminal
		s := New(&bytes.Buffer{}, &term, Options{Terminal: true})
		for range 2 {
			s.Sink().Send(event.Event{Kind: event.CompileStart, Target: "linux/amd64"})
			time.Sleep(time.Second)
			s.Sink().Send(event.Event{Kind: event.CompileDone, Target: "linux/amd64"})
			s.Done(nil, func(bool) string { return "" })
		}
		compareText(t, "terminal", term.String(), strings.Repeat("compiled linux/amd64 [1s]\n", 2))
	})
}

func TestShortName(t *testing.T) {
	for path, want := range map[string]string{
		"github.com/roadrunner-server/http/v5":          "http",
		"github.com/roadrunner-server/roadrunner/v2025": "roadrunner",
		"gopkg.in/yaml.v3":                              "yaml",
		"example.com":                                   "example.com",
		"":                                              ".",
	} {
		if got := shortName(path); got != want {
			t.Errorf("shortName(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestCutMiddle(t *testing.T) {
	const name = "github.com/roadrunner-server/http/v5/servers"
	for width, want := range map[int]string{100: name, len(name): name, 23: "github...ttp/v5/servers", 10: "gi...rvers", 0: "..."} {
		if got := cutMiddle(name, width); len(got) > max(width, 3) || got != want {
			t.Errorf("cutMiddle(%d) = %q, want %q", width, got, want)
		}
	}
}

// What has ended is not drawn again below its line.
func TestDisplayEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var term terminal
		s := New(&bytes.Buffer{}, &term, Options{Terminal: true, Width: 60})
		s.Sink().Send(event.Event{Kind: event.FetchStart, Module: "example.com/m"})
		s.Sink().Send(event.Event{Kind: event.FetchDone, Module: "example.com/m"})
		s.Sink().Send(event.Event{Kind: event.CompileStart, Target: "linux/amd64", Total: 9})
		compareText(t, "compiling", term.String(), "fetched 1 repository [0s]\n")
		s.Sink().Send(event.Event{Kind: event.LinkStart, Target: "linux/amd64"})
		compareText(t, "linking", term.String(), "fetched 1 repository [0s]\ncompiled linux/amd64 [0s]\n[0s] linking linux/amd64\n")
		s.Sink().Send(event.Event{Kind: event.CompileDone, Target: "linux/amd64"})
		compareText(t, "linked", term.String(), "fetched 1 repository [0s]\ncompiled linux/amd64 [0s]\nlinked linux/amd64 [0s]\n")
		s.Close()
	})
}

// In a narrow window the count and the package stay.
func TestDisplayNarrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := terminal{width: 40}
		s := New(&bytes.Buffer{}, &term, Options{Terminal: true, Width: 40})
		s.Sink().Send(event.Event{Kind: event.FetchStart, Module: "github.com/acme/lib"})
		s.Sink().Send(event.Event{Kind: event.FetchBytes, Module: "github.com/acme/lib", Bytes: 1_500_000})
		time.Sleep(time.Second)
		synctest.Wait()
		compareText(t, "fetching", term.String(), "[1s] 0 fetched, 1 to go: lib\n")
		s.Sink().Send(event.Event{Kind: event.FetchDone, Module: "github.com/acme/lib"})
		s.Sink().Send(event.Event{Kind: event.CompileStart, Target: "linux/amd64", Total: 312})
		s.Sink().Send(event.Event{Kind: event.CompilePackage, Target: "linux/amd64", Package: "github.com/acme/lib/servers", Done: 78})
		time.Sleep(time.Second)
		synctest.Wait()
		compareText(t, "compiling", term.String(), "fetched 1 repository, 1.5 MB [1s]\n 25% [1s] 78 of 312: githu...ib/servers\n")
		s.Close()
	})
}

func up(rows int) string { return "\r\x1b[K" + strings.Repeat("\x1b[A\x1b[K", rows) }

// A line takes as many rows as a window has made of it by now.
func TestErase(t *testing.T) {
	for _, tt := range []struct {
		lines []int
		width int
		want  string
	}{
		{nil, 80, ""},
		{[]int{79, 30}, 80, up(2)},
		{[]int{79, 0, 40}, 40, up(4)},
		{[]int{41}, 40, up(2)},
	} {
		if got := erase(tt.lines, tt.width); got != tt.want {
			t.Errorf("erase(%v, %d) = %q, want %q", tt.lines, tt.width, got, tt.want)
		}
	}
}

// terminal is as much of one as the display needs. It is safe for concurrent
// use, as a file is.
type terminal struct {
	width int // 0 is endless

	mu          sync.Mutex
	lines       [][]byte
	row, column int
}

// colorCode matches an escape sequence that sets colours or weights.
var colorCode = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := colorCode.ReplaceAllString(string(p), "")
	for rest != "" {
		for len(t.lines) <= t.row {
			t.lines = append(t.lines, nil)
		}
		n := 1
		switch {
		case strings.HasPrefix(rest, "\x1b[A"):
			n, t.row = 3, max(0, t.row-1)
		case strings.HasPrefix(rest, "\x1b[K"):
			n, t.lines[t.row] = 3, t.lines[t.row][:min(t.column, len(t.lines[t.row]))]
		case rest[0] == '\r':
			t.column = 0
		case rest[0] == '\n':
			t.row, t.column = t.row+1, 0
		case rest[0] < ' ' || rest[0] > '~':
			return 0, errors.New("the terminal does not know " + strconv.Quote(rest))
		case t.width > 0 && t.column == t.width:
			n, t.row, t.column = 0, t.row+1, 0
		default:
			if t.column == len(t.lines[t.row]) {
				t.lines[t.row] = append(t.lines[t.row], ' ')
			}
			t.lines[t.row][t.column] = rest[0]
			t.column++
		}
		rest = rest[n:]
	}
	return len(p), nil
}

// String returns what is shown.
func (t *terminal) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	shown := string(bytes.Join(t.lines, []byte("\n")))
	if shown = strings.TrimRight(shown, "\n"); shown == "" {
		return ""
	}
	return shown + "\n"
}
