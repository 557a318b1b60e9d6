// Package source gets the files of a module out of a git repository: from a server,
// by way of gitconn, or from a local path, by way of gitpack, into a store that many
// runs share. It knows refs, commits and folders, nothing of module versions. Begin
// with [Client].
//
// A ref is a name that may move; it is turned into a commit once, by
// [Client.Find], and only commits are used after that.
package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/event"
	"github.com/vxlite/vxlite/internal/gitconn"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/patch"
	"github.com/vxlite/vxlite/internal/store"
)

// Options says how a Client reaches repositories.
type Options struct {
	Store   *store.Store
	Env     gitconn.Env
	Mirrors []config.Mirror
	Git     config.Git
	Limits  config.Limits
	// Jobs bounds the conversations with servers that go on at once.
	Jobs int
	// Offline forbids all of them; local paths still serve.
	Offline bool
	// Fresh asks the servers even where the store knows what a tag was: a tag
	// can have moved since.
	Fresh bool
	// Exported is a directory with a repository for each commit, named by it,
	// as Export makes them. Nothing else is then read: no server, no local
	// path, no mirror.
	Exported string
	Sink     event.Sink
}

// Client finds commits and their files.
type Client struct {
	store    *store.Store
	env      gitconn.Env
	limits   config.Limits
	patience config.Patience
	offline  bool
	fresh    bool
	exported string
	sink     event.Sink
	anchors  map[string]string // see place
	conns    *gitconn.Conns
	slots    chan struct{}

	// objectsOf holds the objects of commits that this run fetched, until their
	// tree is taken: storer.EncodedObjectStorer by commit.
	objectsOf sync.Map
	// fetched holds the commits that this run fetched, wrote the trees that it
	// wrote, by directory.
	fetched, wrote sync.Map

	mu    sync.Mutex
	local map[string]*localRepo    // by path
	repos map[string]chan struct{} // by place: a repository is fetched once a run
}

// NewClient returns a Client; Close ends its connections.
func NewClient(o Options) (*Client, error) {
	o.Git.Patience = o.Git.Patience.OrDefault()
	conns, err := gitconn.New(gitconn.Options{Env: o.Env, Mirrors: o.Mirrors, Git: o.Git, Limits: o.Limits.OrDefault(), Sink: o.Sink})
	if err != nil {
		return nil, err
	}
	return &Client{
		store:    o.Store,
		env:      o.Env,
		limits:   o.Limits.OrDefault(),
		patience: o.Git.Patience,
		offline:  o.Offline,
		fresh:    o.Fresh && !o.Offline,
		exported: o.Exported,
		sink:     o.Sink,
		anchors:  anchors(o.Git),
		conns:    conns,
		slots:    make(chan struct{}, max(1, o.Jobs)),
		local:    map[string]*localRepo{},
		repos:    map[string]chan struct{}{},
	}, nil
}

// Close ends all connections, and closes local repositories.
func (c *Client) Close() {
	c.conns.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.local {
		_ = r.st.Close() // it was only read
	}
	clear(c.local)
}

// HTTP returns the client that trusts what the config trusts.
func (c *Client) HTTP() *http.Client { return c.conns.HTTP() }

// Request asks for a commit.
type Request struct {
	// Module is what the repository is wanted for, for messages.
	Module string
	// URL is the clone URL before mirrors.
	URL string
	// Tags answer the request without asking a server: the first that the same
	// server told in an earlier run, if those before it are known not to be there.
	Tags []string
	// Commit is a whole commit hash, where the request is for one.
	Commit string
	// Alias is a name that always means the same commit but is no tag (a
	// pseudo-version); what it led to is remembered like a tag.
	Alias string
	// Choose picks from what the repository offers. It may return a Ref whose
	// Commit is only the beginning of a hash, of 7 digits at least.
	Choose func(*Refs) (Ref, error)
	// Locked is the commit that a lock has for this request, or empty. It is
	// taken whatever Choose says; Found.Moved tells where that would lead.
	Locked string
	// Ref is the request as the user wrote it, for messages.
	Ref string
	// Why says what the commit is wanted for, where that is not to be built.
	Why string
}

// Found is a commit that is in the store or can be read from a local path.
type Found struct {
	// Commit is 40 hex digits.
	Commit string
	// Tag is the tag that led to it, or empty.
	Tag string
	// Time is the commit's own, in UTC.
	Time time.Time
	// Moved is set where a repository was asked and a tag names another commit
	// there than it did when it was locked or, without a lock, first fetched.
	Moved *Moved
	// URL is the one asked for; From is where it came or would come from,
	// after mirrors.
	URL, From string
	// Stored says that the store had it: nothing came from From in this run.
	Stored bool
	// NoGoMod lets the repository's root be a module that has no go.mod.
	NoGoMod bool
	// Patches are applied to the commit's files; nil for none.
	Patches *patch.Series
	module  string
}

// Moved is a tag that does not stay.
type Moved struct {
	Tag string
	// Was is the commit that the lock or the store knows. Now is the one that
	// the repository has under the tag, and empty where the tag is gone.
	Was, Now string
	// From is the repository that was asked.
	From string
}

// Find resolves a request to a commit and makes sure that its files can be
// had. Mirrors are tried in order, and then again where that may help; the error
// tells of each.
func (c *Client) Find(ctx context.Context, req Request) (Found, error) {
	if c.exported != "" {
		return c.findExported(req)
	}
	var found Found
	err := c.conns.Retry(ctx, req.Module, req.Ref, func() (err error) {
		found, err = c.findOnce(ctx, req)
		return err
	})
	return found, err
}

// findOnce asks each mirror once.
func (c *Client) findOnce(ctx context.Context, req Request) (Found, error) {
	written, err := giturl.Parse(req.URL)
	if err == nil && written.Scheme != "ssh" { // what logs in is neither shown nor kept
		c.conns.Learn(written)
		own, _ := config.SplitUser(req.URL)
		req.URL = own.URL
	}
	var found Found
	failed, err := c.fromAny(ctx, req.URL, func(remote giturl.Remote) (err error) {
		found, err = c.findAt(ctx, req, remote)
		found.URL, found.From, found.module = req.URL, remote.String(), req.Module
		return err
	})
	if err == nil {
		return found, nil
	}
	if ctx.Err() != nil {
		return Found{}, err
	}
	if gone := allGone(req, failed); gone != nil {
		return Found{}, gone
	}
	return Found{}, err
}

// fromAny tries the places of a repository in order until one will do. If none
// does, it returns the error of each, and one for all.
func (c *Client) fromAny(ctx context.Context, repoURL string, try func(giturl.Remote) error) (failed []error, err error) {
	for _, candidate := range c.conns.Candidates(repoURL) {
		remote, err := giturl.Parse(candidate)
		if err == nil {
			c.conns.Learn(remote)
			err = try(remote)
		}
		if err == nil {
			return nil, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		failed = append(failed, err)
	}
	if len(failed) == 1 {
		return failed, failed[0]
	}
	return failed, errors.Join(failed...)
}

// allGone makes one error of those of remotes that were asked for a locked
// commit and none of which has it.
func allGone(req Request, failed []error) error {
	e := &GoneError{Ref: req.Ref, Commit: req.Locked}
	for _, err := range failed {
		none, ok := errors.AsType[*NoCommitError](err)
		if !ok || req.Locked == "" {
			return nil
		}
		e.Asked = append(e.Asked, none.URL)
		if none.moved != nil {
			e.Moved = none.moved
		}
	}
	return e
}

// GoneError is a locked commit that no remote has any more.
type GoneError struct {
	Ref, Commit string
	// Asked are the remotes, in order.
	Asked []string
	// Moved is set where the commit had a tag and the tag went elsewhere.
	Moved *Moved
}

// Error implements error.
func (e *GoneError) Error() string {
	s := fmt.Sprintf("no remote has the locked commit %s of %s any more: ", e.Commit, e.Ref)
	if e.Moved != nil && e.Moved.Now != "" {
		s = fmt.Sprintf("tag %s was %s when it was locked and is %s now, and no remote has the locked commit any more: ", e.Moved.Tag, e.Commit, e.Moved.Now)
	}
	return s + "asked " + strings.Join(e.Asked, ", ")
}

// Hints says how to get on.
func (e *GoneError) Hints() []string {
	return []string{"name a mirror that still has the commit: --mirror FROM=TO", "or take what is there now: vxlite update"}
}

func (c *Client) findAt(ctx context.Context, req Request, remote giturl.Remote) (Found, error) {
	at := c.place(remote)
	if found, ok := c.known(req, at); ok && req.Locked != "" && !c.fresh && c.store.HasTree(req.Locked) {
		return found, nil // without so much as opening a repository
	}
	if remote.Local() {
		return c.findLocal(req, remote)
	}
	if found, ok := c.known(req, at); ok && !c.fresh {
		return found, nil
	}
	if c.offline {
		return Found{}, &OfflineError{Module: req.Module, Ref: req.Ref, URL: req.URL}
	}
	unlock, err := c.hold(ctx, at)
	if err != nil {
		return Found{}, err
	}
	defer unlock()
	if found, ok := c.known(req, at); ok && !c.fresh { // another run, or goroutine, was first
		return found, nil
	}
	return c.fetch(ctx, req, remote)
}

// known answers a request from the store alone, by what the same place has said
// before.
func (c *Client) known(req Request, at store.Place) (Found, bool) {
	if req.Locked != "" {
		return c.stored(req.Locked, "")
	}
	commit, tag := req.Commit, ""
	for _, t := range req.Tags {
		said := c.store.Said(req.URL, t, at)
		if said == store.Absent {
			continue
		}
		if said != "" {
			commit, tag = said, t
		}
		break // without a word: the server may have it, and it comes before the others
	}
	if commit == "" && req.Alias != "" {
		commit = c.store.Said(req.URL, req.Alias, at)
	}
	if !store.IsHash(commit) {
		return Found{}, false
	}
	return c.stored(commit, tag)
}

// stored is a commit that the store may have.
func (c *Client) stored(commit, tag string) (Found, bool) {
	t, ok := c.store.CommitTime(commit)
	_, fetched := c.fetched.Load(commit)
	return Found{Commit: commit, Tag: tag, Time: t, Stored: !fetched}, ok
}

// hold takes a repository for this goroutine and this run alone. The
// in-process turn comes first, since a file lock does not tell goroutines
// apart.
func (c *Client) hold(ctx context.Context, at store.Place) (func(), error) {
	c.mu.Lock()
	turn := c.repos[at.ID]
	if turn == nil {
		turn = make(chan struct{}, 1)
		c.repos[at.ID] = turn
	}
	c.mu.Unlock()
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	unlock, err := c.store.HoldRepo(ctx, at)
	if err != nil {
		<-turn
		return nil, err
	}
	return func() { unlock(); <-turn }, nil
}

// HoldRepo keeps other runs, and other goroutines of this one, from asking f's
// server about its repository meanwhile, for those who remember the answer.
func (c *Client) HoldRepo(ctx context.Context, f Found) (unlock func(), err error) {
	remote, err := giturl.Parse(f.From)
	if err != nil || remote.Local() || c.offline {
		return func() {}, err
	}
	return c.hold(ctx, c.place(remote))
}

// OfflineError is a commit that only a server could have given.
type OfflineError struct{ Module, Ref, URL string }

// Error implements error.
func (e *OfflineError) Error() string {
	return fmt.Sprintf("%s is not in the store, and --offline forbids fetching it from %s", e.Ref, e.URL)
}

// Hints says what would help.
func (e *OfflineError) Hints() []string {
	return []string{"run the same build once without --offline"}
}

// ChooseError is a Request.Choose that found nothing to its liking.
type ChooseError struct {
	URL string
	Err error
}

// Error implements error.
func (e *ChooseError) Error() string { return e.URL + ": " + e.Err.Error() }

// Unwrap returns Choose's own error.
func (e *ChooseError) Unwrap() error { return e.Err }

// acquire waits for one of the Options.Jobs places, and returns the context of
// what is done there, which ends when that has taken too long.
func (c *Client) acquire(ctx context.Context) (_ context.Context, release func(), err error) {
	return c.acquireFor(ctx, "fetch")
}

func (c *Client) acquireFor(ctx context.Context, what string) (_ context.Context, release func(), err error) {
	select {
	case c.slots <- struct{}{}:
		total := c.patience.TotalTimeout
		ctx, cancel := context.WithTimeoutCause(ctx, total, &gitconn.TotalError{What: what, After: total})
		return ctx, func() { cancel(); <-c.slots }, nil
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}
