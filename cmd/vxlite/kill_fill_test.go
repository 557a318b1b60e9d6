package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// filling is a mirror that is filled a second time, when its repositories have grown
// and the config needs more.
type filling struct {
	carrying
	w        *world
	upstream string
	config   string
	now      map[string]string // what it has after an undisturbed second run
	takes    time.Duration
}

// newFilling makes a mirror of repositories that take a moment.
func newFilling(t *testing.T) *filling {
	t.Helper()
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	f := &filling{carrying: carrying{t: t, dir: t.TempDir()}, w: w, upstream: t.TempDir()}
	f.first, f.config = filepath.Join(f.dir, "first"), filepath.Join(f.dir, "velox.toml")
	f.growTo(1)
	f.fill(f.first)
	f.had = f.contents(f.first)
	f.growTo(2)
	whole := f.copy(filepath.Join(f.dir, "whole"))
	start := time.Now()
	f.fill(whole)
	f.takes = time.Since(start)
	f.now = f.contents(whole)
	return f
}

// growTo makes repositories of some size with so many versions, and a config that needs
// the last one, and with the second another plugin.
func (f *filling) growTo(versions int) {
	f.t.Helper()
	config := fmt.Sprintf("[roadrunner]\nref = 'v2025.1.15'\n[mirrors]\n'https://github.com/acme/' = '%s/acme/'\n'https://github.com/' = '%s/'\n[git]\nmodules = ['github.com/acme/*']\n", f.upstream, f.w.repos)
	for n := range 3 {
		random := rand.New(rand.NewPCG(uint64(n), 18))
		name := fmt.Sprintf("big%d", n)
		commits, files := "", "-- 1/go.mod --\nmodule github.com/acme/"+name+"\n\ngo 1.25\n-- 1/plugin.go --\npackage "+name+"\n\ntype Plugin struct{}\n\nfunc (*Plugin) Init() error { return nil }\n"
		for v := range versions {
			data := make([]byte, 400<<10)
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			files += fmt.Sprintf("-- %d/data%d.txt --\n%s\n", v+1, v+1, base64.StdEncoding.EncodeToString(data))
			commits += fmt.Sprintf("add %d\ncommit 2026-0%d-01T10:00:00Z More\ntag v1.%d.0\n", v+1, v+1, v)
		}
		testkit.Check(f.t, os.RemoveAll(filepath.Join(f.upstream, "acme", name+".git")))
		testkit.Check(f.t, testkit.MustParse(f.t, "url github.com/acme/"+name+"\nbranch main\n"+commits+files).Write(f.upstream))
		config += fmt.Sprintf("[plugins.%s]\nmodule_name = 'github.com/acme/%s'\nref = 'v1.%d.0'\n", name, name, versions-1)
	}
	if versions > 1 {
		config += "[plugins.rpc]\nmodule_name = 'github.com/roadrunner-server/rpc/v5'\ntag = 'v5.1.9'\n"
	}
	writeTestFile(f.t, f.config, config)
}

func (f *filling) run(ctx context.Context, dir string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(f.t), "mirror", dir, "-c", f.config)
	cmd.Env = append(f.w.goEnv(), "HOME="+f.dir, "PATH="+os.Getenv("PATH"), "TMPDIR="+f.dir, "VXLITE_CACHE="+filepath.Join(f.dir, "store"))
	ownProcessGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process, true) }
	return cmd
}

func (f *filling) fill(dir string) {
	f.t.Helper()
	if out, err := f.run(f.t.Context(), dir).CombinedOutput(); err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
}

// repositories are the names below a mirror of those that it had at first.
func (f *filling) repositories() (names []string) {
	for name := range f.had {
		if filepath.Base(name) == "packed-refs" {
			names = append(names, filepath.Dir(name))
		}
	}
	slices.Sort(names)
	return names
}

// serves has git clone each repository that was there, and looks at the refs: they
// are what they were, or what they will be.
func (f *filling) serves(dir string) {
	f.t.Helper()
	for _, name := range f.repositories() {
		clone := filepath.Join(f.t.TempDir(), "clone")
		cmd := exec.CommandContext(f.t.Context(), "git", "-c", "safe.directory=*", "clone", "-q", "--mirror", "file://"+filepath.Join(dir, name), clone)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
		if out, err := cmd.CombinedOutput(); err != nil {
			f.t.Errorf("%s: %v\n%s", name, err, out)
		}
		got, err := os.ReadFile(filepath.Join(dir, name, "packed-refs"))
		if now := string(got); err != nil || now != f.had[name+"/packed-refs"] && now != f.now[name+"/packed-refs"] {
			f.t.Errorf("%s: %v, refs\n%s", name, err, now)
		}
		if _, err := gitpack.ParsePackedRefs(got); err != nil {
			f.t.Error(err)
		}
	}
}

// complete fills it, and compares what is there then.
func (f *filling) complete(dir string) {
	f.t.Helper()
	f.fill(dir)
	if got := f.contents(dir); !maps.Equal(got, f.now) {
		f.t.Errorf("there are\n%q, want\n%q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(f.now)))
	}
	for _, left := range []string{".stage*", ".unfinished", "git/*/*/*/objects/pack/tmp_*"} {
		if names, _ := filepath.Glob(filepath.Join(dir, left)); len(names) > 0 {
			f.t.Errorf("left is %q", names)
		}
	}
	f.must("mirror", dir, "--check")
}

// TestKilledFill kills a run that brings a mirror up to date at many points. Git clones
// what it had then; the next run ends where an undisturbed one does. So do two at once.
func TestKilledFill(t *testing.T) {
	f := newFilling(t)
	f.twice()
	points := 5
	if os.Getenv("VXLITE_KILLS") != "" {
		points = killPoints(t)
	}
	random := rand.New(rand.NewPCG(9, 18))
	killed, begun := 0, 0
	for n := range points {
		dir := f.copy(filepath.Join(f.dir, fmt.Sprint("killed", n)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration((float64(n)+random.Float64())/float64(points)*float64(f.takes)))
		start := time.Now()
		if f.run(ctx, dir).Run() != nil {
			killed++
		} else {
			f.takes = min(f.takes, time.Since(start)) // the machine has less to do than before
		}
		cancel()
		f.serves(dir)
		if _, err := os.Stat(filepath.Join(dir, ".unfinished")); err == nil {
			begun++
		}
		f.complete(dir)
		testkit.Check(t, os.RemoveAll(dir))
	}
	t.Logf("%d of %d runs of %v were killed, %d with a part done", killed, points, f.takes.Round(time.Millisecond), begun)
	if killed < points/3 || begun == 0 {
		t.Errorf("only %d of %d runs were killed, %d with a part done", killed, points, begun)
	}
}

// twice has two runs fill one mirror at once: one waits for the other, and says so.
func (f *filling) twice() {
	dir := f.copy(filepath.Join(f.dir, "twice"))
	outs := make(chan string, 2)
	for range 2 {
		cmd := f.run(f.t.Context(), dir)
		go func() {
			out, err := cmd.CombinedOutput()
			outs <- fmt.Sprintf("%s%v", out, err)
		}()
	}
	both := []string{<-outs, <-outs}
	waited, news := 0, 0
	for _, out := range both {
		if !strings.HasSuffix(out, "<nil>") {
			f.t.Errorf("%s", out)
		}
		waited += strings.Count(out, "note: another vxlite is working on "+dir+": waiting for it\n")
		news += strings.Count(out, " repositories, nothing new\n")
	}
	if waited != 1 || news != 1 {
		f.t.Errorf("%d runs waited, %d had nothing to do: %q", waited, news, both)
	}
	f.complete(dir)
}
