// Package run starts other programs: the go command, the built binary, git's
// credential helpers. It is the only importer of os/exec.
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
	// Stdout and Stderr receive the output as it comes; where nil it is kept
	// for the caller (Stdout) and for the Error (Stderr).
	Stdout, Stderr io.Writer
	// Group has the programs that this one starts interrupted, and killed, with
	// it, where the system has process groups. It can ask nothing on the terminal
	// then.
	Group bool
	// Why is shown beside the command with -x.
	Why string
	// Grace is how long the program has between the interrupt and the kill; 0
	// means 5 s.
	Grace time.Duration
}

// Error is a program that ran and failed, or could not be started.
type Error struct {
	Path   string
	Args   []string
	Stderr string // what it said, unless Cmd.Stderr took it
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
// if it is still there after a grace period; the error then wraps ctx's.
func Run(ctx context.Context, sink event.Sink, c Cmd) ([]byte, error) {
	sink.Send(event.Event{Kind: event.Command, Dir: c.Dir, Env: c.Show, Argv: append([]string{c.Path}, c.Args...), Why: c.Why})
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir = c.Dir
	cmd.Env = append([]string{}, c.Env...) // not nil, which means the caller's
	if c.Dir != "" {
		// The go command and shells trust PWD over getwd.
		cmd.Env = append(cmd.Env, "PWD="+c.Dir)
	}
	cmd.Stdin = c.Stdin
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if cmd.Stdout == nil {
		cmd.Stdout = &stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	if c.Group {
		ownGroup(cmd)
		cmd.Cancel = func() error { return interruptGroup(cmd.Process) }
	}
	cmd.WaitDelay = cmp.Or(c.Grace, defaultGrace)
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if ctx.Err() != nil {
		if c.Group && cmd.Process != nil {
			kill(cmd.Process) // what has not listened
		}
		err = context.Cause(ctx)
	}
	return stdout.Bytes(), &Error{Path: c.Path, Args: c.Args, Stderr: stderr.String(), Err: err}
}

// interrupt asks p to end. Windows cannot send an interrupt to one process.
func interrupt(p *os.Process) error {
	if err := p.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return p.Kill()
	}
	return nil
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
