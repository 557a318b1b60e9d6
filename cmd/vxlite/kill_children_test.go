//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestKilledChildren kills vxlite alone, as the system does where memory runs
// out. Nothing is compiled any more but what each compiler was at, and the server
// of run --watch is gone, though it listens to no signal.
func TestKilledChildren(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name string
		args []string
		// cold has nothing compiled before, and wait is a part of the command line
		// of what is to be there when vxlite is killed.
		cold bool
		wait string
	}{
		{"build", []string{"build", "-o", "out/"}, true, "/compile\x00-o\x00"},
		{"check", []string{"check"}, true, "/compile\x00-o\x00"},
		{"watch", []string{"run", "--watch", "--", "serve"}, false, "rr\x00serve"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeTestFile(t, filepath.Join(dir, "velox.toml"), childrenConfig)
			writeTestFile(t, filepath.Join(dir, "deaf", "go.mod"), "module git.example/deaf\n\ngo 1.25\n")
			writeTestFile(t, filepath.Join(dir, "deaf", "plugin.go"), deafPlugin)
			tmp := filepath.Join(dir, "tmp")
			if err := os.Mkdir(tmp, 0o755); err != nil {
				t.Fatal(err)
			}
			mark := "VXLITE_CACHE=" + filepath.Join(dir, "store")
			cmd := exec.Command(program(t), append(tt.args, "-q")...)
			if tt.args[0] == "run" {
				cmd.Args = append(cmd.Args[:1:1], tt.args...)
			}
			cmd.Dir = dir
			cmd.Env = append(w.goEnv(), "HOME="+testkit.TempHome(t), "PATH="+os.Getenv("PATH"), "TMPDIR="+tmp, "REPOS="+w.repos, mark)
			if tt.cold {
				cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(dir, "cache"))
			}
			ownProcessGroup(cmd)
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(5 * time.Minute)
			for !has(processes(t, tmp), tt.wait) {
				if time.Now().After(deadline) || syscall.Kill(cmd.Process.Pid, 0) != nil {
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
					t.Fatalf("no %q was started: %s", tt.wait, &said)
				}
				time.Sleep(5 * time.Millisecond)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			killed := time.Now()
			_ = cmd.Wait()
			for deadline := killed.Add(time.Minute); len(processes(t, tmp)) > 0; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("a minute later there are still %q", processes(t, tmp))
				}
			}
			t.Logf("all were gone after %v", time.Since(killed).Round(time.Millisecond))
		})
	}
}

// processes are the command lines of those that have tmp for their temporary
// files, which is one test's.
func processes(t *testing.T, tmp string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range all {
		env, _ := os.ReadFile(filepath.Join(p, "environ"))
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		if len(line) > 0 && bytes.Contains(env, []byte("TMPDIR="+tmp+"\x00")) {
			out = append(out, string(line))
		}
	}
	return out
}

func has(lines []string, part string) bool {
	for _, l := range lines {
		if strings.Contains(l, part) {
			return true
		}
	}
	return false
}

const childrenConfig = `
[roadrunner]
ref = "v2025.1.15"

[mirrors]
"https://github.com/" = "${REPOS}/"

[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
tag = "v5.1.9"

[plugins.deaf]
path = "deaf"
`

// deafPlugin makes a server that no signal ends but the one that nothing can
// ignore.
const deafPlugin = `package deaf

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

type Plugin struct{}

func (*Plugin) Init() error { return nil }

func init() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
		for {
			time.Sleep(time.Hour)
		}
	}
}
`
