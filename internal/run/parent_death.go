//go:build linux || freebsd

package run

import "syscall"

// endWithParent has the system kill the program when the thread that started it
// ends.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
