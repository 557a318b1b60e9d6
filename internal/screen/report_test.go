package screen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// hinted is an error as the packages below the command line have them.
type hinted struct {
	text   string
	hints  []string
	status int
	cause  error
}

func (e *hinted) Error() string   { return e.text }
func (e *hinted) Hints() []string { return e.hints }
func (e *hinted) ExitStatus() int { return e.status }
func (e *hinted) Unwrap() error   { return e.cause }

func TestReport(t *testing.T) {
	boom := errors.New("boom")
	login := &hinted{text: "no credential for git.corp", hints: []string{"set CORP_TOKEN", "see vxlite doctor"}, status: ExitFailed}
	usage := &hinted{text: "no velox.toml here", hints: []string{"see vxlite init"}, status: ExitUsage}

	tests := []struct {
		name   string
		err    error
		status int
		text   string
		json   string
	}{
		{name: "none"},
		{
			name:   "plain",
			err:    boom,
			status: ExitFailed,
			text:   "vxlite: boom\n",
			json:   `{"event":"error","text":"boom"}` + "\n",
		},
		{
			name:   "hints and status below others",
			err:    fmt.Errorf("build: %w", usage),
			status: ExitUsage,
			text:   "vxlite: build: no velox.toml here\nhint: see vxlite init\n",
			json:   `{"event":"error","text":"build: no velox.toml here","hints":["see vxlite init"]}` + "\n",
		},
		{
			name:   "hints of a chain, outermost first, each once",
			err:    &hinted{text: "fetching x", hints: []string{"use --offline", "set CORP_TOKEN"}, status: ExitCheck, cause: login},
			status: ExitCheck,
			text:   "vxlite: fetching x\nhint: use --offline\nhint: set CORP_TOKEN\nhint: see vxlite doctor\n",
			json:   `{"event":"error","text":"fetching x","hints":["use --offline","set CORP_TOKEN","see vxlite doctor"]}` + "\n",
		},
		{
			name:   "several problems of a file",
			err:    &hinted{text: "velox.toml:3:1: unknown key \"plugin\"\nvelox.toml:12:3: no ref", hints: []string{"did you mean plugins"}, status: ExitUsage},
			status: ExitUsage,
			text:   "vxlite: velox.toml:3:1: unknown key \"plugin\"\nvelox.toml:12:3: no ref\nhint: did you mean plugins\n",
			json:   `{"event":"error","text":"velox.toml:3:1: unknown key \"plugin\"\nvelox.toml:12:3: no ref","hints":["did you mean plugins"]}` + "\n",
		},
		{
			name:   "joined",
			err:    errors.Join(boom, fmt.Errorf("b: %w", login), nil, usage),
			status: ExitFailed,
			text:   "vxlite: boom\nvxlite: b: no credential for git.corp\nhint: set CORP_TOKEN\nhint: see vxlite doctor\nvxlite: no velox.toml here\nhint: see vxlite init\n",
			json:   `{"event":"error","text":"boom\nb: no credential for git.corp\nno velox.toml here","hints":["set CORP_TOKEN","see vxlite doctor","see vxlite init"]}` + "\n",
		},
		{
			name:   "output of the go command",
			err:    errors.New("go build: exit status 1\r\n# example.com/x\n\tx.go:3:1: undefined: \x1b[1my\x1b[0m\n\n"),
			status: ExitFailed,
			text:   "vxlite: go build: exit status 1\n# example.com/x\n\tx.go:3:1: undefined: y\n",
			json:   `{"event":"error","text":"go build: exit status 1\r\n# example.com/x\n\tx.go:3:1: undefined: \u001b[1my\u001b[0m"}` + "\n",
		},
		{
			name:   "interrupted",
			err:    &hinted{text: "fetching x", hints: []string{"try again"}, status: ExitCheck, cause: context.Canceled},
			status: ExitInterrupted,
			text:   "vxlite: interrupted\n",
			json:   `{"event":"error","text":"interrupted"}` + "\n",
		},
		{
			name:   "interrupted, with another cause",
			err:    fmt.Errorf("fetching x: %w: %w", boom, context.Canceled),
			status: ExitInterrupted,
			text:   "vxlite: interrupted\n",
			json:   `{"event":"error","text":"interrupted"}` + "\n",
		},
		{
			name:   "all interrupted",
			err:    errors.Join(context.Canceled, fmt.Errorf("x: %w", context.Canceled)),
			status: ExitInterrupted,
			text:   "vxlite: interrupted\n",
			json:   `{"event":"error","text":"interrupted"}` + "\n",
		},
		{
			name:   "one failed and the others were cancelled for it",
			err:    fmt.Errorf("build: %w", errors.Join(fmt.Errorf("x: %w", context.Canceled), boom)),
			status: ExitFailed,
			text:   "vxlite: build: x: context canceled\nboom\n",
			json:   `{"event":"error","text":"build: x: context canceled\nboom"}` + "\n",
		},
		{
			name:   "a status of success",
			err:    &hinted{text: "odd"},
			status: ExitFailed,
			text:   "vxlite: odd\n",
			json:   `{"event":"error","text":"odd"}` + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, form := range []struct {
				opts Options
				want string
			}{
				{Options{}, tt.text},
				{Options{Quiet: true}, tt.text},
				{Options{Terminal: true}, strings.Replace(tt.text, "vxlite: interrupted\n", "\r\x1b[Kvxlite: interrupted\n", 1)}, // over the ^C
				{Options{JSON: true}, tt.json},
				{Options{JSON: true, Quiet: true}, tt.json},
			} {
				var stdout, stderr bytes.Buffer
				s := New(&stdout, &stderr, form.opts)
				if status := s.Report(tt.err); status != tt.status {
					t.Errorf("%+v: status %d, want %d", form.opts, status, tt.status)
				}
				compareText(t, "stdout", stdout.String(), "")
				compareText(t, "stderr", stderr.String(), form.want)
			}
		})
	}
}

// TestReportForged has an error with lines in it that look like vxlite's own.
func TestReportForged(t *testing.T) {
	var out strings.Builder
	s := New(io.Discard, &out, Options{})
	s.Report(errors.New("it does not compile\nx.go:1: no\nhint: run this\r\x1b[1mvxlite: built rr"))
	const want = "vxlite: it does not compile\nx.go:1: no\n  hint: run this\n  vxlite: built rr\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestReportMany has more findings than anybody reads.
func TestReportMany(t *testing.T) {
	var all []error
	for i := range 3000 {
		all = append(all, fmt.Errorf("the proxy has no corp.example/m%04d", i))
	}
	for verbose, want := range map[bool]int{false: 12, true: 3000} {
		var out strings.Builder
		New(io.Discard, &out, Options{Verbose: verbose}).Report(errors.Join(all...))
		if n := strings.Count(out.String(), "\n"); n != want {
			t.Errorf("%d lines, want %d", n, want)
		}
		if more := strings.Contains(out.String(), "and 2,990 more like these\nhint: -v shows all of them\n"); more == verbose {
			t.Errorf("verbose %v:\n%.2000s", verbose, out.String())
		}
	}
}
