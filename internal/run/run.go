// Package run starts other programs: the go command, the built binary, git's
// credential helpers. It is the only importer of os/exec.
//
// A program is in a process group of its own, or on Windows in a job. What it
// has started ends with it, and it ends with this process, however that ends:
// on Linux, FreeBSD and Windows the system sees to that. Such an end reaches what
// the program has started by the job alone; on Linux a compiler goes on to the
// end of its one package.
package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/event"
)

// defaultGrace is how long a program has between the interrupt and the kill.
// The go command needs a moment to remove its temporary directories.
const defaultGrace = 5 * time.Second

// maxOutput bounds the standard output that is returned as a whole. What the go
// command lists of a thousand plugins is a tenth of it.
const maxOutput = 128 << 20

// Cmd is one program to run. Nothing of the caller's environment is passed on
// but what Env holds.
type Cmd struct {
	// Path is an absolute file name.
	Path string
	Args []string // without the program's own name
	Dir  string
	// Env holds KEY=VALUE strings, complete.
	Env []string
	// Show holds those of Env that a person repeating the command by hand
	// would have to set; only they are shown, so Env may hold what Show may not.
	Show  []string
	Stdin io.Reader
	// Stdout and Stderr receive the output as it comes. Where Stdout is nil, the
	// output is returned to the caller, and more than 128 MB of it is an error;
	// where Stderr is nil, the Error has an [Excerpt] of it.
	Stdout, Stderr io.Writer
	// Why is shown beside the command with -x.
	Why string
	// Grace is how long the program has between the interrupt and the kill; 0
	// means 5 s.
	Grace time.Duration
	// Timeout kills the program, with what it has started, when it takes longer;
	// 0 means that it may take as long as it likes. [Run] alone heeds it.
	Timeout time.Duration
}

// Error is a program that ran and failed, or could not be started.
type Error struct {
	Path   string
	Args   []string
	Stderr string // what it said, or an excerpt, unless Cmd.Stderr took it
	Err    error
}

// Error implements error: which command, how it ended, and below it all that
// it said. The whole command line is what -x is for.
func (e *Error) Error() string {
	name := strings.TrimSuffix(filepath.Base(e.Path), ".exe")
	if len(e.Args) > 0 && !strings.HasPrefix(e.Args[0], "-") {
		name += " " + e.Args[0]
	}
	s := fmt.Sprintf("%s: %v", name, e.Err)
	if out := strings.TrimRight(e.Stderr, "\n"); out != "" {
		s += "\n" + out
	}
	return s
}

// Unwrap returns what os/exec said, or the context's error.
func (e *Error) Unwrap() error { return e.Err }

// Run runs c to its end and returns what it wrote to standard output, unless
// c.Stdout took that. When ctx ends, the program is interrupted, and killed
// if it is still there after a grace period; the error then wraps ctx's. What it
// has started is killed when it has ended.
func Run(ctx context.Context, sink event.Sink, c Cmd) ([]byte, error) {
	sink.Send(event.Event{Kind: event.Command, Dir: c.Dir, Env: c.Show, Argv: append([]string{c.Path}, c.Args...), Why: c.Why})
	var stdout whole
	var stderr Excerpt
	if c.Stdout == nil {
		c.Stdout = &stdout
	}
	if c.Stderr == nil {
		c.Stderr = &stderr
	}
	if err := run(ctx, c); err != nil {
		return stdout.data.Bytes(), &Error{Path: c.Path, Args: c.Args, Stderr: stderr.String(), Err: err}
	}
	return stdout.data.Bytes(), nil
}

func run(ctx context.Context, c Cmd) error {
	late := fmt.Errorf("no answer within %v", c.Timeout)
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, late)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append([]string{}, c.Env...) // not nil, which means the caller's
	if c.Dir != "" {
		if _, err := os.Stat(c.Dir); err != nil { // else the program would be blamed
			return &os.PathError{Op: "chdir", Path: c.Dir, Err: errors.Unwrap(err)}
		}
		// The go command and shells trust PWD over getwd.
		cmd.Env = append(cmd.Env, "PWD="+c.Dir)
	}
	cmd.Stdin = c.Stdin
	cmd.WaitDelay = cmp.Or(c.Grace, defaultGrace)
	g := newGroup(cmd, false)
	defer g.close()
	cmd.Cancel = func() error {
		if context.Cause(ctx) == late {
			g.kill()
			return nil
		}
		return g.interrupt()
	}
	stdout, err := pipe(&cmd.Stdout, c.Stdout)
	if err != nil {
		return err
	}
	stderr, err := pipe(&cmd.Stderr, c.Stderr)
	if err != nil {
		_ = stdout.finish()
		return err
	}

	runtime.LockOSThread() // what Linux does at the parent's death, it does at that of the thread
	defer runtime.UnlockOSThread()
	if err = cmd.Start(); err == nil {
		g.started()
		stdout.begin()
		stderr.begin()
		err = cmd.Wait()
		g.kill()
	}
	// Only what has left the group can have the pipes now.
	refused := errors.Join(stdout.finish(), stderr.finish())
	switch {
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	case refused != nil: // the program only learned that nobody listens
		return refused
	}
	return err
}

// whole keeps all that is written to it, up to maxOutput.
type whole struct{ data bytes.Buffer }

func (w *whole) Write(p []byte) (int, error) {
	if w.data.Len()+len(p) > maxOutput {
		return 0, fmt.Errorf("more than %d MB of output", maxOutput>>20)
	}
	return w.data.Write(p)
}

// LookPath finds a program in the directories of pathList, a PATH value. The
// empty string means that there is none.
func LookPath(name, pathList string) string { return lookPath(name, pathList, runtime.GOOS) }

func lookPath(name, pathList, goos string) string {
	windows := goos == "windows"
	if windows {
		name += ".exe" // a script of that name could not be run
	}
	for _, dir := range filepath.SplitList(pathList) {
		if !filepath.IsAbs(dir) {
			continue // a relative PATH entry would run what a repository brings
		}
		p := filepath.Join(dir, name)
		if fi, err := os.Stat(p); err == nil && fi.Mode().IsRegular() && (fi.Mode()&0o111 != 0 || windows) {
			return p
		}
	}
	return ""
}
