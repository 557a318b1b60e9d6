package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestDiskFull has a disk become full at many stages of a run: the run says so,
// and once there is room the next one gets by with what is left.
func TestDiskFull(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	k := newKilling(t, w)
	k.setConfig("HTTP")
	k.reference()
	full := 0
	for size := 16; size <= 1024; size += size / 2 {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", size)); err != nil {
			t.Skipf("mounting a small disk: %v", err)
		}
		func() {
			defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
			store := filepath.Join(dir, "store")
			var out bytes.Buffer
			cmd := k.command(t.Context(), store)
			cmd.Stdout, cmd.Stderr = &out, &out
			_ = cmd.Run()
			switch said := out.String(); {
			case strings.Contains(said, "no space left on device"):
				full++
			case !strings.HasSuffix(said, "that is enough\n"):
				t.Errorf("%d kB: %s", size, said)
			}
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
				t.Fatal(err)
			}
			k.run(store)
			k.fsck(store)
		}()
	}
	if full < 3 {
		t.Errorf("the disk was full %d times", full)
	}
}

// smallDisk mounts a disk of that many kilobytes for the time of a test, and
// returns its directory and a way to make it large.
func smallDisk(t *testing.T, kB int64) (dir string, grow func()) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kB)); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir, func() {
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=256m"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDiskFullWhole has the disk become full at any stage of runs that would end
// well: in the store, in the workspace, in what they put beside their output. The
// run says so, nothing in its place is half-made, and once there is room the next
// one makes the same bytes.
func TestDiskFullWhole(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	for _, tt := range []struct {
		name  string
		args  []string
		store bool // on that disk too
		makes string
	}{
		{"lock", []string{"lock"}, true, "velox.lock"},
		{"build", []string{"build", "-o", "out/"}, true, "out"},
		{"output", []string{"build", "-o", "out/"}, false, "out"},
		{"vendor folder", []string{"vendor", "-o", "vendor"}, false, "vendor"},
		{"vendor file", []string{"vendor", "-o", "file/vendor.tar.zst"}, false, "file"},
		{"vendor, store", []string{"vendor", "-o", "vendor"}, true, "vendor"},
		{"workspace", []string{"workspace", "dev"}, false, "dev"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := &wholeKilling{t: t, w: w, args: tt.args, warm: !tt.store, makes: tt.makes}
			k.reference()
			disk, _ := smallDisk(t, 1<<20)
			dir, store := k.placeOn(disk, tt.store)
			before := sizeOf(t, disk)
			k.must(k.command(t.Context(), dir, store, k.args...))
			took := sizeOf(t, disk) - before
			full := 0
			for _, part := range []int64{1, 5, 9} { // tenths of what it takes
				disk, grow := smallDisk(t, (before+took*part/10)>>10)
				dir, store := k.placeOn(disk, tt.store)
				out, err := k.command(t.Context(), dir, store, k.args...).CombinedOutput()
				switch {
				case err == nil: // what is removed at the end was not needed at once
				case strings.Contains(string(out), "no space left on device"):
					full++
				default:
					t.Errorf("%d tenths: %v: %s", part, err, out)
				}
				if left := k.made(dir); err != nil && tt.makes != "dev" && len(left) > 0 {
					t.Errorf("%d tenths: there is %q", part, left)
				}
				grow()
				k.must(k.command(t.Context(), dir, store, k.args...))
				if got := k.made(dir); !slices.Equal(got, k.whole) {
					t.Errorf("%d tenths: there is\n%s\nwant\n%s", part, strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
				}
				if left := k.leftovers(dir); len(left) > 0 {
					t.Errorf("%d tenths: left is %q", part, left)
				}
			}
			if full < 2 {
				t.Errorf("the disk was full %d times", full)
			}
		})
	}
}

// placeOn is place with the directory, and the store too if asked for, on another
// disk.
func (k *wholeKilling) placeOn(disk string, storeToo bool) (dir, store string) {
	k.t.Helper()
	here, store := k.place()
	dir = filepath.Join(disk, "dir")
	if err := os.CopyFS(dir, os.DirFS(here)); err != nil {
		k.t.Fatal(err)
	}
	if storeToo {
		store = filepath.Join(disk, "store")
	}
	return dir, store
}

// sizeOf is how many bytes the files below dir take.
func sizeOf(t *testing.T, dir string) int64 {
	t.Helper()
	const page = 4096
	var n int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Mode().IsRegular() {
			n += (fi.Size() + page - 1) / page * page
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDiskFullMirror has the disk become full while a bundle is applied, and while one
// is written: the run says so, and has changed nothing.
func TestDiskFullMirror(t *testing.T) {
	c := newCarrying(t)
	const room = 1600 // kilobytes of the 3.2 MB that the one takes, and of the 6.4 MB that the other does
	disk, grow := smallDisk(t, sizeOf(t, c.first)>>10+room)
	dir := c.copy(filepath.Join(disk, "mirror"))
	out, err := c.command(t.Context(), "mirror", dir, "--apply", c.bundles[1]).CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "vxlite: mirror "+dir+": no space left on device\nhint: make room on that disk") {
		t.Errorf("%v: %s", err, out)
	}
	if !maps.Equal(c.contents(dir), c.had) {
		t.Error("the mirror has changed")
	}
	grow()
	c.complete(dir)

	disk, _ = smallDisk(t, room)
	file := filepath.Join(disk, "out.tar.zst")
	out, err = c.command(t.Context(), "mirror", dir, "--bundle", file).CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "vxlite: output "+file+": no space left on device\nhint: make room on that disk") {
		t.Errorf("%v: %s", err, out)
	}
	if left, _ := os.ReadDir(disk); len(left) > 0 {
		t.Errorf("left is %q", left)
	}
}

// TestDiskFullFill has the disk become full while a mirror is brought up to date: the
// run says so, the mirror serves what it served, and the next run does the rest.
func TestDiskFullFill(t *testing.T) {
	f := newFilling(t)
	disk, grow := smallDisk(t, sizeOf(t, f.first)>>10+900) // of the 1.7 MB that it takes
	dir := f.copy(filepath.Join(disk, "mirror"))
	out, err := f.run(t.Context(), dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no space left on device\n") || !strings.Contains(string(out), "hint: make room on that disk") {
		t.Errorf("%v: %s", err, out)
	}
	f.serves(dir)
	grow()
	f.complete(dir)
}
