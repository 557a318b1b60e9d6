package source

import (
	"errors"
	"strings"

	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// choose picks a request's ref: the locked commit where there is one, and what
// Choose says otherwise. It also tells whether a tag has moved. repo is set for
// a local repository, whose annotated tags are to be followed first.
func (c *Client) choose(req Request, refs *Refs, remote giturl.Remote, repo *localRepo) (Ref, *Moved, error) {
	ref, err := req.Choose(refs)
	if err == nil && repo != nil && store.IsHash(ref.Commit) {
		ref, err = repo.settle(c.store, ref, remote)
	} else if err != nil {
		err = &ChooseError{URL: remote.String(), Err: err}
	}
	if req.Locked == "" {
		return ref, c.movedSince(req, ref, err, remote), err
	}
	if err == nil && ref.Commit == req.Locked {
		return ref, nil, nil
	}
	locked := Ref{Commit: req.Locked}
	switch {
	case err != nil && isTagName(req):
		return locked, &Moved{Tag: req.Ref, Was: req.Locked, From: remote.String()}, nil
	case err == nil && req.isTag(ref):
		return locked, &Moved{Tag: ref.Short(), Was: req.Locked, Now: ref.Commit, From: remote.String()}, nil
	}
	return locked, nil, nil // a branch or a query, which are there to move
}

// isTag reports whether ref is a tag that the request named outright.
func (r Request) isTag(ref Ref) bool {
	return strings.HasPrefix(ref.Name, tagPrefix) && (ref.Short() == r.Ref || strings.HasSuffix(ref.Short(), "/"+r.Ref) || isTagName(r))
}

// isTagName reports whether a request names a version, so a tag.
func isTagName(r Request) bool { return len(r.Tags) > 0 }

// movedSince compares with what the same place said of the tag before.
func (c *Client) movedSince(req Request, ref Ref, err error, remote giturl.Remote) *Moved {
	if err != nil || !req.isTag(ref) {
		return nil
	}
	was := c.store.Said(req.URL, ref.Short(), c.place(remote))
	if !store.IsHash(was) || was == ref.Commit {
		return nil
	}
	return &Moved{Tag: ref.Short(), Was: was, Now: ref.Commit, From: remote.String()}
}

// withMoved tells an error of a missing commit why it was asked for.
func withMoved(err error, moved *Moved) error {
	if none, ok := errors.AsType[*NoCommitError](err); ok {
		none.moved = moved
	}
	return err
}
