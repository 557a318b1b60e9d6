package screen

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/vxlite/vxlite/internal/build"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/workspace"
)

// someBuild is what a build with two modules, a local plugin and one target
// sends.
func someBuild() []event.Event {
	const (
		rr  = "github.com/roadrunner-server/roadrunner/v2025"
		lib = "github.com/acme/lib"
	)
	return []event.Event{
		{Kind: event.FetchStart, Module: rr, Ref: "v2025.1.15"},
		{Kind: event.FetchStart, Module: lib, Ref: "main"},
		{Kind: event.FetchBytes, Module: rr, Bytes: 512},
		{Kind: event.FetchDone, Module: lib, Ref: "main", Commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", URL: "ssh://git@git.corp/acme/lib.git", Bytes: 2048},
		{Kind: event.FetchDone, Module: rr, Ref: "v2025.1.15", Commit: "ffeeddccbbaa99887766554433221100ffeeddcc", URL: "https://github.com/roadrunner-server/roadrunner", Bytes: 1500000},
		{Kind: event.Note, Text: "velox.lock: the entry of lib does not fit velox.toml any more"},
		{Kind: event.Debug, Text: "go1.26.8 at /usr/local/go"},
		{Kind: event.Command, Dir: "/tmp/a workspace", Env: []string{"GOOS=linux", "GOFLAGS=", "GOWORK=/tmp/a workspace/go.work"}, Argv: []string{"go", "build", "-ldflags=-s -w", "./app"}, Why: "compile linux/amd64"},
		{Kind: event.CompileStart, Target: "linux/amd64", Total: 312},
		{Kind: event.CompilePackage, Target: "linux/amd64", Package: "github.com/acme/lib/kv", Done: 1},
		{Kind: event.CompilePackage, Target: "linux/amd64", Package: "github.com/acme/lib", Done: 2},
		{Kind: event.CompileDone, Target: "linux/amd64"},
	}
}

// showSome shows what the build made.
func showSome(s *Screen) {
	r := someResult()
	s.Done(r, func(color bool) string { return BuildText(r, true, color) })
}

func someResult() *build.Result {
	return &build.Result{
		Modules: []workspace.Row{
			{Name: "roadrunner", Path: "github.com/roadrunner-server/roadrunner/v2025", Version: "v2025.1.15", Commit: "ffeeddccbbaa99887766554433221100ffeeddcc", From: "https://github.com/roadrunner-server/roadrunner"},
			{Name: "mine", Path: "git.corp/team/mine", Version: "v0.0.0", From: "../mine", Local: true},
			{Path: "github.com/acme/lib", Version: "v0.0.0-20250102030405-1a2b3c4d5e6f", Commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", From: "ssh://git@git.corp/acme/lib.git"},
		},
		Binaries: []build.Binary{
			{Target: "linux/amd64", Path: "out/rr", Size: 103_400_000, SHA256: strings.Repeat("0123456789abcdef", 4)},
		},
	}
}

const someTable = `PLUGIN               VERSION                             COMMIT        FROM
roadrunner           v2025.1.15                          ffeeddccbbaa  https://github.com/roadrunner-server/roadrunner
mine                 v0.0.0                              (local)       ../mine
github.com/acme/lib  v0.0.0-20250102030405-1a2b3c4d5e6f  1a2b3c4d5e6f  ssh://git@git.corp/acme/lib.git

out/rr  linux/amd64  103.4 MB  sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
`

const someJSONResult = `{"event":"done","result":{"modules":[` +
	`{"name":"roadrunner","module":"github.com/roadrunner-server/roadrunner/v2025","version":"v2025.1.15","commit":"ffeeddccbbaa99887766554433221100ffeeddcc","from":"https://github.com/roadrunner-server/roadrunner"},` +
	`{"name":"mine","module":"git.corp/team/mine","version":"v0.0.0","from":"../mine","local":true},` +
	`{"module":"github.com/acme/lib","version":"v0.0.0-20250102030405-1a2b3c4d5e6f","commit":"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d","from":"ssh://git@git.corp/acme/lib.git"}],` +
	`"binaries":[{"target":"linux/amd64","path":"out/rr","size":103400000,"sha256":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]}}
`

func TestScreen(t *testing.T) {
	tests := []struct {
		name           string
		opts           Options
		stdout, stderr string
	}{
		{
			name:   "plain",
			stdout: someTable,
			stderr: `fetched github.com/acme/lib main (1a2b3c4d5e6f) from ssh://git@git.corp/acme/lib.git
fetched github.com/roadrunner-server/roadrunner/v2025 v2025.1.15 (ffeeddccbbaa) from https://github.com/roadrunner-server/roadrunner
note: velox.lock: the entry of lib does not fit velox.toml any more
compiling linux/amd64 (312 packages)
compiled linux/amd64
`,
		},
		{
			name:   "verbose",
			opts:   Options{Verbose: true},
			stdout: someTable,
			stderr: `fetching github.com/roadrunner-server/roadrunner/v2025 v2025.1.15
fetching github.com/acme/lib main
fetched github.com/acme/lib main (1a2b3c4d5e6f) from ssh://git@git.corp/acme/lib.git
fetched github.com/roadrunner-server/roadrunner/v2025 v2025.1.15 (ffeeddccbbaa) from https://github.com/roadrunner-server/roadrunner
note: velox.lock: the entry of lib does not fit velox.toml any more
go1.26.8 at /usr/local/go
compiling linux/amd64 (312 packages)
linux/amd64: github.com/acme/lib/kv
linux/amd64: github.com/acme/lib
compiled linux/amd64
`,
		},
		{
			name:   "commands",
			opts:   Options{TraceCommands: true},
			stdout: someTable,
			stderr: `fetched github.com/acme/lib main (1a2b3c4d5e6f) from ssh://git@git.corp/acme/lib.git
fetched github.com/roadrunner-server/roadrunner/v2025 v2025.1.15 (ffeeddccbbaa) from https://github.com/roadrunner-server/roadrunner
note: velox.lock: the entry of lib does not fit velox.toml any more
cd '/tmp/a workspace' && GOOS=linux GOFLAGS= GOWORK='/tmp/a workspace/go.work' go build '-ldflags=-s -w' ./app  # compile linux/amd64
compiling linux/amd64 (312 packages)
compiled linux/amd64
`,
		},
		{
			name: "quiet",
			opts: Options{Quiet: true, Verbose: true, TraceCommands: true, Terminal: true},
		},
		{
			name:   "JSON",
			opts:   Options{JSON: true, Terminal: true, Color: true},
			stdout: someJSONResult,
			stderr: `{"event":"fetch-start","module":"github.com/roadrunner-server/roadrunner/v2025","ref":"v2025.1.15"}
{"event":"fetch-start","module":"github.com/acme/lib","ref":"main"}
{"event":"fetch-done","module":"github.com/acme/lib","ref":"main","commit":"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d","url":"ssh://git@git.corp/acme/lib.git","bytes":2048}
{"event":"fetch-done","module":"github.com/roadrunner-server/roadrunner/v2025","ref":"v2025.1.15","commit":"ffeeddccbbaa99887766554433221100ffeeddcc","url":"https://github.com/roadrunner-server/roadrunner","bytes":1500000}
{"event":"note","text":"velox.lock: the entry of lib does not fit velox.toml any more"}
{"event":"compile-start","target":"linux/amd64","total":312}
{"event":"compile-done","target":"linux/amd64"}
`,
		},
		{
			name:   "JSON with everything",
			opts:   Options{JSON: true, Verbose: true, TraceCommands: true},
			stdout: someJSONResult,
			stderr: `{"event":"fetch-start","module":"github.com/roadrunner-server/roadrunner/v2025","ref":"v2025.1.15"}
{"event":"fetch-start","module":"github.com/acme/lib","ref":"main"}
{"event":"fetch-bytes","module":"github.com/roadrunner-server/roadrunner/v2025","bytes":512}
{"event":"fetch-done","module":"github.com/acme/lib","ref":"main","commit":"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d","url":"ssh://git@git.corp/acme/lib.git","bytes":2048}
{"event":"fetch-done","module":"github.com/roadrunner-server/roadrunner/v2025","ref":"v2025.1.15","commit":"ffeeddccbbaa99887766554433221100ffeeddcc","url":"https://github.com/roadrunner-server/roadrunner","bytes":1500000}
{"event":"note","text":"velox.lock: the entry of lib does not fit velox.toml any more"}
{"event":"debug","text":"go1.26.8 at /usr/local/go"}
{"event":"command","dir":"/tmp/a workspace","env":["GOOS=linux","GOFLAGS=","GOWORK=/tmp/a workspace/go.work"],"argv":["go","build","-ldflags=-s -w","./app"],"why":"compile linux/amd64"}
{"event":"compile-start","target":"linux/amd64","total":312}
{"event":"compile-package","target":"linux/amd64","package":"github.com/acme/lib/kv","done":1}
{"event":"compile-package","target":"linux/amd64","package":"github.com/acme/lib","done":2}
{"event":"compile-done","target":"linux/amd64"}
`,
		},
		{
			name:   "quiet JSON",
			opts:   Options{JSON: true, Quiet: true, Verbose: true},
			stdout: someJSONResult,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			s := New(&stdout, &stderr, tt.opts)
			for _, e := range someBuild() {
				s.Sink().Send(e)
			}
			showSome(s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			compareText(t, "stdout", stdout.String(), tt.stdout)
			compareText(t, "stderr", stderr.String(), tt.stderr)
		})
	}
}

func TestScreenSparseEvents(t *testing.T) {
	tests := []struct {
		event event.Event
		want  string
	}{
		{event.Event{Kind: event.FetchDone, Module: "example.com/m"}, "fetched example.com/m\n"},
		{event.Event{Kind: event.FetchDone, Module: "example.com/m", Ref: "main", Commit: "abc"}, "fetched example.com/m main (abc)\n"},
		{event.Event{Kind: event.CompileStart, Target: "linux/arm64"}, "compiling linux/arm64\n"},
		{event.Event{Kind: event.CompileStart, Target: "linux/arm64", Total: 1}, "compiling linux/arm64 (1 package)\n"},
		{event.Event{Kind: event.Kind("not known yet")}, ""},
	}
	for _, tt := range tests {
		var stdout, stderr bytes.Buffer
		New(&stdout, &stderr, Options{}).Sink().Send(tt.event)
		compareText(t, "stdout", stdout.String(), "")
		compareText(t, "stderr", stderr.String(), tt.want)
	}
}

// What comes from a remote, a go.mod or a compiler may try to command the
// terminal.
func TestScreenStripsControls(t *testing.T) {
	const evil = "a\x1b]0;x\x07b\u202ec\rd"
	events := []event.Event{
		{Kind: event.FetchStart, Module: evil, Ref: evil},
		{Kind: event.FetchDone, Module: evil, Ref: evil, Commit: evil, URL: evil},
		{Kind: event.Note, Text: evil},
		{Kind: event.Debug, Text: evil},
		{Kind: event.Command, Dir: evil, Env: []string{"A=" + evil}, Argv: []string{evil}, Why: evil},
		{Kind: event.CompileStart, Target: evil},
		{Kind: event.CompilePackage, Target: evil, Package: evil, Done: 1},
		{Kind: event.CompileDone, Target: evil},
	}
	result := &build.Result{
		Modules:  []workspace.Row{{Name: evil, Path: evil, Version: evil, Commit: evil, From: evil}},
		Binaries: []build.Binary{{Target: evil, Path: evil, SHA256: evil}},
	}
	for _, json := range []bool{false, true} {
		var stdout, stderr bytes.Buffer
		s := New(&stdout, &stderr, Options{JSON: json, Verbose: true, TraceCommands: true})
		for _, e := range events {
			s.Sink().Send(e)
		}
		s.Done(result, func(color bool) string { return BuildText(result, true, color) })
		s.Report(errors.New(evil))
		for _, out := range []string{stdout.String(), stderr.String()} {
			if i := strings.IndexFunc(out, unprintable); i >= 0 {
				t.Errorf("JSON %v: unprintable %q in %q", json, out[i:i+1], out)
			}
			if strings.ContainsAny(out, "\a\r\x1b") {
				t.Errorf("JSON %v: control character in %q", json, out)
			}
		}
	}
}

func TestScreenColor(t *testing.T) {
	var stdout, stderr bytes.Buffer
	s := New(&stdout, &stderr, Options{Terminal: true, Width: 80})
	for _, e := range someBuild() {
		s.Sink().Send(e)
	}
	showSome(s)
	s.Report(errors.New("no such plugin"))
	s.Close()
	if strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("escape sequence on stdout: %q", stdout.String())
	}
	// The display moves the cursor, without colour too.
	if codes := colorCode.FindString(stderr.String()); codes != "" {
		t.Errorf("colour without leave: %q in %q", codes, stderr.String())
	}
}

func TestScreenConcurrent(t *testing.T) {
	for _, opts := range []Options{{}, {JSON: true}, {Terminal: true}, {Terminal: true, Verbose: true}} {
		t.Run(fmt.Sprintf("%+v", opts), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			s := New(&stdout, &stderr, opts)
			sink := s.Sink()
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					module := fmt.Sprintf("example.com/m%d", i)
					sink.Send(event.Event{Kind: event.FetchStart, Module: module})
					for n := range 50 {
						sink.Send(event.Event{Kind: event.FetchBytes, Module: module, Bytes: int64(n)})
					}
					sink.Send(event.Event{Kind: event.Note, Text: "a note on " + module})
					sink.Send(event.Event{Kind: event.FetchDone, Module: module})
				})
			}
			wg.Wait()
			// Some goroutine may lag behind the end.
			wg.Go(func() { sink.Send(event.Event{Kind: event.FetchStart, Module: "example.com/late"}) })
			s.Close()
			wg.Wait()

			for i := range 20 {
				if note := fmt.Sprintf("a note on example.com/m%d", i); !strings.Contains(stderr.String(), note) {
					t.Errorf("no %q in:\n%s", note, stderr.String())
				}
			}
		})
	}
}

func TestScreenReportsFailedWrite(t *testing.T) {
	var stderr bytes.Buffer
	s := New(brokenWriter{}, &stderr, Options{})
	showSome(s)
	err := s.Close()
	if !errors.Is(err, errBroken) {
		t.Fatalf("close: %v", err)
	}
	if status := s.Report(err); status != ExitFailed {
		t.Errorf("status %d", status)
	}
	compareText(t, "stderr", stderr.String(), "vxlite: writing the result: no space left\n")
}

var errBroken = errors.New("no space left")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func compareText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}
