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
	"strings"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// wholeRuns are what TestKilledWhole kills, each with what it makes below the
// directory it runs in.
var wholeRuns = []struct {
	name string
	args []string
	// warm has the repositories fetched before, so that most of the run is what
	// comes after: generating, compiling, trying the binary.
	warm  bool
	makes string
}{
	{"build", []string{"build", "-o", "out/"}, false, "out"},
	{"compile", []string{"build", "-o", "out/"}, true, "out"},
	{"vendor folder", []string{"vendor", "-o", "vendor"}, true, "vendor"},
	{"vendor file", []string{"vendor", "-o", "file/vendor.tar.zst"}, true, "file"},
	{"lock", []string{"lock"}, false, "velox.lock"},
}

// TestKilledWhole kills runs that would end well, at any point of them. What is
// in its place then is whole; the next run succeeds, makes the same bytes, and
// leaves nothing else beside them.
//
// The go command of a killed run may go on for a moment, beside the next one.
func TestKilledWhole(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	points := 4
	if os.Getenv("VXLITE_KILLS") != "" {
		points = killPoints(t)
	}
	for _, tt := range wholeRuns {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := &wholeKilling{t: t, w: w, home: testkit.TempHome(t), args: tt.args, warm: tt.warm, makes: tt.makes}
			k.reference()
			random := rand.New(rand.NewPCG(23, uint64(len(tt.name))))
			for n := range points {
				after := time.Duration((float64(n) + random.Float64()) / float64(points) * float64(k.takes))
				k.kill(after, n%2 == 1, n%3 == 2)
			}
			t.Logf("%d of %d runs of %v were killed, %d with something in its place", k.killed, points, k.takes.Round(time.Millisecond), k.there)
			if k.killed < points/3 {
				t.Errorf("only %d of %d runs were still there to be killed", k.killed, points)
			}
		})
	}
}

// wholeKilling is one command that is killed again and again.
type wholeKilling struct {
	t     *testing.T
	w     *world
	home  string
	args  []string
	warm  bool
	makes string

	takes         time.Duration
	whole         []string // what it makes
	killed, there int
}

// place is a directory with a config, and a store beside it.
func (k *wholeKilling) place() (dir, store string) {
	dir = filepath.Join(k.t.TempDir(), "dir")
	writeTestFile(k.t, filepath.Join(dir, "velox.toml"), fmt.Sprintf(killConfig, "HTTP"))
	store = filepath.Join(filepath.Dir(dir), "store")
	if k.warm {
		k.must(k.command(k.t.Context(), dir, store, "lock"))
	}
	return dir, store
}

func (k *wholeKilling) command(ctx context.Context, dir, store string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(k.t), append(args, "-q", "-j", "2")...)
	cmd.Dir = dir
	cmd.Env = append(k.w.goEnv(), "HOME="+k.home, "PATH="+os.Getenv("PATH"), "TMPDIR="+os.TempDir(), "GOPRIVATE=github.com/acme/*", "VXLITE_CACHE="+store,
		"HTTP_URL="+k.w.http.URL+"/", "PASSWORD="+httpPassword, "SSH_KEY=/none", "SSH_KNOWN_HOSTS=/none")
	return cmd
}

func (k *wholeKilling) must(cmd *exec.Cmd) {
	k.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		k.t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
}

// reference runs twice without being killed: the second time with nothing left
// to compile but what every run compiles, as those that are killed have it.
func (k *wholeKilling) reference() {
	for range 2 {
		dir, store := k.place()
		start := time.Now()
		k.must(k.command(k.t.Context(), dir, store, k.args...))
		k.takes = time.Since(start)
		k.whole = k.made(dir)
	}
}

// kill kills a run, with the programs that it has started or without them, looks
// at what is there, and runs again. older has something in the place before.
func (k *wholeKilling) kill(after time.Duration, all, older bool) {
	dir, store := k.place()
	defer os.RemoveAll(filepath.Dir(dir)) // there are many
	if older {
		k.older(dir, store)
	}
	before := k.made(dir)
	ctx, cancel := context.WithTimeout(k.t.Context(), after)
	defer cancel()
	cmd := k.command(ctx, dir, store, k.args...)
	ownProcessGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd.Process, all) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Minute
	start := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState.Exited() && !cmd.ProcessState.Success() { // it may end as it is killed
		k.t.Errorf("%v: %v: %s", after, err, &out)
	}
	if cmd.ProcessState.Exited() {
		k.takes = min(k.takes, time.Since(start)) // the machine has less to do than before
	} else {
		k.killed++
	}
	k.age(dir)
	if left := k.made(dir); !slices.Equal(left, before) || len(left) > 0 && older {
		k.there++
		if !slices.Equal(left, k.whole) && !slices.Equal(left, before) {
			k.t.Errorf("%v: there is\n%s\nwhich is neither what was there nor a whole run's", after, strings.Join(left, "\n"))
		}
	}
	k.must(k.command(k.t.Context(), dir, store, k.args...))
	if got := k.made(dir); !slices.Equal(got, k.whole) {
		k.t.Errorf("%v: there is\n%s\nwant\n%s", after, strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
	}
	for _, f := range k.leftovers(dir) {
		k.t.Errorf("%v: %s is left", after, f)
	}
}

// leftovers are what is not in its place yet, and would be soon.
func (k *wholeKilling) leftovers(dir string) []string {
	here, _ := filepath.Glob(filepath.Join(dir, ".*.tmp*"))
	below, _ := filepath.Glob(filepath.Join(dir, k.makes, ".*.tmp*"))
	return append(here, below...)
}

// age has what a killed run has left be of the day before yesterday: younger
// ones are taken for another run's.
func (k *wholeKilling) age(dir string) {
	old := time.Now().Add(-48 * time.Hour)
	for _, f := range k.leftovers(dir) {
		if err := os.Chtimes(f, old, old); err != nil && !os.IsNotExist(err) { // a child may be at it still
			k.t.Fatal(err)
		}
	}
}

// older puts something into the place that the run is to replace.
func (k *wholeKilling) older(dir, store string) {
	switch k.args[0] {
	case "build":
		writeTestFile(k.t, filepath.Join(dir, "out", "rr"), "\x7fELF, an older binary")
	case "vendor":
		k.must(k.command(k.t.Context(), dir, store, k.args...))
	}
}

// made lists what a run has made, with sums. What is not in its place yet has a
// name that begins with a dot.
func (k *wholeKilling) made(dir string) []string {
	var out []string
	err := filepath.WalkDir(filepath.Join(dir, k.makes), func(p string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || strings.HasPrefix(d.Name(), ".") {
			return cmp.Or(err, skip(d))
		}
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out = append(out, fmt.Sprintf("%s %x", rel, sha256.Sum256(data)))
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}
