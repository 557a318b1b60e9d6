package openssh

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/run"
)

// ProxyCommand expands ProxyCommand for a shell. The host's name comes from a
// URL, and may not say anything to the shell.
func (h Host) ProxyCommand() (string, error) {
	refuse := func(reason string) (string, error) {
		return "", &ProxyCommandError{Line: h.Proxy.String(), Err: errors.New(reason)}
	}
	if runtime.GOOS == "windows" {
		return refuse("needs a POSIX shell, which Windows does not have")
	}
	for _, value := range []string{h.Alias, h.Name, h.User, h.Port} {
		for _, r := range value {
			if !strings.ContainsRune("._-:@%+", r) && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a') {
				return refuse(fmt.Sprintf("%q may not be put into a command", value))
			}
		}
	}
	return strings.NewReplacer("%%", "%", "%h", h.Name, "%n", h.Alias, "%p", h.Port, "%r", h.User).Replace(h.Proxy.rest), nil
}

// ProxyCommandError is a program of ssh_config that has made no connection.
type ProxyCommandError struct {
	Line string // FILE:LINE: ProxyCommand
	Err  error
}

// Error implements error: the place, how the program ended, and what it said.
func (e *ProxyCommandError) Error() string {
	if r, ok := errors.AsType[*run.Error](e.Err); ok {
		s := fmt.Sprintf("%s: %v", e.Line, r.Err)
		if said := brief.FirstLine(r.Stderr); said != "" {
			s += ": " + said
		}
		return s
	}
	return fmt.Sprintf("%s: %v", e.Line, e.Err)
}

// Unwrap returns the reason.
func (e *ProxyCommandError) Unwrap() error { return e.Err }

// ErrProxyEnded is a program that has ended by itself.
var ErrProxyEnded = errors.New("the program has ended")

// Passing reports whether the program ran and found no connection. A shell says
// with 126 and 127 that it could not run it.
func (e *ProxyCommandError) Passing() bool {
	exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](e.Err)
	return errors.Is(e.Err, ErrProxyEnded) || ok && exit.ExitCode() != 126 && exit.ExitCode() != 127
}
