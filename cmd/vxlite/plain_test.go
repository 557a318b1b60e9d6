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

// plainProgram compiles vxlite without the race detector when a test first asks for
// it, and returns its file.
//
// Most scripts run that program: hashing, compression and starting a process take
// several times as long with the detector, and most scripts do one thing after
// another. Those that fetch, watch or write at once say so: racedetector.
var plainProgram func() (file string, err error)

// tests are all of them, with a directory for plainProgram until they are done.
type tests struct{ *testing.M }

// Run implements testscript.TestingM.
func (m tests) Run() int {
	dir, err := os.MkdirTemp("", "vxlite-plain-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	plainProgram = sync.OnceValues(func() (string, error) {
		cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir, ".")
		cmd.Stderr = os.Stderr
		return filepath.Join(dir, "vxlite"), cmd.Run()
	})
	return m.M.Run()
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
func program(t *testing.T) string {
	t.Helper()
	if !underRace() {
		return "vxlite"
	}
	file, err := plainProgram()
	testkit.Check(t, err)
	return file
}

// usePlain has a script run vxlite without the race detector.
func usePlain(env *testscript.Env) error {
	if !underRace() {
		return nil
	}
	file, err := plainProgram()
	env.Values["PATH"] = env.Getenv("PATH")
	env.Setenv("PATH", filepath.Dir(file)+string(os.PathListSeparator)+env.Getenv("PATH"))
	return err
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
