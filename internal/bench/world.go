package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// world is what is measured in.
type world struct {
	dir, vxlite, stage string
	runs               int
	own                bool   // what is measured makes its own repositories
	repos              string // a folder of OWNER/NAME.git
	config             string // a config without mirrors
	env                []string
	sshd               *testkit.SSHD
	http               *testkit.HTTPBackend
}

// prepare takes the given repositories or generates some, and starts servers.
func (w *world) prepare(ctx context.Context) error {
	w.env = append(os.Environ(), "GOFLAGS=", "VXLITE_CACHE="+filepath.Join(w.dir, "store"))
	w.repos, w.config = os.Getenv("VXLITE_E2E_MIRROR"), os.Getenv("VXLITE_E2E_CONFIG")
	if w.repos == "" || w.config == "" {
		plugins := 43 // and RoadRunner, logger and rpc: 46 repositories
		if w.own {
			plugins = 0
		}
		var err error
		if w.repos, w.config, err = generate(filepath.Join(w.dir, "generated"), plugins, large); err != nil {
			return err
		}
		proxy, err := startProxy(ctx)
		if err != nil {
			return err
		}
		// A cache of its own: the modules have the names of published ones, and other content.
		w.env = append(w.env, "GOPROXY="+proxy.URL, "GOSUMDB=off", "GOTOOLCHAIN=local",
			"GOMODCACHE="+filepath.Join(w.dir, "modules"), "GOFLAGS=-modcacherw")
	}
	var err error
	if w.repos, err = filepath.Abs(w.repos); err != nil {
		return err
	}
	sshDir := filepath.Join(w.dir, "sshd")
	if err := os.Mkdir(sshDir, 0o755); err != nil {
		return err
	}
	if w.sshd, err = testkit.StartSSHD(ctx, testkit.SSHDOptions{Dir: sshDir, Repos: w.repos}); err != nil {
		return err
	}
	return w.serveHTTP(ctx)
}

// serveHTTP starts git's HTTP server.
func (w *world) serveHTTP(ctx context.Context) (err error) {
	w.http, err = testkit.StartHTTPBackend(ctx, testkit.HTTPBackendOptions{Repos: w.repos})
	return err
}

// startProxy serves the third-party modules and RoadRunner's own, as a public
// proxy does.
func startProxy(ctx context.Context) (*testkit.Proxy, error) {
	mods, err := testkit.Data("mod")
	if err != nil {
		return nil, err
	}
	git, err := testkit.Data("git")
	if err != nil {
		return nil, err
	}
	repos, err := testkit.ReadRepos(os.DirFS(git))
	if err != nil {
		return nil, err
	}
	return testkit.StartProxy(ctx, testkit.ProxyOptions{Archives: os.DirFS(mods), Repos: repos})
}

// timed runs a command and says how long it took and how much memory it had.
func timed(ctx context.Context, env []string, dir, name string, args ...string) (sample, error) {
	s, _, err := timedOutput(ctx, env, dir, name, args...)
	return s, err
}

// timedOutput is timed with what the command said.
func timedOutput(ctx context.Context, env []string, dir, name string, args ...string) (sample, string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env, cmd.Dir = env, dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(start)}
	if err != nil {
		return s, "", fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out.Bytes())
	}
	s.memory = peak(cmd.ProcessState)
	return s, out.String(), nil
}

// inTurn measures a and b alternately, after one round that does not count.
func (w *world) inTurn(a, b func() (sample, error)) (as, bs []sample, err error) {
	for i := range w.runs + 1 {
		x, err := a()
		if err != nil {
			return nil, nil, err
		}
		var y sample
		if b != nil {
			if y, err = b(); err != nil {
				return nil, nil, err
			}
		}
		if i > 0 {
			as = append(as, x)
			if b != nil {
				bs = append(bs, y)
			}
		}
	}
	return as, bs, nil
}
