package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/gitpack"
)

// Fsck checks a bare repository on disk: all of its packs, and that all is there that
// its refs lead to. The error says what is wrong, without the repository's name.
func Fsck(ctx context.Context, dir string, limits config.Limits) error {
	limits = limits.OrDefault()
	if err := gitpack.Verify(ctx, dir, limits); err != nil {
		return err
	}
	refs, err := gitpack.ReadPackedRefs(dir, limits)
	if err != nil {
		return err
	}
	st, err := gitpack.OpenGitDir(dir, limits)
	if err != nil {
		return err
	}
	defer st.Close()
	shallow, err := gitpack.ReadShallow(dir, limits)
	if err != nil {
		return err
	}
	cut := hashes{}
	for _, h := range shallow {
		cut[h] = true
	}
	seen := hashes{}
	for _, r := range refs { // one by one, so that the error names the ref
		more, err := lackingBut(ctx, st, r.Hash, cut, seen)
		if err != nil {
			if errors.Is(err, plumbing.ErrObjectNotFound) {
				err = errors.New("an object is missing")
			}
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		for h := range more {
			if !st.Has(h) {
				return fmt.Errorf("%s: object %s is missing", r.Name, h)
			}
			seen[h] = true
		}
	}
	return nil
}

// lackingBut returns what a ref leads to, but for what was seen before.
func lackingBut(ctx context.Context, st *gitpack.Storage, ref plumbing.Hash, cut, seen hashes) (hashes, error) {
	out := hashes{}
	var trees []plumbing.Hash
	err := walk(ctx, []plumbing.Hash{ref}, seen, out, func(h plumbing.Hash) ([]plumbing.Hash, error) {
		next, tree, err := links(st, h)
		trees = append(trees, tree...)
		if cut[h] {
			next = nil
		}
		return next, err
	})
	if err != nil {
		return nil, err
	}
	for _, h := range trees {
		delete(out, h) // a tag's own: what is below it is to come, too
	}
	return out, files(ctx, st, trees, seen, out)
}
