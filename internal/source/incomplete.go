package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// IncompleteError is a repository on this machine that lacks an object.
type IncompleteError struct {
	URL string
	// Ref is a branch or a tag that leads to the object.
	Ref    string
	Object plumbing.Hash
	Err    error
}

// Error implements error.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("%s is incomplete or damaged: it lacks object %s, which %s leads to", e.URL, e.Object, e.Ref)
}

// Unwrap returns what failed.
func (e *IncompleteError) Unwrap() error { return e.Err }

// Hints says what to do.
func (*IncompleteError) Hints() []string {
	return []string{"run git fsck there to see all that it lacks", "or leave this branch or tag out with --refs"}
}

// incomplete explains a failure to copy from a local repository that lacks an object.
// Another one is returned as it is.
func (m *mirroring) incomplete(ctx context.Context, url string, err error) error {
	st := m.from.local
	if st == nil || !errors.Is(err, plumbing.ErrObjectNotFound) {
		return err
	}
	shallow, serr := st.Shallow()
	if serr != nil {
		return err
	}
	seen := hashes{}
	for _, r := range slices.Concat(m.from.refs.Branches(), m.from.refs.Tags()) {
		if !m.Wants(r.Name) {
			continue
		}
		object, serr := lacks(ctx, st, plumbing.NewHash(r.object), setOf(shallow), seen)
		if serr != nil {
			return err
		}
		if !object.IsZero() {
			return &IncompleteError{URL: url, Ref: r.Name, Object: object, Err: err}
		}
	}
	return err
}

// lacks returns an object that another leads to and that is not there, or none. What is
// seen was looked at before, and this adds to it.
func lacks(ctx context.Context, st *gitpack.Storage, from plumbing.Hash, cut, seen hashes) (plumbing.Hash, error) {
	more := hashes{}
	trees, err := commits(ctx, st, []plumbing.Hash{from}, seen, more, cut, nil)
	if err == nil {
		err = files(ctx, st, trees, seen, more)
	}
	var gone []plumbing.Hash
	for h := range more { // that which was looked for in vain among them
		if !st.Has(h) {
			gone = append(gone, h)
		}
		seen[h] = true
	}
	if len(gone) > 0 {
		return distinct(gone)[0], nil
	}
	return plumbing.ZeroHash, err
}
