package build

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
	"github.com/vxlite/vxlite/internal/gen"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/manifest"
)

// workspace is what is to be compiled.
type workspace struct {
	*kit
	*planned
	sums   []lock.Sum // of third-party modules
	files  *gen.Workspace
	digest string // of the files and all that they refer to
	dir    string // where write puts them; its name says what is in it
}

// generate decides the workspace's files, with these checksums of third-party
// modules.
func (k *kit) generate(p *planned, sums []lock.Sum) (*workspace, error) {
	m, err := k.manifest(p)
	if err != nil {
		return nil, err
	}
	inside, err := manifest.Encode(m)
	if err != nil {
		return nil, err
	}
	w := &workspace{kit: k, planned: p, sums: sums}
	w.files, err = gen.Generate(p.plan, gen.Options{Profile: k.profile(), NoProfile: k.Config.Build.PGO == "off", Manifest: inside,
		GoSums: p.goSums, Sums: sums})
	if err != nil {
		return nil, err
	}
	w.digest = gen.Digest(p.plan, w.files)
	w.dir = filepath.Join(k.store.Dir(), "work", w.digest[:32])
	return w, nil
}

// prepare leads from the config to the workspace, with what the lock has of
// checksums: resolve, fetch, generate.
func prepare(ctx context.Context, m Machine, p Project, a asking) (*workspace, error) {
	k, err := open(ctx, m, p)
	if err != nil {
		return nil, err
	}
	plan, err := k.planFor(ctx, a)
	if err != nil {
		return nil, err
	}
	return k.generate(plan, plan.lock.sums())
}

// write puts the workspace on disk, unless it is there.
func (w *workspace) write() error {
	if disk.IsDir(w.dir) {
		if err := w.restoreSums(); err != nil {
			return err
		}
		if w.files.Intact(w.dir) {
			return nil
		}
		w.Sink.Send(event.Event{Kind: event.Note, Text: w.dir + " is damaged and is rewritten"})
		if err := w.store.Discard(w.dir); err != nil {
			return fmt.Errorf("workspace: %w", err)
		}
	}
	if err := w.store.Publish(w.dir, func(dir string) error { return w.files.Write(dir, false) }); err != nil {
		return fmt.Errorf("workspace: %w", err)
	}
	return nil
}

// restoreSums takes back what the go command added to the workspace's
// checksums.
func (w *workspace) restoreSums() error {
	name := filepath.Join(w.dir, gen.SumFile)
	data := w.files.File(gen.SumFile)
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

// check refuses a plan that could not compile, or that the compiler would
// explain worse.
func (w *workspace) check(ctx context.Context) error {
	if err := w.intact(ctx); err != nil {
		return err
	}
	return w.buildable()
}

// buildable refuses a plan that the go command would refuse in its own words:
// it needs a newer Go, or what main.go is to register is not there.
func (w *workspace) buildable() error {
	if err := checkGo(w.plan, w.tool); err != nil {
		return err
	}
	return endure.CheckSymbols(w.plan)
}

// intact makes sure that the modules' files are those that were fetched. A run
// in which nothing has changed does not look at them.
func (w *workspace) intact(ctx context.Context) error {
	client, err := w.client(false)
	if err != nil {
		return err
	}
	defer client.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range w.plan.Modules {
		if !m.Local {
			g.Go(func() error {
				_, err := client.CheckFiles(ctx, m.Found(), m.Folder)
				return err
			})
		}
	}
	return g.Wait()
}

// profile is the config's own profile for profile-guided optimisation.
func (k *kit) profile() string {
	if p := k.Config.Build.PGO; p != "auto" && p != "off" {
		return p
	}
	return ""
}
