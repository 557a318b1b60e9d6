package workspace

import (
	"fmt"
	"path"
	"sync"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/explain"
	"github.com/vxlite/vxlite/internal/manifest"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/source"
)

// Manifest is what the binary will say of itself, one for all targets.
func (k *Kit) Manifest(pl *Planned) (*manifest.Manifest, error) {
	settings, err := k.Settings(pl.Plan, config.Target{})
	if err != nil {
		return nil, err
	}
	args, err := settings.BuildArgs()
	if err != nil {
		return nil, err
	}
	m := &manifest.Manifest{Format: manifest.Format, Config: k.Config.Digest(), Flags: args[1:]}
	locked := pl.Plan.Lock()
	for _, p := range pl.Plan.Modules { // sorted by path, as Lock's are
		e := manifest.Module{Name: p.Name(), Path: p.Path, Version: p.Version}
		if p.Local {
			state := pl.locals[p.Path]
			e.Local, e.Commit, e.Dirty = true, state.Head, state.Dirty
		} else {
			l := locked[0]
			locked = locked[1:]
			e.URL, e.Commit, e.Folder, e.ReplacedBy, e.H1 = l.URL, l.Commit, l.Folder, l.ReplacedBy, l.H1
			for _, patch := range l.Patches {
				e.Patches = append(e.Patches, manifest.Patch{Name: path.Base(patch.File), SHA256: patch.SHA256})
			}
		}
		m.Modules = append(m.Modules, e)
	}
	return m, nil
}

// states looks at the local directories, by module path. It can take as long
// as their repositories are large. One that cannot be read is no reason not to
// build.
func (k *Kit) states(plan *plan.Plan) map[string]source.State {
	out := map[string]source.State{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, m := range plan.Modules {
		if !m.Local {
			continue
		}
		all.Go(func() {
			state, err := source.WorktreeState(m.From)
			if err != nil {
				k.Sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("%s: its git state is not known: %v", explain.Label(m), err)})
			}
			mu.Lock()
			defer mu.Unlock()
			out[m.Path] = state
		})
	}
	all.Wait()
	return out
}
