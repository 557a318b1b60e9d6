//go:build !windows

package gitconn

import "syscall"

// brokenConnection is what the system says of a connection that is not there,
// or no longer.
var brokenConnection = []syscall.Errno{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE,
	syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT,
}
