//go:build !unix

package run

import (
	"errors"
	"os"
	"os/exec"
)

// Become works on systems alone that can replace a running program.
func Become(path string, args, _ []string) error {
	return &Error{Path: path, Args: args, Err: errors.ErrUnsupported}
}

// CanBecome says that Become works on this system.
const CanBecome = false

func ownGroup(*exec.Cmd) {}

// terminate cannot ask: Windows sends an interrupt to a whole console only,
// which has reached the program already where the user pressed Ctrl-C.
func terminate(p *os.Process) { _ = p.Kill() }

func interruptGroup(p *os.Process) error { return interrupt(p) }

func kill(p *os.Process) { _ = p.Kill() }

func status(err *exec.ExitError) int { return err.ExitCode() }
