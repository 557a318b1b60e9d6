//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

func ownProcessGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a process, and where all is set those that it has started, but
// for a go command that compiles, which is in a group of its own.
func killGroup(p *os.Process, all bool) error {
	if !all {
		return p.Kill()
	}
	return syscall.Kill(-p.Pid, syscall.SIGKILL)
}
