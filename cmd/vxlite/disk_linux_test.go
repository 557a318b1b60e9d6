package main

import (
	"bytes"
	"fmt"
	"path/filepath"
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
