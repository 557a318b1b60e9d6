package testkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Nginx is an nginx that serves a directory on the loopback interface.
type Nginx struct {
	// URL has no slash at its end.
	URL string

	cmd *exec.Cmd
}

// StartNginx serves the files of root; dir is an empty directory for the server's own.
// It ends with ctx or at Close. more are lines for its server block.
//
// The port is listened on here, and nginx inherits it, as it does from an nginx that it
// replaces: no port is guessed.
func StartNginx(ctx context.Context, root, dir string, more ...string) (*Nginx, error) {
	program, err := findNginx()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	text := nginxConfig
	if os.Getuid() == 0 {
		text = "user root root;\n" + text // which may read what the test has written
	}
	for _, line := range more {
		text = fmt.Sprintf("%s    %s\n", text, line)
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, text+"  }\n}\n", l.Addr(), root), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-p", dir, "-e", "error.log", "-c", config)
	cmd.ExtraFiles = []*os.File{socket} // number 3
	cmd.Env = []string{"NGINX=3;"}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return &Nginx{URL: "http://" + l.Addr().String(), cmd: cmd}, cmd.Start()
}

// Close ends the server.
func (n *Nginx) Close() {
	n.cmd.Cancel()
	n.cmd.Wait() // it says what it was ended by
}

const nginxConfig = `
daemon off;
worker_processes 1;
pid nginx.pid;
events {}
http {
  access_log access.log;
  client_body_temp_path temp;
  proxy_temp_path temp;
  fastcgi_temp_path temp;
  uwsgi_temp_path temp;
  scgi_temp_path temp;
  server {
    listen %s;
    root %q;
`

func findNginx() (string, error) {
	program, err := exec.LookPath("nginx")
	if errors.Is(err, exec.ErrNotFound) {
		program, err = exec.LookPath("/usr/sbin/nginx") // which is not on the PATH of all users
	}
	if err != nil {
		return "", &MissingError{Program: "nginx", Install: "nginx-light", Err: err}
	}
	return program, nil
}
