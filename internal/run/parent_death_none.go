//go:build unix && !linux && !freebsd

package run

import "syscall"

// endWithParent does nothing: the system knows no such signal.
func endWithParent(*syscall.SysProcAttr) {}
