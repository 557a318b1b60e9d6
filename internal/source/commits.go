package source

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/store"
)

// Commit is one commit of a history.
type Commit struct {
	Hash string    `json:"commit"` // 40 hex digits
	Time time.Time `json:"time"`   // the committer's, in UTC
	// Subject is the first line of the message.
	Subject string `json:"subject"`
}

// History is what lies between two commits, each list with the newest first.
type History struct {
	// Added are in the second commit's history and not in the first's; Removed
	// are the other way round.
	Added   []Commit `json:"added,omitempty"`
	Removed []Commit `json:"removed,omitempty"`
}

// History returns what lies between two commits of a repository, if that can be
// told without asking a server: from a local repository that the URL leads to,
// or from the store, which has a history only where a server gave no less.
func (c *Client) History(ctx context.Context, repoURL, a, b string) (History, bool, error) {
	for _, candidate := range c.conns.Candidates(repoURL) {
		remote, err := giturl.Parse(candidate)
		if err != nil || !remote.Local() {
			continue
		}
		repo, err := c.openLocal(remote)
		if err != nil {
			continue // the next may be there
		}
		repo.mu.Lock()
		h, ok, err := compareHistories(ctx, repo.st, a, b)
		repo.mu.Unlock()
		if ok || err != nil {
			return h, ok, err
		}
	}
	for _, commit := range []string{a, b} {
		dir := c.store.GitDir(commit)
		if !store.IsHash(commit) || !disk.IsDir(dir) {
			continue
		}
		st, done := gitpack.OpenObjects(dir)
		h, ok, err := compareHistories(ctx, st, a, b)
		done()
		if ok || err != nil {
			return h, ok, err
		}
	}
	return History{}, false, nil
}

// compareHistories compares the histories of two commits. It is false where one of them
// is not all there.
func compareHistories(ctx context.Context, st storer.EncodedObjectStorer, a, b string) (History, bool, error) {
	ofA, whole, err := historyOf(ctx, st, a)
	if err != nil || ofA == nil {
		return History{}, false, err
	}
	ofB, wholeB, err := historyOf(ctx, st, b)
	if err != nil || ofB == nil || !whole || !wholeB {
		return History{}, false, err
	}
	return History{Added: without(ofB, ofA), Removed: without(ofA, ofB)}, true, nil
}

// historyOf returns a commit and all behind it, and whether none is missing;
// nil where the commit itself is.
func historyOf(ctx context.Context, st storer.EncodedObjectStorer, commit string) (map[plumbing.Hash]*object.Commit, bool, error) {
	seen := map[plumbing.Hash]*object.Commit{}
	todo := []plumbing.Hash{plumbing.NewHash(commit)}
	whole := true
	for len(todo) > 0 {
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[h] != nil {
			continue
		}
		obj, err := object.GetCommit(st, h)
		switch {
		case errors.Is(err, plumbing.ErrObjectNotFound) && len(seen) == 0:
			return nil, false, nil
		case errors.Is(err, plumbing.ErrObjectNotFound):
			whole = false
			continue
		case err != nil:
			return nil, false, err
		}
		seen[h] = obj
		todo = append(todo, obj.ParentHashes...)
	}
	return seen, whole, nil
}

// without returns the commits of one set that the other lacks, newest first.
func without(set, other map[plumbing.Hash]*object.Commit) []Commit {
	var out []Commit
	for h, c := range set {
		if other[h] == nil {
			subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
			out = append(out, Commit{Hash: h.String(), Time: c.Committer.When.UTC(), Subject: brief.Line(subject)})
		}
	}
	slices.SortFunc(out, func(a, b Commit) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Hash, b.Hash))
	})
	return out
}
