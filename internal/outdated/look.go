package outdated

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/lock"
	"github.com/vxlite/vxlite/internal/query"
	"github.com/vxlite/vxlite/internal/resolve"
	"github.com/vxlite/vxlite/internal/source"
)

// survey is what repositories are asked with.
type survey struct {
	ask     Ask
	client  *source.Client
	with    resolve.Options
	written map[string]string // Config.Written
	locked  *lock.File        // nil for none
	sink    event.Sink
}

// listing is what a repository has said of its refs, nil before it was asked.
type listing struct{ refs *source.Refs }

// look fills in the row of a module.
func (s *survey) look(ctx context.Context, l *listing, rem resolve.Remote, row *Row) error {
	entry := s.entry(rem)
	q := rem.Asks
	if entry != nil {
		row.Path, row.Ref, row.Version, row.Commit = entry.Path, entry.Ref, entry.Version, entry.Commit
		q.Folder = entry.Folder
	}
	if entry == nil && q.Ref != "" {
		if err := s.use(ctx, l, rem, row); err != nil {
			return err
		}
	}
	_, q.Major, _ = module.SplitPathVersion(row.Path)
	q.AnyMajor, q.Incompatible = false, strings.HasSuffix(row.Version, "+incompatible")
	newest, err := s.newest(ctx, l, rem, row, q)
	if err != nil {
		return err
	}
	row.Moved = entry != nil && !Exact(rem.Asks.Ref) && leadsElsewhere(l.refs, rem.Asks, q, row)
	if s.ask.VersionsOnly {
		return nil
	}
	s.when(ctx, l, rem, row)
	return s.between(ctx, rem, row, newest)
}

// entry is the lock's for what the config asks for now; nil where it is out of
// date.
func (s *survey) entry(rem resolve.Remote) *lock.Module {
	if s.locked == nil || rem.Path == "" {
		return nil
	}
	e := s.locked.Lookup(rem.Path)
	if e == nil || e.URL != lock.URL(rem.URL, s.written) || rem.Asks.Ref != "" && e.Ref != rem.Asks.Ref {
		return nil
	}
	return e
}

// use takes the commit that the config asks for, where there is no lock.
func (s *survey) use(ctx context.Context, l *listing, rem resolve.Remote, row *Row) error {
	q := rem.Asks
	used, err := s.client.Find(ctx, source.Request{Module: rem.Name, URL: rem.URL, Ref: q.Ref, Tags: q.Immutable(), Commit: q.Commit(), Choose: l.choosing(q.Choose)})
	if err != nil {
		return err
	}
	row.Commit, row.Time, row.Version = used.Commit, &used.Time, q.Ref
	if v, ok := q.TagVersion(used.Tag); ok {
		row.Version = v
	}
	if row.Path == "" { // go.mod has it
		_, mod, err := resolve.GoMod(ctx, s.client, used, q.Folder)
		if err != nil {
			return err
		}
		row.Path = mod.Module.Mod.Path
	}
	return nil
}

// choosing keeps the refs that a choice is made from: those of a local repository
// are read while it is locked.
func (l *listing) choosing(choose func(*source.Refs) (source.Ref, error)) func(*source.Refs) (source.Ref, error) {
	return func(refs *source.Refs) (source.Ref, error) {
		byName := map[string]source.Ref{}
		for _, ref := range slices.Concat(refs.Tags(), refs.Branches()) {
			byName[ref.Name] = ref
		}
		l.refs = source.NewRefs(byName, refs.Head())
		return choose(refs)
	}
}

// newest lists the repository's refs, unless that was done, and takes the commit of
// the highest version, whose go.mod says what is retracted. It returns the newest
// version's ref; none where there is no version.
func (s *survey) newest(ctx context.Context, l *listing, rem resolve.Remote, row *Row, q query.Query) (source.Ref, error) {
	highest := func(refs *source.Refs) (source.Ref, error) {
		if ref, ok := q.Newest(refs.Tags(), ""); ok {
			return ref, nil
		}
		if row.Commit != "" {
			return source.Ref{Commit: row.Commit}, nil
		}
		return q.Choose(refs)
	}
	req := source.Request{Module: rem.Name, URL: rem.URL, Ref: "latest", Why: "go.mod", Choose: l.choosing(highest)}
	if l.refs != nil {
		if ref, ok := q.Newest(l.refs.Tags(), ""); ok {
			req.Ref, req.Tags = ref.Short(), []string{ref.Short()}
		}
	}
	high, err := s.client.Find(ctx, req)
	if err != nil {
		return source.Ref{}, err
	}
	if _, mod, err := resolve.GoMod(ctx, s.client, high, q.Folder); err == nil {
		q.Retracted = func(v string) bool { _, yes := resolve.Withdrawn(mod.Retract, v); return yes }
		row.RetractedWhy, row.Retracted = resolve.Withdrawn(mod.Retract, row.Version)
		if mod.Module.Deprecated != "" {
			row.Deprecated = resolve.Reason(mod.Module.Deprecated)
		}
	} else if ctx.Err() != nil {
		return source.Ref{}, context.Cause(ctx)
	} // else the version has no go.mod there, and retracts nothing
	ref, ok := q.Newest(l.refs.Tags(), "")
	if ok {
		row.Newest, _ = q.TagVersion(ref.Short())
	}
	q.AnyMajor, q.Retracted = true, nil
	if any, ok := q.Newest(l.refs.Tags(), ""); ok {
		if v, _ := q.TagVersion(any.Short()); semver.Compare(semver.Major(v), semver.Major(row.Newest)) > 0 {
			row.Major = v
		}
	}
	return ref, nil
}

// when finds the time of the commit in use.
func (s *survey) when(ctx context.Context, l *listing, rem resolve.Remote, row *Row) {
	if row.Time != nil || row.Commit == "" {
		return
	}
	if t, ok := s.with.Store.CommitTime(row.Commit); ok {
		row.Time = &t
		return
	}
	used, err := s.client.Find(ctx, source.Request{Module: rem.Name, URL: rem.URL, Ref: row.Ref, Locked: row.Commit, Choose: l.choosing(rem.Asks.Choose)})
	if err == nil {
		row.Time = &used.Time
	} else { // as where the tag has moved, and the commit is gone
		s.sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("age of %s: %v", row.Path, err)})
	}
}

// leadsElsewhere reports whether a branch or a query leads to another commit than
// the one in use.
func leadsElsewhere(refs *source.Refs, asked, q query.Query, row *Row) bool {
	if asked.Ref == "" || asked.Commit() != "" {
		return false
	}
	q.Ref = asked.Ref
	ref, err := q.Choose(refs)
	if err != nil {
		return false // update says so
	}
	if v, ok := q.TagVersion(ref.Short()); ok && strings.HasPrefix(ref.Name, "refs/tags/") {
		return v != row.Version // of a local repository's tag, the commit is not known
	}
	return strings.HasPrefix(ref.Name, "refs/heads/") && ref.Commit != row.Commit
}

// between counts the commits between the version in use and the newest.
func (s *survey) between(ctx context.Context, rem resolve.Remote, row *Row, newest source.Ref) error {
	if !newer(row.Newest, row.Version) {
		return nil
	}
	req := source.Request{Module: rem.Name, URL: rem.URL, Ref: newest.Short(), Tags: []string{newest.Short()}, Why: "go.mod",
		Choose: func(*source.Refs) (source.Ref, error) { return newest, nil }}
	found, err := s.client.Find(ctx, req) // in the store by now, unless a higher one is retracted
	if err != nil {
		return err
	}
	b, err := s.client.Between(ctx, found, row.Commit)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil { // the versions are known all the same
		s.sink.Send(event.Event{Kind: event.Debug, Text: fmt.Sprintf("history of %s: %v", row.Path, err)})
	}
	row.Commits, row.Apart = len(b.Commits), b.Apart
	return nil
}
