package resolve

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/sync/errgroup"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/modurl"
	"github.com/vxlite/vxlite/internal/plan"
	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/source"
)

// wanted is a module that the config or a requirement asks for.
type wanted struct {
	name string // for messages
	pos  config.Position
	// path is the module path, or empty where go.mod decides.
	path   string
	url    string // empty where path leads to it
	ref    string
	folder string
	dir    string // a local directory instead
	// patches are applied to the files.
	patches []config.Patch
	// requirement is a version that go.mod files ask for, in place of ref.
	requirement string
	by          string       // whose requirement it is
	asker       *plan.Module // the same, where it is the closure's
	// replaced says that only the module path and the version are wanted, as
	// the files are another's.
	replaced bool
	// noGoMod says that a go.mod is made up where there is none.
	noGoMod bool
	// substitute says that the files come from another module (a replace), so
	// that its go.mod may declare another path. A directory goes by path then,
	// where that is set: the go command does not ask for more.
	substitute bool
}

// all fetches several modules at once, and reports every failure.
func (r *resolver) all(ctx context.Context, ws []wanted) ([]*plan.Module, error) {
	got := make([]*plan.Module, len(ws))
	errs := make([]error, len(ws))
	g := new(errgroup.Group)
	// Reading trees waits for the disk as fetching does for the network, so
	// there is work for more than there are processors.
	g.SetLimit(r.jobs)
	for i, w := range ws {
		g.Go(func() error {
			got[i], errs[i] = r.one(ctx, w)
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := errors.Join(oncePerCause(errs)...); err != nil {
		return nil, err
	}
	for i, m := range got {
		prefix, _, _ := module.SplitPathVersion(m.Path)
		known, ok := modurl.KnownHost(prefix)
		if m.URL != "" && (ws[i].url != "" || ok && strings.HasPrefix(m.URL, known.URL+"/")) {
			r.roots.Learn(m.Path, m.Folder, m.URL)
		}
	}
	return got, nil
}

// one fetches one module and reads its go.mod.
func (r *resolver) one(ctx context.Context, w wanted) (*plan.Module, error) {
	m, err := r.fetchOne(ctx, w)
	if err != nil {
		return nil, w.wrap(err)
	}
	return m, nil
}

func (r *resolver) fetchOne(ctx context.Context, w wanted) (*plan.Module, error) {
	if w.dir != "" {
		w.dir = moduleDir(w.dir, w.folder)
		return r.localModule(w)
	}
	if w.url == "" {
		return r.anywhere(ctx, w)
	}
	return r.fetchAt(ctx, w, modurl.Location{URL: w.url, Folder: w.folder})
}

// fetchAt takes the module from one repository.
func (r *resolver) fetchAt(ctx context.Context, w wanted, loc modurl.Location) (*plan.Module, error) {
	if w.replaced {
		if e := r.lock.insteadOf(w, loc); e != nil {
			return &plan.Module{Path: e.Path, Version: e.Version, Pos: w.pos, URL: loc.URL, Ref: w.ref}, nil
		}
	}
	q := query.Query{Ref: w.ref, Folder: loc.Folder, AnyMajor: w.path == ""}
	if w.path != "" {
		_, q.Major, _ = module.SplitPathVersion(w.path)
		q.NoGoMod = w.noGoMod && loc.Folder == "" && q.Major == ""
	}
	req := source.Request{Module: w.name, URL: loc.URL, Ref: w.ref, Tags: q.Immutable(), Commit: q.Commit(), Choose: q.Choose}
	if w.requirement != "" {
		req = r.requirement(w, loc.URL, q)
	}
	entry := r.lock.find(w, loc)
	if entry != nil {
		req.Locked = entry.Commit
	} else {
		r.notLocked(w)
	}
	if entry != nil || w.requirement != "" {
		return r.findAndRead(ctx, w, q, req, loc.Folder, nil)
	}
	return r.query(ctx, w, q, req, loc.Folder)
}

// findAndRead takes the module that answers a request.
func (r *resolver) findAndRead(ctx context.Context, w wanted, q query.Query, req source.Request, folder string, withdrawn *retractions) (*plan.Module, error) {
	found, err := r.client.Find(ctx, req)
	if err != nil {
		return nil, err
	}
	r.noteMovedTag(w.name, req.Locked != "", found.Moved)
	if req.Locked == "" {
		r.noteOtherOrigins(w.name, found)
	}
	return r.read(ctx, w, q, found, folder, withdrawn)
}

// requirement makes the request for a version that a go.mod names.
func (r *resolver) requirement(w wanted, url string, q query.Query) source.Request {
	v := w.requirement
	if module.IsPseudoVersion(v) {
		rev, _ := module.PseudoVersionRev(v)
		q.Ref = rev
		return source.Request{Module: w.name, URL: url, Ref: v, Alias: w.path + "@" + v, Choose: q.Choose}
	}
	q.Ref = trimIncompatible(v)
	return source.Request{Module: w.name, URL: url, Ref: v, Tags: q.Immutable(), Choose: q.ChooseTag}
}
