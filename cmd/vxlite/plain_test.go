package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vxlite/vxlite/internal/testkit"
)

// plainProgram returns a function that compiles vxlite without the race detector
// once, and returns the directory it is in; empty where the tests have none.
//
// Scripts run that program: hashing, compression and starting a process take
// several times as long with the detector, and most scripts do one thing after
// another. Those that fetch, watch or write at once say so: racedetector.
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

// program is vxlite without the race detector, for tests that start it often.
func (w *world) program(t *testing.T) string {
	t.Helper()
	dir, err := w.plain()
	testkit.Check(t, err)
	if dir == "" {
		return "vxlite"
	}
	return filepath.Join(dir, "vxlite")
}

// usePlain has a script run vxlite without the race detector.
func (w *world) usePlain(env *testscript.Env) error {
	dir, err := w.plain()
	if err != nil || dir == "" {
		return err
	}
	env.Values["PATH"] = env.Getenv("PATH")
	env.Setenv("PATH", dir+string(os.PathListSeparator)+env.Getenv("PATH"))
	return nil
}

// raceDetector has a script run vxlite with the race detector: racedetector
func raceDetector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: racedetector")
	}
	if path, ok := ts.Value("PATH").(string); ok {
		ts.Setenv("PATH", path)
	}
}
