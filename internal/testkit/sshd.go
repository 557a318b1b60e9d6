package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSHDOptions say what an SSH server offers.
type SSHDOptions struct {
	// Repos is the directory that [BuildRepos] wrote.
	Repos string
	// Dir is an empty directory for the server's keys and logs.
	Dir string
	// MaxSessions is how many commands one connection may run at once; 0 is
	// sshd's own default, 10.
	MaxSessions int
	// Script is a shell script to run in place of git-upload-pack, for servers
	// that do not do as they should; empty for those that do.
	Script string
	// Config are lines for its sshd_config.
	Config []string
	// Push offers git-receive-pack, too.
	Push bool
	// RSA makes the host key one of RSA; else it is one of Ed25519.
	RSA bool
}

// SSHD is an OpenSSH server on the loopback interface. The user who runs the
// test logs in with a key and gets git-upload-pack, nothing else unless asked for.
type SSHD struct {
	Addr string // host:port
	User string
	// Key is the private key that may log in, KnownHosts the file that has the
	// server's key.
	Key        string
	KnownHosts string
	HostKey    ssh.PublicKey

	dir         string
	program     string
	listener    net.Listener
	connections atomic.Int64
	clients     sync.WaitGroup
	stop        context.CancelFunc
}

// StartSSHD starts an SSH server, which ends with ctx or at Close.
//
// The port is listened on here, and every connection is handed to an
// "sshd -i" of its own. So no port is guessed, connections are counted where
// they come in, and sshd's penalties for addresses that fail to log in, which
// would hit every later test, have nobody to remember them.
func StartSSHD(ctx context.Context, o SSHDOptions) (*SSHD, error) {
	program, err := findSSHD()
	if err != nil {
		return nil, err
	}
	git, err := findGit()
	if err != nil {
		return nil, err
	}
	who, err := user.Current()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &SSHD{
		Addr:       listener.Addr().String(),
		User:       who.Username,
		Key:        filepath.Join(o.Dir, "id_ed25519"),
		KnownHosts: filepath.Join(o.Dir, "known_hosts"),
		dir:        o.Dir,
		program:    program,
		listener:   listener,
	}
	if err := s.write(git, o); err != nil {
		listener.Close()
		return nil, err
	}
	ctx, s.stop = context.WithCancel(ctx)
	context.AfterFunc(ctx, func() { listener.Close() })
	s.clients.Go(func() { s.accept(ctx) })
	return s, nil
}

// URL is a repository's address; path is [Repo.Path]'s.
func (s *SSHD) URL(path string) string {
	return "ssh://" + s.User + "@" + s.Addr + "/" + path
}

// Command is a shell's command that serves SSH on its standard input and output,
// as this server does.
func (s *SSHD) Command() string {
	return quote(s.program) + " -i -f " + quote(s.file("sshd_config")) + " -E " + quote(s.file("log"))
}

// Connections is how many connections came in so far.
func (s *SSHD) Connections() int { return int(s.connections.Load()) }

// Commands are the commands that clients asked to run, in order, also those
// that were refused.
func (s *SSHD) Commands() ([]string, error) {
	data, err := os.ReadFile(s.file("commands"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' }), err
}

// Log is what sshd logged.
func (s *SSHD) Log() string {
	data, err := os.ReadFile(s.file("log"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Authorize lets one more key log in.
func (s *SSHD) Authorize(key ssh.PublicKey) error {
	f, err := os.OpenFile(s.file("authorized_keys"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(ssh.MarshalAuthorizedKey(key))
	return err
}

// Close ends the server and its connections.
func (s *SSHD) Close() {
	s.stop()
	s.clients.Wait()
}

func (s *SSHD) file(name string) string { return filepath.Join(s.dir, name) }

func (s *SSHD) accept(ctx context.Context) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.connections.Add(1)
		s.clients.Go(func() { s.serve(ctx, conn) })
	}
}

func (s *SSHD) serve(ctx context.Context, conn net.Conn) {
	socket, err := conn.(*net.TCPConn).File()
	conn.Close() // socket is a copy
	if err != nil {
		return
	}
	defer socket.Close()
	cmd := exec.CommandContext(ctx, s.program, "-i", "-f", s.file("sshd_config"), "-E", s.file("log"))
	cmd.Stdin, cmd.Stdout = socket, socket
	// Asked to end, it ends the processes that it split off too.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Run() // fails whenever the client hangs up; what matters is in the log
}

// write writes the server's files.
func (s *SSHD) write(git string, o SSHDOptions) error {
	repos, err := filepath.Abs(o.Repos)
	if err != nil {
		return err
	}
	write := WriteKey
	if o.RSA {
		write = WriteRSAKey
	}
	if s.HostKey, err = write(s.file("host_key")); err != nil {
		return err
	}
	key, err := WriteKey(s.Key)
	if err != nil {
		return err
	}
	if err := s.Authorize(key); err != nil {
		return err
	}
	known := knownhosts.Line([]string{s.Addr}, s.HostKey) + "\n"
	config := fmt.Sprintf(sshdConfig, s.file("host_key"), s.file("authorized_keys"), s.file("serve"))
	if o.MaxSessions > 0 {
		config += fmt.Sprintf("MaxSessions %d\n", o.MaxSessions)
	}
	for _, line := range o.Config {
		config += line + "\n"
	}
	push := ""
	if o.Push {
		push = `"git-receive-pack '"*"'") program=receive-pack ;;`
	}
	script := fmt.Sprintf(sshdScript, quote(s.file("commands")), quote(repos), push, quote(git))
	if o.Script != "" {
		script = "#!/bin/sh\n" + o.Script + "\n"
	}
	for name, content := range map[string]string{
		"known_hosts": known,
		"sshd_config": config,
		"serve":       script,
	} {
		if err := os.WriteFile(s.file(name), []byte(content), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// sshdConfig takes the host key's file, the authorized keys' and the script.
// StrictModes and PAM are off so that any user can run it out of a temporary
// directory. A bash that is the account's shell reads its start-up files when
// sshd starts it at the first level; SHLVL spares them: a login's arrangements
// are no part of a test, and they take their time.
const sshdConfig = `HostKey "%s"
AuthorizedKeysFile "%s"
ForceCommand "%s"
AcceptEnv GIT_PROTOCOL
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
SetEnv SHLVL=1
PidFile none
LogLevel VERBOSE
`

// sshdScript runs in place of whatever a client asks for. It takes the file to
// note commands in, the directory of repositories, what else is offered, and the git
// program. A path is looked up below the directory, as a forge does it; a repository of
// another user is served too, since in CI the checkout's owner and the test's may differ.
const sshdScript = `#!/bin/sh
printf '%%s\n' "$SSH_ORIGINAL_COMMAND" >>%s
repos=%s
case $SSH_ORIGINAL_COMMAND in
"git-upload-pack '"*"'" | "git upload-pack '"*"'") program=upload-pack ;;
%s
*)
	echo "only git-upload-pack is offered here" >&2
	exit 1
	;;
esac
path=${SSH_ORIGINAL_COMMAND#*\'}
path=${path%%\'}
path=${path#"$repos"/}
exec %s -c safe.directory='*' $program "$repos/${path#/}"
`

// quote quotes a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func findSSHD() (string, error) {
	program, err := exec.LookPath("sshd")
	if err != nil {
		// It is seldom on a user's PATH.
		program, err = exec.LookPath("/usr/sbin/sshd")
	}
	if err != nil {
		return "", &MissingError{Program: "sshd", Install: "OpenSSH's server (openssh-server)", Err: err}
	}
	// sshd runs itself again, and asks for an absolute path to do so.
	if program, err = filepath.Abs(program); err != nil {
		return "", err
	}
	// A packaged sshd's service makes this directory; as root sshd does not
	// start without it, and in a container no service ran.
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return "", err
		}
	}
	return program, nil
}

func findGit() (string, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return "", &MissingError{Program: "git", Install: "git", Err: err}
	}
	return filepath.Abs(program)
}
