package gitconn

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// brokenConnection is what the system says of a connection that is not there,
// or no longer. Windows' sockets have numbers of their own, which are not those
// of syscall.ECONNREFUSED and its like.
var brokenConnection = []syscall.Errno{
	windows.WSAECONNREFUSED, windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA,
	windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAETIMEDOUT,
	windows.ERROR_NETNAME_DELETED, windows.ERROR_CONNECTION_REFUSED, windows.ERROR_CONNECTION_ABORTED,
}
