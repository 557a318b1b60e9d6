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

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

func interruptGroup(p *os.Process) error {
	if err := syscall.Kill(-p.Pid, syscall.SIGINT); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

func kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

func status(err *exec.ExitError) int {
	if ws, ok := err.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return err.ExitCode()
}
