package gitconn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/run"
)

// proxyConn is a connection through a program's standard input and output.
type proxyConn struct {
	in, out *os.File
	stop    context.CancelFunc
	ended   chan struct{} // closed when err is set
	err     error         // why the program has ended by itself
}

// proxyEnv are the variables that ProxyCommand's program gets.
var proxyEnv = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"}

// dialProxy starts ProxyCommand's program, which lives as long as the
// connection.
func (p *sshPool) dialProxy(ctx context.Context, h sshHost) (net.Conn, error) {
	command, err := h.proxyCommand()
	if err != nil {
		return nil, err
	}
	c := &proxyConn{ended: make(chan struct{})}
	var theirIn, theirOut *os.File
	if theirIn, c.in, err = os.Pipe(); err != nil {
		return nil, err
	}
	if c.out, theirOut, err = os.Pipe(); err != nil {
		theirIn.Close()
		c.in.Close()
		return nil, err
	}
	var env []string
	for _, name := range proxyEnv {
		if v, ok := p.env(name); ok {
			env = append(env, name+"="+v)
		}
	}
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		const grace = time.Second
		_, err := run.Run(ctx, p.sink, run.Cmd{Path: "/bin/sh", Args: []string{"-c", "exec " + command}, Env: env,
			Stdin: theirIn, Stdout: theirOut, Grace: grace, Why: "ProxyCommand of ssh_config, for " + h.alias})
		if ctx.Err() == nil {
			c.err = cmp.Or(err, errProxyEnded)
		}
		theirIn.Close()
		theirOut.Close()
		close(c.ended)
	}()
	return c, nil
}

// proxyCommand expands ProxyCommand for a shell. The host's name comes from a
// URL, and may not say anything to the shell.
func (h sshHost) proxyCommand() (string, error) {
	refuse := func(reason string) (string, error) {
		return "", &ProxyCommandError{Line: h.proxy.String(), Err: errors.New(reason)}
	}
	if runtime.GOOS == "windows" {
		return refuse("needs a POSIX shell, which Windows does not have")
	}
	for _, value := range []string{h.alias, h.name, h.user, h.port} {
		for _, r := range value {
			if !strings.ContainsRune("._-:@%+", r) && (r > 'z' || r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a') {
				return refuse(fmt.Sprintf("%q may not be put into a command", value))
			}
		}
	}
	return strings.NewReplacer("%%", "%", "%h", h.name, "%n", h.alias, "%p", h.port, "%r", h.user).Replace(h.proxy.rest), nil
}

// Read implements net.Conn.
func (c *proxyConn) Read(b []byte) (int, error) { return c.out.Read(b) }

// Write implements net.Conn.
func (c *proxyConn) Write(b []byte) (int, error) { return c.in.Write(b) }

// Close implements net.Conn. It returns when the program has ended.
func (c *proxyConn) Close() error {
	c.stop()
	err := errors.Join(c.in.Close(), c.out.Close())
	<-c.ended
	return err
}

// LocalAddr implements net.Conn.
func (c *proxyConn) LocalAddr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// RemoteAddr implements net.Conn.
func (c *proxyConn) RemoteAddr() net.Addr { return c.LocalAddr() }

// SetDeadline implements net.Conn.
func (c *proxyConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *proxyConn) SetReadDeadline(t time.Time) error { return c.out.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (c *proxyConn) SetWriteDeadline(t time.Time) error { return c.in.SetWriteDeadline(t) }

var errProxyEnded = errors.New("the program has ended")

// ProxyCommandError is a program of ssh_config that has made no connection.
type ProxyCommandError struct {
	Line string // FILE:LINE: ProxyCommand
	Err  error
}

// Error implements error: the place, how the program ended, and what it said.
func (e *ProxyCommandError) Error() string {
	if r, ok := errors.AsType[*run.Error](e.Err); ok {
		s := fmt.Sprintf("%s: %v", e.Line, r.Err)
		if said := firstLine(r.Stderr); said != "" {
			s += ": " + said
		}
		return s
	}
	return fmt.Sprintf("%s: %v", e.Line, e.Err)
}

// Unwrap returns the reason.
func (e *ProxyCommandError) Unwrap() error { return e.Err }

// passing reports whether the program ran and found no connection. A shell says
// with 126 and 127 that it could not run it.
func (e *ProxyCommandError) passing() bool {
	exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](e.Err)
	return errors.Is(e.Err, errProxyEnded) || ok && exit.ExitCode() != 126 && exit.ExitCode() != 127
}
