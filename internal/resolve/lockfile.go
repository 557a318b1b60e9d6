package resolve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/source"
	"github.com/vxlite/vxlite/internal/store"
)

// Lock returns what a lock has of the plan's modules, sorted by path: those
// from git, without the user's own directories.
func (p *Plan) Lock() []lock.Module {
	var out []lock.Module
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		e := lock.Module{Path: m.Path, Version: m.Version, URL: p.urls.url(m.URL), Ref: m.Ref, Commit: m.Commit, Folder: m.Folder, H1: m.H1}
		if own := (module.Version{Path: m.Path, Version: m.Version}); m.Own != own && m.Own != (module.Version{}) {
			e.ReplacedBy = m.Own.Path + "@" + m.Own.Version
		}
		if m.insteadOf != "" {
			e.InsteadOf = m.insteadOf
		}
		out = append(out, e)
	}
	return out
}

// hash fills in the hashes of the modules from git.
func (r *resolver) hash(ctx context.Context, p *Plan) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range p.Modules {
		if m.Local {
			continue
		}
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return m.hash(ctx, r.client, r.store)
		})
	}
	return g.Wait()
}

// hashes are what the store keeps of a module, whose files do not change.
type hashes struct {
	H1    string `json:"h1"`
	GoMod string `json:"mod"`
}

// hash works out H1 and GoModH1, as the go command would of the module's zip.
func (m *Module) hash(ctx context.Context, client *source.Client, store *store.Store) error {
	own := m.Hashed()
	prefix := own.Path + "@" + own.Version
	// 2 is for hashes in which .gitattributes count.
	sum := sha256.Sum256([]byte("2\n" + m.Folder + "\n" + prefix))
	name := m.Commit + "-" + hex.EncodeToString(sum[:8])
	var h hashes
	if !store.ReadJSON(&h, "h1", name) || h.H1 == "" {
		sums, err := client.CheckFiles(ctx, m.Found(), m.Folder)
		if err != nil {
			return err
		}
		h = hashes{H1: sums.H1(prefix), GoMod: sums.GoModH1()}
		if m.NoGoMod {
			if h.GoMod, err = dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(MadeUpGoMod(own.Path))), nil
			}); err != nil {
				return err
			}
		}
		if err := store.WriteJSON(h, "h1", name); err != nil {
			return err
		}
	}
	m.H1, m.GoModH1 = h.H1, h.GoMod
	return nil
}

// noteMovedTag notes a tag that does not stay.
func (r *resolver) noteMovedTag(name string, locked bool, moved *source.Moved) {
	if moved == nil {
		return
	}
	note := fmt.Sprintf("%s: tag %s has moved: it was %s when it was first fetched, and is %s at %s now; the new commit is used", name, moved.Tag, moved.Was, moved.Now, moved.From)
	switch {
	case locked && moved.Now == "":
		note = fmt.Sprintf("%s: tag %s is no longer at %s; the locked commit %s is used", name, moved.Tag, moved.From, moved.Was)
	case locked:
		note = fmt.Sprintf("%s: tag %s has moved: it was %s when it was locked, and is %s at %s now; the locked commit is used", name, moved.Tag, moved.Was, moved.Now, moved.From)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = append(r.moved, note)
}

// noteOtherOrigins notes a tag that another place of the repository, which another
// config has asked, has for another commit.
func (r *resolver) noteOtherOrigins(name string, found source.Found) {
	var others []string
	for _, e := range r.client.Elsewhere(found) {
		others = append(others, fmt.Sprintf("%s at %s", e.Commit, e.From))
	}
	if others == nil {
		return
	}
	note := fmt.Sprintf("%s: tag %s is %s at %s and %s, which another config asked; the first is used", name, found.Tag, found.Commit, found.From, brief.List(others, 3))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.moved = append(r.moved, note)
}

// notLocked remembers a request that the lock does not answer.
func (r *resolver) notLocked(w wanted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unlocked = append(r.unlocked, strings.TrimSpace(w.name+" "+w.asked()))
}
