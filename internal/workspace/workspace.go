package workspace

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/endure"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/manifest"
)

// Workspace is what is to be compiled.
type Workspace struct {
	*Kit
	*Planned
	Sums   []lock.Sum // of third-party modules
	Files  *gen.Workspace
	Digest string // of the files and all that they refer to
	Dir    string // where write puts them; its name says what is in it
}

// generate decides the workspace's files, with these checksums of third-party
// modules.
func (k *Kit) generate(p *Planned, sums []lock.Sum) (*Workspace, error) {
	m, err := k.Manifest(p)
	if err != nil {
		return nil, err
	}
	inside, err := manifest.Encode(m)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Kit: k, Planned: p, Sums: sums}
	w.Files, err = gen.Generate(p.Plan, gen.Options{Profile: k.Profile(), ProfilePlace: k.Config.Places.PGO, NoProfile: k.Config.Build.PGO == "off", Manifest: inside,
		GoSums: p.GoSums, Sums: sums})
	if err != nil {
		return nil, err
	}
	w.Digest = gen.Digest(p.Plan, w.Files)
	w.Dir = filepath.Join(k.Store.Dir(), "work", w.Digest[:32])
	return w, nil
}

// Prepare leads from the config to the workspace, with what the lock has of
// checksums: resolve, fetch, generate.
func Prepare(ctx context.Context, m Machine, p Project, a Ask) (*Workspace, error) {
	k, err := Open(ctx, m, p)
	if err != nil {
		return nil, err
	}
	plan, err := k.planFor(ctx, a)
	if err != nil {
		return nil, err
	}
	return k.generate(plan, plan.Lock.Sums())
}

// Write puts the workspace on disk, unless it is there.
func (w *Workspace) Write() error {
	if disk.IsDir(w.Dir) {
		if err := w.restoreSums(); err != nil {
			return err
		}
		if w.Files.Intact(w.Dir) {
			return nil
		}
		w.Sink.Send(event.Event{Kind: event.Note, Text: w.Dir + " is damaged and is rewritten"})
		if err := w.Store.Discard(w.Dir); err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
	}
	if err := w.Store.Publish(w.Dir, func(dir string) error { return w.Files.Write(dir, false) }); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	return nil
}

// restoreSums takes back what the go command added to the workspace's
// checksums.
func (w *Workspace) restoreSums() error {
	name := filepath.Join(w.Dir, gen.SumFile)
	data := w.Files.File(gen.SumFile)
	now, err := readSums(name)
	if err != nil {
		return err
	}
	if now == string(data) {
		return nil
	}
	if data == nil {
		return os.Remove(name)
	}
	return os.WriteFile(name, data, 0o644)
}

// Check refuses a plan that could not compile, or that the compiler would
// explain worse.
func (w *Workspace) Check(ctx context.Context) error {
	if err := w.intact(ctx); err != nil {
		return err
	}
	return w.Buildable()
}

// Buildable refuses a plan that the go command would refuse in its own words:
// it needs a newer Go, or what main.go is to register is not there.
func (w *Workspace) Buildable() error {
	if err := explain.CheckGo(w.Plan, w.Tool); err != nil {
		return err
	}
	return endure.CheckSymbols(w.Plan)
}

// intact makes sure that the modules' files are those that were fetched. A run
// in which nothing has changed does not look at them.
func (w *Workspace) intact(ctx context.Context) error {
	client, err := w.Client(false)
	if err != nil {
		return err
	}
	defer client.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range w.Plan.Modules {
		if !m.Local {
			g.Go(func() error {
				_, err := client.CheckFiles(ctx, m.Found(), m.Folder)
				return err
			})
		}
	}
	return g.Wait()
}

// Profile is the config's own Profile for Profile-guided optimisation.
func (k *Kit) Profile() string {
	if p := k.Config.Build.PGO; p != "auto" && p != "off" {
		return p
	}
	return ""
}
