package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/testkit"
)

// shell is a command for sh, which must be there.
func shell(t *testing.T, script string) Cmd {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	return Cmd{Path: sh, Args: []string{"-c", script}}
}

func TestOutput(t *testing.T) {
	out, err := Run(t.Context(), nil, shell(t, "echo out; echo err >&2"))
	if err != nil || string(out) != "out\n" {
		t.Errorf("%q, %v; want what it wrote to standard output", out, err)
	}
	var stdout, stderr bytes.Buffer
	c := shell(t, "cat; echo err >&2")
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader("in"), &stdout, &stderr
	out, err = Run(t.Context(), nil, c)
	if err != nil || len(out) != 0 || stdout.String() != "in" || stderr.String() != "err\n" {
		t.Errorf("%q, %v; written %q and %q", out, err, &stdout, &stderr)
	}
}

func TestError(t *testing.T) {
	dir := t.TempDir()
	sh := shell(t, "").Path
	for _, tt := range []struct {
		name string
		c    Cmd
		want string
	}{
		{"a status", Cmd{Path: sh, Args: []string{"-c", "echo out; exit 3"}}, "sh: exit status 3"},
		{"all it said", Cmd{Path: sh, Args: []string{"-c", "echo one >&2; echo two >&2; echo >&2; exit 1"}}, "sh: exit status 1\none\ntwo"},
		{"a signal", Cmd{Path: sh, Args: []string{"-c", "kill -9 $$"}}, "sh: signal: killed"},
		{"what another took", Cmd{Path: sh, Args: []string{"-c", "echo one >&2; exit 1"}, Stderr: new(bytes.Buffer)}, "sh: exit status 1"},
		{"a subcommand", Cmd{Path: filepath.Join(dir, "go"), Args: []string{"list", "-deps", "./app"}}, "go list: fork/exec " + dir + "/go: no such file or directory"},
		{"no arguments", Cmd{Path: filepath.Join(dir, "go")}, "go: fork/exec " + dir + "/go: no such file or directory"},
		{"no directory", Cmd{Path: sh, Args: []string{"-c", "true"}, Dir: dir + "/none"}, "sh: chdir " + dir + "/none: no such file or directory"},
	} {
		_, err := Run(t.Context(), nil, tt.c)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n%v\nwant:\n%s", tt.name, err, tt.want)
		}
		var e *Error
		if !errors.As(err, &e) || e.Path != tt.c.Path || errors.Unwrap(err) == nil {
			t.Errorf("%s: %#v", tt.name, err)
		}
	}
	_, err := Run(t.Context(), nil, shell(t, "exit 3"))
	var status *exec.ExitError
	if !errors.As(err, &status) || status.ExitCode() != 3 {
		t.Errorf("the status of %v cannot be told", err)
	}
}

// TestEnv has a program get what Env holds, and of the caller's nothing.
func TestEnv(t *testing.T) {
	testkit.NeedsLinks(t)
	t.Setenv("VXLITE_TEST_SECRET", "s3cret")
	const print = `echo "[$VXLITE_TEST_SECRET] [$A] [$PWD]"`
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		dir  string
		env  []string
		want string
	}{
		{"nothing", "", nil, "[] [] [" + here + "]\n"},
		{"nothing, in a directory", dir, nil, "[] [] [" + dir + "]\n"},
		{"something", "", []string{"A=b"}, "[] [b] [" + here + "]\n"},
		{"something, in a directory", dir, []string{"A=b", "PWD=/elsewhere"}, "[] [b] [" + dir + "]\n"},
		{"a directory by a link", link, nil, "[] [] [" + link + "]\n"},
	} {
		c := shell(t, print)
		c.Dir, c.Env = tt.dir, tt.env
		out, err := Run(t.Context(), nil, c)
		if err != nil || string(out) != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, out, err, tt.want)
		}
	}
	shared := make([]string, 1, 8)
	shared[0] = "A=b"
	c := shell(t, "true")
	c.Dir, c.Env = dir, shared
	if _, err := Run(t.Context(), nil, c); err != nil {
		t.Fatal(err)
	}
	if extra := shared[:2][1]; extra != "" {
		t.Errorf("the caller's list has got %q", extra)
	}
}

// TestShown has what -x shows: of the environment only what it is told to.
func TestShown(t *testing.T) {
	var shown []event.Event
	c := shell(t, "true")
	c.Dir, c.Env, c.Show, c.Why = t.TempDir(), []string{"TOKEN=s3cret", "GOOS=linux"}, []string{"GOOS=linux"}, "to see"
	c.Stdin = strings.NewReader("s3cret")
	if _, err := Run(t.Context(), func(e event.Event) { shown = append(shown, e) }, c); err != nil {
		t.Fatal(err)
	}
	want := event.Event{Kind: event.Command, Dir: c.Dir, Env: c.Show, Argv: append([]string{c.Path}, c.Args...), Why: "to see"}
	if len(shown) != 1 || fmt.Sprint(shown[0]) != fmt.Sprint(want) {
		t.Errorf("shown %+v, want %+v", shown, want)
	}
	if strings.Contains(fmt.Sprint(shown), "s3cret") {
		t.Errorf("shown %+v", shown)
	}
}

// started waits for the program to say that it is there, and cancels then.
type started struct{ cancel func() }

func (s started) Write(p []byte) (int, error) { s.cancel(); return len(p), nil }

// TestInterrupt has a program that ends in good order when it is asked to.
func TestInterrupt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cleaned")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user had enough")
	c := shell(t, fmt.Sprintf("trap 'echo tidy >&2; echo >%s; exit 0' INT; echo ready; while :; do sleep 0.05; done", file))
	c.Stdout = started{func() { cancel(cause) }}
	start := time.Now()
	_, err := Run(ctx, nil, c)
	if !errors.Is(err, cause) || err.Error() != "sh: the user had enough\ntidy" {
		t.Errorf("error %v, want %v", err, cause)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("it could not tidy up: %v", err)
	}
	if d := time.Since(start); d > defaultGrace {
		t.Errorf("it took %v", d)
	}
}

// TestKill has a program that will not listen.
func TestKill(t *testing.T) {
	t.Parallel()
	const grace = 300 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	c := shell(t, `trap "" INT; echo ready; exec sleep 60`)
	c.Grace = grace
	c.Stdout = started{cancel}
	start := time.Now()
	_, err := Run(ctx, nil, c)
	if !errors.Is(err, context.Canceled) || err.Error() != "sh: context canceled" {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if d := time.Since(start); d < grace || d >= defaultGrace {
		t.Errorf("it took %v, want %v or a little more", d, grace)
	}
}

// TestGroup ends what the program has started, whether that listens or not: a
// pipe is at its end when nobody has it any more.
func TestGroup(t *testing.T) {
	testkit.NeedsUnix(t, "process groups")
	for name, script := range map[string]string{
		"a child that ends when it is asked": `echo ready; sleep 60; true`,
		"a child that will not listen":       `sh -c 'trap "" INT; echo ready; sleep 60; true'; true`,
		"none of them listens":               `trap "" INT; echo ready; sleep 60; true`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				_, _ = r.Read(make([]byte, 16)) // that it is ready
				cancel()
			}()
			c := shell(t, script)
			c.Env = []string{"PATH=" + os.Getenv("PATH")}
			c.Stdout, c.Grace = w, 300*time.Millisecond
			if _, err := Run(ctx, nil, c); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
			w.Close()
			if err := r.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(r); err != nil {
				t.Errorf("a child is there still: %v", err)
			}
		})
	}
}

// TestCancelledBefore starts nothing.
func TestCancelledBefore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, nil, shell(t, "echo >"+file))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it was run")
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/go": 0o755, "b/go": 0o644, "c/go": 0o755, "win/go.exe": 0o644} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "d", "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "a", "go"), filepath.Join(dir, "link")); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	t.Chdir(dir)
	abs := func(names ...string) string {
		for i, n := range names {
			if n != "" && n != "." && !strings.HasPrefix(n, "rel:") {
				names[i] = filepath.Join(dir, n)
			}
			names[i] = strings.TrimPrefix(names[i], "rel:")
		}
		return strings.Join(names, string(filepath.ListSeparator))
	}
	for _, tt := range []struct {
		name, path, goos string
		want             string
	}{
		{"go", abs("a", "c"), "linux", abs("a/go")},
		{"go", abs("b", "c"), "linux", abs("c/go")}, // the first cannot be run
		{"go", abs("d", "a"), "linux", abs("a/go")}, // the first is a directory
		{"go", abs("none", "a"), "linux", abs("a/go")},
		{"link", dir, "linux", abs("link")},
		{"go", abs("rel:a", ".", "", "rel:./c"), "linux", ""}, // relative entries would run what a repository brings
		{"go", "", "linux", ""},
		{"vim", abs("a"), "linux", ""},
		{"go", abs("win"), "linux", ""},
		{"go", abs("win"), "windows", abs("win/go.exe")},
		{"go", abs("a", "win"), "windows", abs("win/go.exe")}, // the first is no program there
	} {
		if runtime.GOOS == "windows" && tt.goos != "windows" {
			continue // there are no modes
		}
		if got := lookPath(tt.name, tt.path, tt.goos); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.name, tt.path, got, tt.want)
		}
	}
}
