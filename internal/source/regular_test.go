//go:build unix

package source

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/testkit"
)

// TestIrregularFiles has a folder of somebody else's in which one file of git's is
// none: a pipe that nobody writes to, a link to a device without end, a device, a
// directory, or larger than any of its kind. Nothing waits for it, nothing is filled by it, and
// what does not need it is found all the same.
func TestIrregularFiles(t *testing.T) {
	r, _ := testkit.Lib(t)
	whole := filepath.Join(testkit.WriteRepos(t, r), "acme", "lib.git")
	loose := unpackOne(t, whole, r.Commit("v1.0.0"))
	irregular := map[string]func(name string) error{
		"pipe":   func(name string) error { return syscall.Mkfifo(name, 0o644) },
		"zero":   func(name string) error { return os.Symlink("/dev/zero", name) },
		"tty":    func(name string) error { return os.Symlink("/dev/tty", name) },
		"folder": func(name string) error { return os.Mkdir(name, 0o755) },
		"sparse": func(name string) error {
			if err := os.WriteFile(name, nil, 0o644); err != nil {
				return err
			}
			return os.Truncate(name, 1<<40)
		},
		"itself": func(name string) error { return os.Symlink(filepath.Base(name), name) },
	}
	pack, _ := filepath.Glob(filepath.Join(whole, "objects", "pack", "pack-*.pack"))
	if len(pack) != 1 {
		t.Fatalf("packs %q", pack)
	}
	packed := "objects/pack/" + filepath.Base(pack[0])
	for kind, make := range irregular {
		for _, file := range []string{
			"HEAD", "config", "packed-refs", "shallow", "index", "commondir", "objects/info/alternates", "info/exclude", "refs/tags/v1.0.0",
			"refs/heads/main", packed, strings.TrimSuffix(packed, ".pack") + ".idx", "objects/pack/pack-" + strings.Repeat("0", 40) + ".idx", loose,
		} {
			for _, tree := range []string{"", ".git"} {
				if tree != "" && kind != "pipe" {
					continue // it is the same code
				}
				t.Run(kind+" for "+filepath.Join(tree, file), func(t *testing.T) {
					dir := t.TempDir()
					git := filepath.Join(dir, tree)
					if err := os.CopyFS(git, os.DirFS(whole)); err != nil {
						t.Fatal(err)
					}
					name := filepath.Join(git, filepath.FromSlash(file))
					if err := os.RemoveAll(name); err != nil {
						t.Fatal(err)
					}
					if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := make(name); err != nil {
						t.Skip(err)
					}
					grown := testkit.Peak(func() {
						ends(t, func() {
							c := newClient(t, Options{})
							for _, choose := range []func(*Refs) (Ref, error){tag("v1.0.0"), tag("v1.1.0"), branch("main"), func(refs *Refs) (Ref, error) { return refs.Head(), nil }} {
								found, err := c.Find(t.Context(), Request{URL: dir, Choose: choose})
								if err == nil {
									_, _ = c.Tree(t.Context(), found, "")
								}
							}
							_, _ = c.Clone(t.Context(), CloneRequest{URL: dir, Dir: filepath.Join(t.TempDir(), "clone"), Commit: r.Commit("v1.0.0"), Ref: "v1.0.0"})
							_, _ = WorktreeState(dir)
						})
					})
					if grown > 64<<20 {
						t.Errorf("the heap grew by %d bytes", grown)
					}
				})
			}
		}
	}
}

// ends fails the test if f is not done soon: it waits for what never comes.
func ends(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits")
	}
}

// unpackOne gives an object of a repository a file of its own, and returns its
// name in the repository.
func unpackOne(t *testing.T, dir, hash string) string {
	t.Helper()
	st, err := gitpack.OpenFolder(dir, newClient(t, Options{}).limits)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	obj, err := st.EncodedObject(plumbing.AnyObject, plumbing.NewHash(hash))
	if err != nil {
		t.Fatal(err)
	}
	name := "objects/" + hash[:2] + "/" + hash[2:]
	data, err := gitpack.Content(obj)
	if err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, filepath.Join(dir, filepath.FromSlash(name)), looseObject(obj.Type().String(), data))
	return name
}

// TestIrregularError says what is wrong with a file that every repository has.
func TestIrregularError(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "lib.git", "HEAD"), gitpack.Head)
	if err := os.MkdirAll(filepath.Join(dir, "lib.git", "objects"), 0o755); err != nil {
		t.Fatal(err)
	}
	refs := filepath.Join(dir, "lib.git", "packed-refs")
	for _, tt := range []struct {
		make func() error
		want string
	}{
		{func() error { return syscall.Mkfifo(refs, 0o644) }, "a named pipe, not a file"},
		{func() error { return os.Symlink("/dev/zero", refs) }, "a device, not a file"},
		{func() error { return os.Mkdir(refs, 0o755) }, "a directory"},
		{func() error {
			return errors.Join(os.WriteFile(refs, nil, 0o644), os.Truncate(refs, 1<<30))
		}, "too large: 1073741824 bytes, limit 33554432"},
	} {
		if err := tt.make(); err != nil {
			t.Fatal(err)
		}
		c := newClient(t, Options{})
		_, err := c.Find(t.Context(), Request{URL: filepath.Join(dir, "lib"), Choose: refuse(t)})
		testkit.WantError(t, err, filepath.Join(dir, "lib.git")+": packed-refs is "+tt.want, "name a regular file, or put one in its place")
		if _, ok := errors.AsType[*disk.IrregularError](err); !ok {
			t.Errorf("%T", err)
		}
		if err := os.RemoveAll(refs); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLooseBombs has objects that are more than they declare, or declare more
// than they are.
func TestLooseBombs(t *testing.T) {
	r, _ := testkit.Lib(t)
	commit := r.Commit("v1.0.0")
	for name, made := range map[string]string{
		"16 MB where 5 are declared": looseStream("commit 5\x00", 16<<20),
		"5 where 10 MB are declared": looseStream("commit 10000000\x00", 5),
		"a header without end":       looseStream("commit "+strings.Repeat("1", 16<<20), 0),
		"less than nothing":          looseStream("commit -5\x00", 5),
		"16 MB where 2 are":          looseStream("commit 2000000\x00", 16<<20),
		"nothing":                    "",
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(testkit.WriteRepos(t, r), "acme", "lib.git")
			packs, _ := filepath.Glob(filepath.Join(dir, "objects", "pack", "*"))
			for _, p := range packs {
				if err := os.Remove(p); err != nil {
					t.Fatal(err)
				}
			}
			testkit.WriteFile(t, filepath.Join(dir, "objects", commit[:2], commit[2:]), made)
			c := newClient(t, Options{})
			var err error
			grown := testkit.Peak(func() { _, err = c.Find(t.Context(), Request{URL: dir, Choose: tag("v1.0.0")}) })
			if err == nil || grown > 8<<20 {
				t.Errorf("error %v, and the heap grew by %d bytes", err, grown)
			}
			t.Logf("heap %d MiB", grown>>20)
		})
	}
}

func looseStream(header string, zeros int) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(header))
	_, _ = z.Write(make([]byte, zeros))
	_ = z.Close()
	return b.String()
}

// TestManyAlternates has a repository that borrows from more others than anybody
// has.
func TestManyAlternates(t *testing.T) {
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "HEAD"), gitpack.Head)
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "/nowhere/%d/objects\n../../here%d.git/objects\n", i, i)
	}
	testkit.WriteFile(t, filepath.Join(dir, "objects", "info", "alternates"), b.String())
	testkit.WriteFile(t, filepath.Join(dir, "refs", "heads", "main"), hash1+"\n")
	ends(t, func() {
		_, err := newClient(t, Options{}).Find(t.Context(), Request{URL: dir, Choose: branch("main")})
		testkit.WantError(t, err, dir+" is damaged: object "+hash1+": "+filepath.Join(dir, "objects")+": more than 1000 directories of objects are named", "look at it with: git -C "+dir+" fsck")
	})
}
