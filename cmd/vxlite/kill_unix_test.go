//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

func ownProcessGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a process, and those that it has started where all is set.
func killGroup(p *os.Process, all bool) error {
	if !all {
		return p.Kill()
	}
	return syscall.Kill(-p.Pid, syscall.SIGKILL)
}
