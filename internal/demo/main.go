// Demo shows vxlite at work on this machine alone: it builds a small server
// from the test repositories, with a plugin from a private one, starts it and
// calls the plugin.
//
//	go run ./internal/demo ./vxlite
//
// It needs Go and nothing else. The repositories and the module proxy are made
// from the text files below testdata, and nothing but the loopback interface is
// used. RoadRunner and its plugins are stand-ins: see package testkit.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// veloxTOML names three plugins by their module path, as Velox does, and the
// private one by its repository and folder. The proxy has none of RoadRunner's
// own modules, so those come from git, too.
const veloxTOML = `[roadrunner]
ref = "v2025.1.15"

[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
ref = "v5.1.9"

[plugins.rpc]
module_name = "github.com/roadrunner-server/rpc/v5"
ref = "v5.1.9"

[plugins.server]
module_name = "github.com/roadrunner-server/server/v5"
ref = "v5.2.10"

[plugins.http]
module_name = "github.com/roadrunner-server/http/v5"
ref = "v5.3.0"

# a private repository, with the plugin in a folder
[plugins.custom]
url = "https://github.com/acme/platform.git"
ref = "v1.0.0"
folder = "plugins/custom"

[mirrors]
"https://github.com/" = "./mirror/"

[git]
modules = ["github.com/roadrunner-server/*"]
`

// rrYAML listens where no other program can be in the way.
const rrYAML = `version: '3'
rpc:
  listen: unix://rpc.sock
server:
  command: "cat"
http:
  address: 127.0.0.1:0
  pool:
    num_workers: 2
custom:
  greeting: Hello
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run is the whole demo. What it makes is gone when it returns.
func run(ctx context.Context, out io.Writer, args []string) (err error) {
	if len(args) != 1 {
		return errors.New("usage: demo VXLITE")
	}
	d := &demo{out: out}
	if d.vxlite, err = filepath.Abs(args[0]); err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "vxlite-demo-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	if err := d.prepare(); err != nil {
		return err
	}
	if err := d.build(ctx); err != nil {
		return err
	}
	return d.serve(ctx)
}

// demo is a directory to work in, and where to tell of it.
type demo struct {
	out    io.Writer
	dir    string
	vxlite string // absolute
}

// prepare writes the repositories and the configs.
func (d *demo) prepare() error {
	archives, err := testkit.Data("git")
	if err != nil {
		return err
	}
	if _, err := testkit.BuildRepos(filepath.Join(d.dir, "mirror"), os.DirFS(archives)); err != nil {
		return err
	}
	d.say("# the repositories of testdata/git are in %s", filepath.Join(d.dir, "mirror"))
	if err := d.write("velox.toml", veloxTOML); err != nil {
		return err
	}
	return d.write(".rr.yaml", rrYAML)
}

// build runs vxlite, with a proxy that has the third-party modules.
func (d *demo) build(ctx context.Context) error {
	archives, err := testkit.Data("mod")
	if err != nil {
		return err
	}
	proxy, err := testkit.StartProxy(ctx, testkit.ProxyOptions{Archives: os.DirFS(archives)})
	if err != nil {
		return err
	}
	defer proxy.Close()
	build := d.command(ctx, d.vxlite, "build", "-c", "velox.toml", "-o", "./")
	err = d.run(build,
		"VXLITE_CACHE="+filepath.Join(d.dir, "cache"),
		"GOMODCACHE="+filepath.Join(d.dir, "modules"),
		"GOPROXY="+proxy.URL,
		"GOSUMDB=off", // the checksum database knows nothing of example.com
		"GOENV=off",   // a setting of the user's could send modules elsewhere
		"GOPRIVATE=", "GONOPROXY=",
		"GOFLAGS=-modcacherw", // or the module cache could not be removed
	)
	if err != nil {
		return err
	}
	return d.run(d.command(ctx, d.binary(), "--version"))
}

// serve starts the server, asks it two things and stops it.
func (d *demo) serve(ctx context.Context) error {
	s, err := d.start(ctx)
	if err != nil {
		return err
	}
	err = errors.Join(d.hello(), d.run(d.command(ctx, d.binary(), "workers")))
	return errors.Join(err, s.stop())
}

// hello calls the private plugin. RoadRunner's stand-in speaks JSON-RPC.
func (d *demo) hello() error {
	client, err := jsonrpc.Dial("unix", filepath.Join(d.dir, "rpc.sock"))
	if err != nil {
		return err
	}
	defer client.Close()
	d.say("\n# custom.Hello(%q) over RPC", "world")
	var answer string
	if err := client.Call("custom.Hello", "world", &answer); err != nil {
		return fmt.Errorf("custom.Hello: %w", err)
	}
	d.say("%q", answer)
	if want := "Hello, world"; answer != want {
		return fmt.Errorf("custom.Hello answers %q, want %q", answer, want)
	}
	return nil
}

// binary is what the build makes.
func (d *demo) binary() string { return filepath.Join(d.dir, "rr") }

// command is a program to run in the demo's directory.
func (d *demo) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = d.dir
	cmd.Stdout = d.out
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = grace
	return cmd
}

// run shows a command with the variables that are set for it, and runs it.
func (d *demo) run(cmd *exec.Cmd, env ...string) error {
	d.show(cmd, env...)
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}

// show prints a command as it would be typed in the demo's directory.
func (d *demo) show(cmd *exec.Cmd, env ...string) {
	words := append([]string(nil), env...)
	name := filepath.Base(cmd.Path)
	if filepath.Dir(cmd.Path) == d.dir {
		name = "./" + name
	}
	words = append(append(words, name), cmd.Args[1:]...)
	line := strings.Join(words, " ")
	d.say("\n$ %s", strings.ReplaceAll(line, d.dir, "$PWD"))
}

// write writes a file and shows it.
func (d *demo) write(name, content string) error {
	d.say("\n$ cat %s\n%s", name, strings.TrimSuffix(content, "\n"))
	return os.WriteFile(filepath.Join(d.dir, name), []byte(content), 0o644)
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// grace is how long a program that was asked to end may take to do so.
const grace = 10 * time.Second

// server is a RoadRunner that runs.
type server struct {
	demo  *demo
	cmd   *exec.Cmd
	lines *bufio.Scanner // of what it prints
}

// start runs the server until it says that it has started.
func (d *demo) start(ctx context.Context) (*server, error) {
	cmd := d.command(ctx, d.binary(), "serve")
	cmd.Stdout = nil
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.show(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{demo: d, cmd: cmd, lines: bufio.NewScanner(stdout)}
	for s.lines.Scan() {
		d.say("%s", s.lines.Text())
		if strings.Contains(s.lines.Text(), "RoadRunner server started") {
			return s, nil
		}
	}
	return nil, errors.Join(errors.New("the server did not start"), cmd.Wait())
}

// stop asks the server to end, by its process id, and waits until it has.
func (s *server) stop() error {
	s.demo.say("\n$ kill %d", s.cmd.Process.Pid)
	if err := terminate(s.cmd.Process); err != nil {
		return err
	}
	for s.lines.Scan() {
		s.demo.say("%s", s.lines.Text())
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended with %w", err)
	}
	return nil
}

// terminate asks a process to end. Where there are no such signals, on
// Windows, it is ended without being asked.
func terminate(p *os.Process) error {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return p.Kill()
	}
	return nil
}
