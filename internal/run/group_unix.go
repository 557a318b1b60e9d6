//go:build unix

package run

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// Become replaces this program by another, which keeps the process id, the
// terminal and the signals. It returns only where that fails.
func Become(path string, args, env []string) error {
	err := syscall.Exec(path, append([]string{path}, args...), env)
	return &Error{Path: path, Args: args, Err: err}
}

// CanBecome says that Become works on this system.
const CanBecome = true

// group is a program with what it starts: its process group.
type group struct{ cmd *exec.Cmd }

// newGroup has cmd start in a group of its own. Without the terminal it is in a
// session of its own, too: a question on the terminal would stop it for good, and
// there it fails.
func newGroup(cmd *exec.Cmd, terminal bool) *group {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: terminal, Setsid: !terminal}
	endWithParent(cmd.SysProcAttr)
	return &group{cmd: cmd}
}

func (*group) started() {}

func (*group) close() {}

// terminate asks the program alone: it has its own way to end what it started.
func (g *group) terminate() { _ = g.cmd.Process.Signal(syscall.SIGTERM) }

// interrupt asks all of them.
func (g *group) interrupt() error {
	if err := syscall.Kill(-g.cmd.Process.Pid, syscall.SIGINT); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

// kill ends all of them. The group has its number for as long as one of them is
// there, and right after the last one, before numbers begin anew, nobody has.
func (g *group) kill() { _ = syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL) }

func status(err *exec.ExitError) int {
	if ws, ok := err.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return err.ExitCode()
}
