package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// atOnce is how many run on one store at the same time.
const atOnce = 16

// TestManyAtOnce has many runs share a new store, with the same config and with
// different ones: all come to their end, and each repository is fetched once.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	k := newKilling(t, w)
	k.setConfig("HTTP")
	k.reference()
	other := *k
	other.config = filepath.Join(k.dir, "other.toml")
	writeTestFile(t, other.config, strings.Replace(fmt.Sprintf(killConfig, "HTTP"), "[plugins.rpc]\nmodule_name = \"github.com/roadrunner-server/rpc/v5\"\ntag = \"v5.1.9\"\n", "", 1))
	store := filepath.Join(t.TempDir(), "a store with spaces, ünïcödë, [ci] and "+strings.Repeat("length", 30))
	before := len(w.http.Requests())
	var wg sync.WaitGroup
	for n := range atOnce {
		run := k
		if n%4 == 3 {
			run = &other
		}
		wg.Go(func() { run.run(store) })
	}
	wg.Wait()
	packs := map[string]int{}
	for _, r := range w.http.Requests()[before:] {
		if r.Method == http.MethodPost {
			packs[r.URL]++
		}
	}
	// Of a module that the config does not name, the history and its newest
	// version, which has what is retracted, are fetched besides its files.
	for url, n := range packs {
		if most := 1 + 2*strings.Count(url, "/acme/"); n > most {
			t.Errorf("%s was fetched %d times", url, n)
		}
	}
	if len(packs) < 5 {
		t.Errorf("fetched: %v", packs)
	}
	k.fsck(store)
}

// TestKilledAmongMany has some of many runs killed: the others do not notice.
func TestKilledAmongMany(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	k := newKilling(t, w)
	k.setConfig("HTTP")
	k.reference()
	store := filepath.Join(t.TempDir(), "store")
	random := rand.New(rand.NewPCG(17, 19))
	var wg sync.WaitGroup
	for n := range atOnce {
		after := time.Duration(random.Int64N(int64(4 * k.takes)))
		wg.Go(func() {
			if n%4 != 0 {
				k.run(store)
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			var out bytes.Buffer
			cmd := k.command(ctx, store)
			cmd.Stdout, cmd.Stderr = &out, &out
			_ = cmd.Run()
		})
	}
	wg.Wait()
	k.run(store)
	if got := k.contents(store); !slices.Equal(got, k.whole) {
		t.Errorf("the store holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
	}
	k.fsck(store)
}

// TestOddHomes has a home that nobody can write to, and clocks that were set
// back, or forward, since the store was filled.
func TestOddHomes(t *testing.T) {
	w := newWorld(t)
	if w.http == nil {
		t.Skip("git is not installed")
	}
	k := newKilling(t, w)
	k.setConfig("HTTP")
	k.reference()
	store := filepath.Join(t.TempDir(), "store")
	for _, at := range []time.Time{time.Now(), time.Now().AddDate(50, 0, 0), time.Unix(1, 0)} {
		for _, files := range storeFiles(t, store) {
			for _, f := range files {
				if err := os.Chtimes(f, at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, home := range []string{"/proc", "/none", ""} { // root cannot write to the first either
			odd := *k
			odd.env = append(slices.Clone(k.env), "HOME="+home)
			odd.run(store)
		}
		if got := k.contents(store); !slices.Equal(got, k.whole) {
			t.Errorf("at %v the store holds\n%s\nwant\n%s", at, strings.Join(got, "\n"), strings.Join(k.whole, "\n"))
		}
	}
}
