package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/testkit"
)

// TestKilledUpgrade kills upgrades at many points. The config and the lock are whole,
// each the old one or the new; and if they are not of the same upgrade, the next run
// makes them so.
func TestKilledUpgrade(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	config, lock := filepath.Join(dir, "velox.toml"), filepath.Join(dir, "velox.lock")
	env := append(w.goEnv(), "HOME="+testkit.TempHome(t), "PATH="+os.Getenv("PATH"), "TMPDIR="+t.TempDir(), "VXLITE_CACHE="+filepath.Join(dir, "store"))
	run := func(ctx context.Context, args ...string) error {
		cmd := exec.CommandContext(ctx, program(t), append(args, "-q", "-c", config, "--mirror", "https://github.com/="+w.repos+"/")...)
		cmd.Env = env
		return cmd.Run()
	}
	must := func(args ...string) {
		t.Helper()
		testkit.Check(t, run(t.Context(), args...))
	}
	read := func() (pair [2]string) {
		for i, name := range []string{config, lock} {
			data, err := os.ReadFile(name)
			testkit.Check(t, err)
			pair[i] = string(data)
		}
		return pair
	}
	writeTestFile(t, config, `[roadrunner]
ref = "v2025.1.14"

[plugins.status]
module_name = "github.com/roadrunner-server/status/v5"
tag = "v5.1.8"
`)
	must("lock")
	before := read()
	must("upgrade") // which compiles what Endure's rules are read from
	after := read()
	reset := func() {
		writeTestFile(t, config, before[0])
		writeTestFile(t, lock, before[1])
	}
	reset()
	start := time.Now()
	must("upgrade")
	takes := time.Since(start)
	const points = 8
	random := rand.New(rand.NewPCG(7, 7))
	killed := 0
	for n := range points {
		reset()
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration((float64(n)+random.Float64())/points*float64(takes)))
		if run(ctx, "upgrade") != nil {
			killed++
		}
		cancel()
		switch got := read(); {
		case got != before && got != after && got != [2]string{after[0], before[1]}:
			t.Fatalf("config and lock are\n%s\n%s", got[0], got[1])
		case got != before:
			must("lock")
			if read() != after {
				t.Error("the next run does not make the lock of the upgrade")
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".velox.*")); len(left) > 2 {
			t.Errorf("left: %q", left)
		}
	}
	if killed < points/2 {
		t.Errorf("only %d of %d runs were killed", killed, points)
	}
	must("upgrade")
	if left, _ := filepath.Glob(filepath.Join(dir, ".velox.*")); read() != after || len(left) > 0 {
		t.Errorf("not upgraded, or left: %q", left)
	}
}
