package gitconn

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/vxlite/vxlite/internal/openssh"
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
func (p *sshPool) dialProxy(ctx context.Context, h openssh.Host) (net.Conn, error) {
	command, err := h.ProxyCommand()
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
			Stdin: theirIn, Stdout: theirOut, Grace: grace, Why: "ProxyCommand of ssh_config, for " + h.Alias})
		if ctx.Err() == nil {
			c.err = cmp.Or(err, openssh.ErrProxyEnded)
		}
		theirIn.Close()
		theirOut.Close()
		close(c.ended)
	}()
	return c, nil
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
