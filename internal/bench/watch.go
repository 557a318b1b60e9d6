package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settle is how long "run --watch" may take to look at the plugins anew after
// the new server is there, so that the next measurement has the machine to
// itself.
const settle = 4 * time.Second

// greeter is a plugin that says a word to whoever connects.
const greeter = `package greeter

import (
	"context"
	"net"
)

const word = %q

type Plugin struct{ listener net.Listener }

func (*Plugin) Init() error  { return nil }
func (*Plugin) Name() string { return "greeter" }

func (p *Plugin) Serve() chan error {
	errs := make(chan error, 1)
	var err error
	if p.listener, err = net.Listen("tcp", %q); err != nil {
		errs <- err
		return errs
	}
	go func() {
		for {
			c, err := p.listener.Accept()
			if err != nil {
				return
			}
			c.Write([]byte(word))
			c.Close()
		}
	}()
	return errs
}

func (p *Plugin) Stop(context.Context) error { return p.listener.Close() }
`

// server is a config with the plugin greeter of a directory, and settings with
// which it serves.
type server struct {
	dir, address string
	env          []string // with a store of its own
	edits        int
}

// newServer puts the plugin into a copy of the config.
func (w *world) newServer(name string) (*server, error) {
	s := &server{dir: filepath.Join(w.dir, name)}
	s.env = slices.Concat(w.env, []string{"VXLITE_CACHE=" + filepath.Join(s.dir, "store")})
	ports := make([]string, 2)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		ports[i] = l.Addr().String()
		if err := l.Close(); err != nil {
			return nil, err
		}
	}
	s.address = ports[0]
	config, err := os.ReadFile(w.config)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "greeter"), 0o755); err != nil {
		return nil, err
	}
	for file, text := range map[string]string{
		"greeter/go.mod": "module example.com/greeter\n\ngo 1.25\n",
		"velox.toml":     string(config) + "\n[plugins.greeter]\npath = \"greeter\"\n",
		".rr.yaml":       "version: '3'\nrpc:\n  listen: tcp://" + ports[1] + "\nlogs:\n  level: error\n",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, file), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return s, s.edit()
}

// edit changes the plugin's word.
func (s *server) edit() error {
	s.edits++
	return os.WriteFile(filepath.Join(s.dir, "greeter", "plugin.go"), fmt.Appendf(nil, greeter, s.word(), s.address), 0o644)
}

func (s *server) word() string { return fmt.Sprintf("word %d", s.edits) }

// await waits until the server says the word that was written last.
func (s *server) await(ctx context.Context, longest time.Duration) error {
	last := errors.New("it was not asked")
	for end := time.Now().Add(longest); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			last = err
			continue
		}
		got, err := io.ReadAll(c)
		c.Close()
		if err == nil && string(got) == s.word() {
			return nil
		}
		last = fmt.Errorf("it says %q, %v", got, err)
	}
	return fmt.Errorf("no server that says %q: %w", s.word(), last)
}

// watches measures the time from a file's saving until the server that
// "run --watch" makes of it answers, against go build in the same workspace and
// RoadRunner's own stop and start.
func (w *world) watches(ctx context.Context) error {
	watched, err := w.newServer("watched")
	if err != nil {
		return err
	}
	byHand, err := w.newServer("byhand")
	if err != nil {
		return err
	}
	hand, err := w.prepareByHand(ctx, byHand)
	if err != nil {
		return err
	}
	mirror := "https://github.com/=" + w.repos + "/"
	cmd := exec.CommandContext(ctx, w.vxlite, "run", "--watch", "--mirror", mirror, "--", "serve")
	cmd.Dir, cmd.Env = watched.dir, watched.env
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		return err
	}
	a, b, err := []sample(nil), []sample(nil), watched.await(ctx, 10*time.Minute)
	if err == nil {
		a, b, err = w.inTurn(func() (sample, error) {
			time.Sleep(settle)
			start := time.Now()
			if err := watched.edit(); err != nil {
				return sample{}, err
			}
			err := watched.await(ctx, time.Minute)
			s := sample{wall: time.Since(start)}
			time.Sleep(settle)
			return s, err
		}, hand)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	if ended := cmd.Wait(); ended == nil {
		err = errors.Join(err, errors.New("run --watch ended by itself"))
	}
	if err != nil {
		return fmt.Errorf("run --watch: %w\n%s", err, &log)
	}
	row("save to serving, against go build, stop, start", a, b)
	return nil
}

// prepareByHand builds the server once, and returns what somebody without
// "run --watch" does after an edit.
func (w *world) prepareByHand(ctx context.Context, s *server) (func() (sample, error), error) {
	out := filepath.Join(s.dir, "rr")
	if _, err := timed(ctx, s.env, s.dir, w.vxlite, "build", "-q", "-o", out, "--mirror", "https://github.com/="+w.repos+"/"); err != nil {
		return nil, err
	}
	work, err := filepath.Glob(filepath.Join(s.dir, "store", "*", "work", "*"))
	if err != nil || len(work) != 1 {
		return nil, fmt.Errorf("%d workspaces, not 1: %v", len(work), err)
	}
	return func() (sample, error) {
		old, err := s.start(ctx, out)
		if err != nil {
			return sample{}, err
		}
		start := time.Now()
		if err := s.edit(); err != nil {
			return sample{}, errors.Join(err, stop(old))
		}
		_, err = timed(ctx, slices.Concat(s.env, []string{"CGO_ENABLED=0"}), work[0], "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s", "-o", out+".new", "./app")
		if err := errors.Join(err, stop(old), os.Rename(out+".new", out)); err != nil {
			return sample{}, err
		}
		renewed, err := s.start(ctx, out)
		took := sample{wall: time.Since(start)}
		if err != nil {
			return sample{}, err
		}
		return took, stop(renewed)
	}, nil
}

// start runs the server until it answers.
func (s *server) start(ctx context.Context, binary string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Dir, cmd.Env = s.dir, s.env
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.await(ctx, time.Minute); err != nil {
		return nil, errors.Join(err, stop(cmd))
	}
	return cmd, nil
}

// stop asks a server to end, and waits for it.
func stop(cmd *exec.Cmd) error {
	return errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait())
}
