// Bench measures vxlite against git and against the bare go command, in one
// run and in turn, and prints ratios.
//
//	go run ./internal/bench [-runs N] [-only fetch,outdated,resolve,compile,rebuild,watch,scale] VXLITE
//
// It measures on generated repositories; with VXLITE_E2E_MIRROR (a folder of
// OWNER/NAME.git) and VXLITE_E2E_CONFIG on those. Servers are OpenSSH and
// git's http-backend on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	runs := flag.Int("runs", 3, "measure each command `N` times, in turn")
	only := flag.String("only", "fetch,outdated,resolve,compile,rebuild,watch", "measure these `PARTS`")
	flag.Parse()
	if flag.NArg() != 1 {
		exit(fmt.Errorf("usage: bench [-runs N] [-only PARTS] VXLITE"))
	}
	vxlite, err := filepath.Abs(flag.Arg(0))
	if err != nil {
		exit(err)
	}
	exit(bench(ctx, vxlite, *runs, strings.Split(*only, ",")))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// bench makes the world, and measures one thing after the other.
func bench(ctx context.Context, vxlite string, runs int, parts []string) error {
	dir, err := os.MkdirTemp("", "vxlite-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scaleOnly := slices.Equal(parts, []string{"scale"})
	w := &world{dir: dir, vxlite: vxlite, runs: runs, own: scaleOnly}
	w.stage = filepath.Join(dir, "stage")
	if _, err := timed(ctx, os.Environ(), "", "go", "build", "-o", w.stage, "github.com/vxlite/vxlite/internal/bench/stage"); err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	if !scaleOnly { // which prints a table of its own
		fmt.Printf("%-44s %10s %10s %8s %9s\n", "", "vxlite", "against", "ratio", "memory")
	}
	measures := map[string]func(context.Context) error{"fetch": w.fetches, "outdated": w.outdates, "resolve": w.resolves, "compile": w.compiles, "rebuild": w.rebuilds,
		"watch": w.watches, "scale": w.scales}
	for _, part := range parts {
		measure := measures[part]
		if measure == nil {
			return fmt.Errorf("there is no part %q", part)
		}
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sample is one run of a command.
type sample struct {
	wall   time.Duration
	memory int64 // peak resident size in bytes
}

// row prints medians, and the median of the ratios run by run.
func row(name string, a, b []sample) {
	wall := func(s sample) float64 { return s.wall.Seconds() }
	line := fmt.Sprintf("%-44s %8.0f ms", name, 1000*median(a, wall))
	if len(b) > 0 {
		ratios := make([]float64, len(a))
		for i := range a {
			ratios[i] = a[i].wall.Seconds() / b[i].wall.Seconds()
		}
		slices.Sort(ratios)
		line += fmt.Sprintf(" %7.0f ms %6.3f ×", 1000*median(b, wall), ratios[len(ratios)/2])
	} else {
		line += strings.Repeat(" ", 20)
	}
	memory := 0.0
	for _, s := range a {
		memory = max(memory, float64(s.memory)/1e6)
	}
	fmt.Printf("%s %6.0f MB\n", line, memory)
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
