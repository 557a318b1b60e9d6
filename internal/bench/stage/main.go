// Stage is one stage of a build alone, for the benchmarks: a program of its own,
// so that it begins as vxlite does.
//
//	stage resolve CONFIG MIRROR STORE [KNOWN_HOSTS KEY]
//	stage generate DIR CONFIG MIRROR STORE
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/config/parse"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// atOnce is how many repositories are fetched at a time.
const atOnce = 8

func main() {
	stages := map[string]func([]string) error{"resolve": resolveOnly, "generate": generateOnly}
	if err := stages[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

// resolveOnly resolves, fetching what the store has not, and generates.
func resolveOnly(args []string) error {
	plan, end, err := planOf(args)
	if err != nil {
		return err
	}
	defer end()
	ws, err := gen.Generate(plan, gen.Options{})
	if err != nil {
		return err
	}
	if len(ws.Files) == 0 {
		return fmt.Errorf("nothing was generated")
	}
	return nil
}

// generateOnly resolves, and says how long the workspace then took to be made in
// DIR: generate DIR CONFIG MIRROR STORE
func generateOnly(args []string) error {
	plan, end, err := planOf(args[1:])
	if err != nil {
		return err
	}
	defer end()
	start := time.Now()
	ws, err := gen.Generate(plan, gen.Options{})
	if err != nil {
		return err
	}
	if err := ws.Write(args[0], false); err != nil {
		return err
	}
	fmt.Println(time.Since(start).Nanoseconds())
	return nil
}

// planOf resolves, and fetches what the store has not. end gives back what was
// opened for it.
func planOf(args []string) (plan *plan.Plan, end func(), err error) {
	cfg, err := parse.File(args[0], os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	cfg.Mirrors = []config.Mirror{{From: "https://github.com/", To: []string{args[1]}}}
	if len(args) > 3 {
		cfg.Git.KnownHosts = []string{args[3]}
		cfg.Git.Credentials = []config.Credential{{Host: "127.0.0.1", SSHKey: args[4]}}
	}
	store, err := store.Open(args[2])
	if err != nil {
		return nil, nil, err
	}
	client, err := source.NewClient(source.Options{Store: store, Env: os.LookupEnv, Mirrors: cfg.Mirrors, Git: cfg.Git, Jobs: atOnce})
	if err != nil {
		return nil, nil, err
	}
	plan, err = resolve.Resolve(context.Background(), cfg, resolve.Options{Client: client, Store: store, Jobs: atOnce})
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return plan, client.Close, nil
}
