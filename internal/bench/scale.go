package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scales measures how what a build does before it compiles grows with the number
// of plugins, each in a repository of its own, a tenth as many modules that they
// share, and RoadRunner with a few plugins of its own.
func (w *world) scales(ctx context.Context) error {
	fmt.Println("| plugins | shared modules | fetch | resolve | generate | check |")
	fmt.Println("|---:|---:|---:|---:|---:|---:|")
	for _, n := range []int{10, 100, 1000} {
		s := small
		s.shared = n / 10
		if err := w.scale(ctx, n, s); err != nil {
			return err
		}
	}
	return nil
}

// scale prints one line of the table.
func (w *world) scale(ctx context.Context, n int, s size) error {
	dir := filepath.Join(w.dir, fmt.Sprintf("scale%d", n))
	repos, cfg, err := generate(dir, n, s)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at := *w
	at.repos = repos
	if err := at.serveHTTP(ctx); err != nil {
		return err
	}
	defer at.http.Close()
	url := at.http.URL + "/"
	store, cold, work := filepath.Join(dir, "store"), filepath.Join(dir, "cold"), filepath.Join(dir, "work")
	env := append(slices.Clone(w.env), "VXLITE_CACHE="+store, "GOCACHE="+filepath.Join(dir, "gocache"))
	check := []string{"check", "-q", "-c", cfg, "--mirror", "https://github.com/=" + url}
	for _, prepare := range [][]string{
		{w.stage, "resolve", cfg, url, store},
		append([]string{w.vxlite}, check...), // compiles what check reads the exports of
	} {
		if _, err := timed(ctx, env, "", prepare[0], prepare[1:]...); err != nil {
			return err
		}
	}
	line := fmt.Sprintf("| %d | %d |", n, s.shared)
	for _, measure := range []func() (sample, error){
		func() (sample, error) {
			return fresh(cold, func() (sample, error) { return timed(ctx, env, "", w.stage, "resolve", cfg, url, cold) })
		},
		func() (sample, error) { return timed(ctx, env, "", w.stage, "resolve", cfg, url, store) },
		func() (sample, error) {
			return fresh(work, func() (sample, error) {
				return timedInside(ctx, env, w.stage, "generate", work, cfg, url, store)
			})
		},
		func() (sample, error) { // what was read of the plugins before is remembered there
			return fresh(filepath.Join(store, "v1", "plugins"), func() (sample, error) { return timed(ctx, env, "", w.vxlite, check...) })
		},
	} {
		samples, _, err := at.inTurn(measure, nil)
		if err != nil {
			return err
		}
		line += fmt.Sprintf(" %.0f ms, %.0f MB |", 1000*median(samples, func(s sample) float64 { return s.wall.Seconds() }),
			median(samples, func(s sample) float64 { return float64(s.memory) })/1e6)
	}
	fmt.Println(line)
	return nil
}

// fresh measures with a directory that is not there yet.
func fresh(dir string, measure func() (sample, error)) (sample, error) {
	if err := os.RemoveAll(dir); err != nil {
		return sample{}, err
	}
	return measure()
}

// timedInside runs a command that says itself how many nanoseconds it took for
// what is measured.
func timedInside(ctx context.Context, env []string, name string, args ...string) (sample, error) {
	s, said, err := timedOutput(ctx, env, "", name, args...)
	if err != nil {
		return s, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(said), 10, 64)
	s.wall = time.Duration(n)
	return s, err
}
