package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// plainProgram returns a function that compiles vxlite without the race detector
// once, and returns the directory it is in; empty where the tests have none.
//
// Compression and the search for licences take ten times as long with it, and
// internal/vendoring and internal/sbom test them with it on a smaller scale.
func plainProgram(t *testing.T) func() (dir string, err error) {
	dir := t.TempDir()
	return sync.OnceValues(func() (string, error) {
		if !underRace() {
			return "", nil
		}
		cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "vxlite"), ".")
		cmd.Stderr = os.Stderr
		return dir, cmd.Run()
	})
}

func underRace() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// plainPath has a script run vxlite without the race detector: plain
func (w *world) plainPath(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: plain")
	}
	dir, err := w.plain()
	ts.Check(err)
	if dir != "" {
		ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
	}
}
