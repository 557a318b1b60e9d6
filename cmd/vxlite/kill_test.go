package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// killPoints is how often a fetch is killed, over each transport. VXLITE_KILLS
// asks for more.
func killPoints(t *testing.T) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("VXLITE_KILLS"), "20"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilled kills vxlite at many points of a fetch. Whatever it has left, the
// store holds whole things alone, and the next run gets by with it and makes
// the same workspace.
//
// A go command that refuses to compile ends each run where fetching ends.
func TestKilled(t *testing.T) {
	w := newWorld(t)
	if w.sshd == nil || w.http == nil {
		t.Skip("git or OpenSSH is not installed")
	}
	k := newKilling(t, w)
	for _, transport := range []string{"SSH", "HTTP"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			k := *k
			k.t = t
			k.setConfig(transport)
			k.reference()
			random := rand.New(rand.NewPCG(7, uint64(len(transport))))
			points := killPoints(t)
			for n := range points {
				k.args = [][]string{{"build", "-o", filepath.Join(k.dir, "out") + "/"}, {"lock"}}[n%2]
				// One in each stretch of the run, at no fixed place in it.
				after := time.Duration((float64(n) + random.Float64()) / float64(points) * float64(k.takes))
				k.kill(after)
			}
			if k.killed < points/2 {
				t.Errorf("only %d of %d runs were still there to be killed", k.killed, points)
			}
			if k.partial == 0 {
				t.Error("no run was killed with a part of its work done")
			}
		})
	}
}

// newKilling prepares runs that end before they compile.
func newKilling(t *testing.T, w *world) *killing {
	t.Helper()
	dir := t.TempDir()
	k := &killing{t: t, dir: dir, env: []string{
		"HOME=" + testkit.TempHome(t), "PATH=" + refusingGo(t) + ":" + os.Getenv("PATH"), "GOENV=off", "GOPRIVATE=github.com/acme/*", "TMPDIR=" + t.TempDir(), noRaceSleep,
	}}
	if w.sshd != nil {
		k.env = append(k.env, "SSH_URL="+w.sshd.URL(""), "SSH_KEY="+w.sshd.Key, "SSH_KNOWN_HOSTS="+w.sshd.KnownHosts)
	} else {
		k.env = append(k.env, "SSH_URL=", "SSH_KEY=/none", "SSH_KNOWN_HOSTS=/none")
	}
	if w.http != nil {
		k.env = append(k.env, "HTTP_URL="+w.http.URL+"/", "PASSWORD="+httpPassword)
	}
	return k
}

// setConfig writes the config for a transport.
func (k *killing) setConfig(transport string) {
	k.config = filepath.Join(k.dir, transport+".toml")
	writeTestFile(k.t, k.config, fmt.Sprintf(killConfig, transport))
}

const killConfig = `
[roadrunner]
ref = "v2025.1.15"

[git]
known_hosts = "${SSH_KNOWN_HOSTS}"

[git.credentials."127.0.0.1"]
username = "` + httpUser + `"
password = "${PASSWORD}"
ssh_key = "${SSH_KEY}"

[mirrors]
"https://github.com/" = "${%s_URL}"

[plugins.logger]
module_name = "github.com/roadrunner-server/logger/v5"
tag = "v5.1.9"

[plugins.rpc]
module_name = "github.com/roadrunner-server/rpc/v5"
tag = "v5.1.9"

[plugins.worker]
module_name = "github.com/acme/worker"
tag = "v1.1.0"

[[modules]]
module = "github.com/acme/lib"
ref = "main"
`

// refusingGo is a directory with a go command that answers questions about
// itself and does nothing else.
func refusingGo(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	env, err := exec.Command("go", "env", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(dir, "env.json"), string(env))
	writeTestFile(t, filepath.Join(dir, "go"), fmt.Sprintf("#!/bin/sh\n[ \"$1\" = env ] && exec cat '%s/env.json'\necho that is enough >&2\nexit 1\n", dir))
	if err := os.Chmod(filepath.Join(dir, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// killing is what the runs of one transport share.
type killing struct {
	t      *testing.T
	dir    string
	env    []string
	config string
	args   []string // the command that is killed; build where empty

	takes   time.Duration // of a run that nobody kills
	whole   []string      // what the store holds then
	killed  int
	partial int // of these, runs that had put something into the store
}

// reference runs once without being killed.
func (k *killing) reference() {
	store := filepath.Join(k.t.TempDir(), "store")
	start := time.Now()
	k.run(store)
	k.takes = time.Since(start)
	k.whole = k.contents(store)
	if len(k.whole) < 10 {
		k.t.Fatalf("the store holds but %q", k.whole)
	}
}

func (k *killing) command(ctx context.Context, store string) *exec.Cmd {
	return k.with(ctx, store, "build", "-o", filepath.Join(k.dir, "out")+"/")
}

func (k *killing) with(ctx context.Context, store string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(k.t), append(args, "-q", "-j", "2", "-c", k.config)...)
	cmd.Env = append(slices.Clone(k.env), "VXLITE_CACHE="+store)
	return cmd
}

// run runs to the end, which is that go will not compile.
func (k *killing) run(store string) {
	k.t.Helper()
	out, err := k.command(k.t.Context(), store).CombinedOutput()
	if err == nil || string(out) != "vxlite: go list: exit status 1\nthat is enough\n" {
		k.t.Fatalf("error %v\n%s", err, out)
	}
}

// kill kills a run, looks at what it has left, and runs again.
func (k *killing) kill(after time.Duration) {
	store := filepath.Join(k.t.TempDir(), "store")
	ctx, cancel := context.WithTimeout(k.t.Context(), after)
	defer cancel()
	var out bytes.Buffer
	cmd := k.with(ctx, store, k.args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Run(); err == nil {
		k.t.Errorf("%v: it came to an end: %s", after, &out)
	}
	if cmd.ProcessState.Exited() {
		k.takes = min(k.takes, time.Since(start)) // the machine has less to do than before
	} else {
		k.killed++
		left := k.contents(store)
		for _, f := range left {
			if !slices.Contains(k.whole, f) {
				k.t.Errorf("%v: the store has %s, which a whole one has not", after, f)
			}
		}
		if 0 < len(left) && len(left) < len(k.whole) {
			k.partial++
		}
	}
	leftovers, _ := filepath.Glob(filepath.Join(store, "v1", "tmp", "*"))
	for _, f := range leftovers { // a run that began a day ago is over
		old := time.Now().Add(-25 * time.Hour)
		if err := os.Chtimes(f, old, old); err != nil {
			k.t.Fatal(err)
		}
	}
	k.run(store)
	if got := k.contents(store); !slices.Equal(got, k.whole) {
		k.t.Errorf("%v: the store holds\n%s\nwant\n%s", after, strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
	}
	k.fsck(store)
	if f, _ := filepath.Glob(filepath.Join(store, "v1", "tmp", "*")); len(f) > 0 {
		k.t.Errorf("%v: left in tmp: %q", after, f)
	}
}

// contents lists the files of a store with their contents' sums, but for locks,
// tmp, and what differs from run to run. The names of workspaces say what went
// into them.
func (k *killing) contents(store string) []string {
	root := filepath.Join(store, "v1")
	var out []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // killed before it made it
		}
		rel, _ := filepath.Rel(root, p)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		switch {
		case err != nil:
			return err
		case slices.Contains([]string{"lock", "tmp", "goenv"}, top) && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			return nil
		case d.Type() == fs.ModeSymlink: // into this very store
			out = append(out, rel)
			return nil
		case top == "git": // packs differ, fsck looks at them
			if d.Name() == "HEAD" {
				out = append(out, rel)
			}
			return nil
		}
		data, err := os.ReadFile(p)
		out = append(out, fmt.Sprintf("%s %x", rel, sha256.Sum256(data)))
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// fsck has git check each repository of the store. What a killed run has left
// there is there still: a commit that the store has is not fetched again.
func (k *killing) fsck(store string) {
	k.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(store, "v1", "git", "*"))
	if err != nil {
		k.t.Fatal(err)
	}
	for _, dir := range dirs {
		cmd := exec.CommandContext(k.t.Context(), "git", "-c", "safe.directory=*", "fsck", "--full", "--no-dangling", "--no-progress", filepath.Base(dir))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_DIR="+dir, "LC_ALL=C")
		if out, err := cmd.CombinedOutput(); err != nil {
			k.t.Errorf("git fsck %s: %v\n%s", dir, err, out)
		}
	}
}
