package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/mirrordir"
	"github.com/vxlite/vxlite/internal/testkit"
)

// carrying is a mirror in two states, with a bundle for each.
type carrying struct {
	t       *testing.T
	dir     string
	first   string            // a mirror with the first bundle
	had     map[string]string // in it
	whole   map[string]string // what it has with the second, too
	bundles [2]string
}

// newCarrying makes a mirror of repositories of some size.
func newCarrying(t *testing.T) *carrying {
	c := &carrying{t: t, dir: t.TempDir()}
	random := rand.New(rand.NewPCG(1, 18))
	outside := filepath.Join(c.dir, "outside")
	c.first = filepath.Join(c.dir, "first")
	since := []string{}
	for n := range c.bundles {
		c.grow(outside, n, random)
		name := filepath.Join(c.dir, fmt.Sprintf("out-%d", n+1))
		c.bundles[n] = name + ".tar.zst"
		c.must(append([]string{"mirror", outside, "--bundle", c.bundles[n]}, since...)...)
		since = []string{"--since-bundle", name + ".json"}
		if n == 0 {
			c.must("mirror", c.first, "--apply", c.bundles[0])
			c.had = c.contents(c.first)
		}
	}
	c.whole = c.contents(outside)
	return c
}

// grow adds to a mirror what another run would have fetched.
func (c *carrying) grow(dir string, n int, random *rand.Rand) {
	c.t.Helper()
	m, err := mirrordir.Open(c.t.Context(), dir, mirrordir.Make, func(event.Event) {})
	testkit.Check(c.t, err)
	defer m.Close()
	testkit.Check(c.t, m.Begin())
	s := mirrordir.State{Layout: mirrordir.DefaultLayout}
	for i := range 8 {
		r := mirrordir.Repository{URL: fmt.Sprintf("https://example.com/acme/r%d", i), Path: fmt.Sprintf("git/example.com/acme/r%d.git", i)}
		s.Repositories = append(s.Repositories, r)
		if n == 0 {
			testkit.Check(c.t, gitpack.InitBare(m.Path(r.Path)))
		}
		c.addPack(m.Path(r.Path), n, random)
		testkit.WriteFile(c.t, m.Path(fmt.Sprintf("proxy/example.com/m%d/@v/v1.%d.0.zip", i, n)), fmt.Sprint(random.Uint64()))
		testkit.WriteFile(c.t, m.Path(fmt.Sprintf("proxy/example.com/m%d/@v/list", i)), "v1.0.0\nv1.1.0\n"[:7*(n+1)])
	}
	testkit.Check(c.t, m.Finish(c.t.Context(), s))
}

// addPack adds an object that hardly compresses, a tag of it, and moves a branch.
func (c *carrying) addPack(dir string, n int, random *rand.Rand) {
	c.t.Helper()
	data := make([]byte, 400<<10)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	obj := new(plumbing.MemoryObject)
	obj.SetType(plumbing.BlobObject)
	_, err := obj.Write(data)
	testkit.Check(c.t, err)
	st := memory.NewStorage()
	hash, err := st.SetEncodedObject(obj)
	testkit.Check(c.t, err)
	var pack bytes.Buffer
	_, err = packfile.NewEncoder(&pack, st, false).Encode([]plumbing.Hash{hash}, 0)
	testkit.Check(c.t, err)
	limits := config.Limits{}.OrDefault()
	_, _, err = gitpack.AddPack(dir, &pack, limits)
	testkit.Check(c.t, err)
	refs, err := gitpack.ReadPackedRefs(dir, limits)
	testkit.Check(c.t, err)
	refs = slices.DeleteFunc(refs, func(r gitpack.PackedRef) bool { return r.Name == "refs/heads/main" })
	refs = append(refs, gitpack.PackedRef{Name: "refs/heads/main", Hash: hash}, gitpack.PackedRef{Name: fmt.Sprintf("refs/tags/v1.%d.0", n), Hash: hash})
	testkit.Check(c.t, gitpack.WritePackedRefs(dir, refs))
}

func (c *carrying) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program(c.t), append(args, "-q")...)
	cmd.Env = []string{"HOME=" + c.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + c.dir}
	return cmd
}

func (c *carrying) must(args ...string) {
	c.t.Helper()
	if out, err := c.command(c.t.Context(), args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

// copy is another mirror with the first bundle.
func (c *carrying) copy(dir string) string {
	c.t.Helper()
	testkit.Check(c.t, os.CopyFS(dir, os.DirFS(c.first)))
	return dir
}

// contents are the files of a mirror, but for those that say which bundles it has.
func (c *carrying) contents(dir string) map[string]string {
	c.t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && !strings.HasPrefix(d.Name(), ".") {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") {
			return skip(d)
		}
		data, err := os.ReadFile(p)
		if name, _ := filepath.Rel(dir, p); name != mirrordir.StateFile && name != mirrordir.ListFile {
			out[filepath.ToSlash(name)] = string(data)
		}
		return err
	})
	testkit.Check(c.t, err)
	return out
}

// serves looks for what the mirror had with the first bundle: all packs and modules,
// and an object for each ref.
func (c *carrying) serves(dir string) {
	c.t.Helper()
	got := c.contents(dir)
	for name, data := range c.had {
		switch base := filepath.Base(name); {
		case base != "packed-refs" && base != "list" && got[name] != data:
			c.t.Errorf("%s is not as it was", name)
		case got[name] != data && got[name] != c.whole[name]:
			c.t.Errorf("%s is neither as it was nor as it will be", name)
		case base == "packed-refs":
			refs, err := gitpack.ParsePackedRefs([]byte(got[name]))
			testkit.Check(c.t, err)
			missing, err := gitpack.MissingObjects(refs, filepath.Join(dir, filepath.Dir(name), "objects", "pack"))
			if err != nil || len(missing) > 0 {
				c.t.Errorf("%s: %v, %v", name, missing, err)
			}
		}
	}
}

// complete applies the second bundle, and compares what is there then.
func (c *carrying) complete(dir string) {
	c.t.Helper()
	c.must("mirror", dir, "--apply", c.bundles[1])
	if got := c.contents(dir); !maps.Equal(got, c.whole) {
		c.t.Errorf("there are %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(c.whole)))
	}
	for _, left := range []string{".stage*", ".apply*", ".unfinished"} {
		if names, _ := filepath.Glob(filepath.Join(dir, left)); len(names) > 0 {
			c.t.Errorf("left is %q", names)
		}
	}
}

// TestKilledApply kills a run that applies a bundle at many points. The mirror serves
// what it served before, and the next run ends where an undisturbed one does.
func TestKilledApply(t *testing.T) {
	c := newCarrying(t)
	dir := c.copy(filepath.Join(c.dir, "reference"))
	start := time.Now()
	c.complete(dir)
	takes := time.Since(start)
	const points = 16
	random := rand.New(rand.NewPCG(7, 18))
	killed, begun := 0, 0
	for n := range points {
		dir := c.copy(filepath.Join(c.dir, fmt.Sprint("killed", n)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration((float64(n)+random.Float64())/points*float64(takes)))
		start := time.Now()
		if c.command(ctx, "mirror", dir, "--apply", c.bundles[1]).Run() != nil {
			killed++
		} else {
			takes = min(takes, time.Since(start)) // the machine has less to do than before
		}
		cancel()
		c.serves(dir)
		if names, _ := filepath.Glob(filepath.Join(dir, ".[sau]*")); len(names) > 0 {
			begun++
		}
		c.complete(dir)
		testkit.Check(t, os.RemoveAll(dir))
	}
	t.Logf("%d of %d runs of %v were killed, %d with a part done", killed, points, takes.Round(time.Millisecond), begun)
	if killed < points/3 || begun == 0 {
		t.Errorf("only %d of %d runs were killed, %d with a part done", killed, points, begun)
	}
}
