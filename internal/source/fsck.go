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
	seen, cut := hashes{}, setOf(shallow)
	for _, r := range refs { // one by one, so that the error names the ref
		more, err := leadsToBut(ctx, st, r.Hash, cut, seen)
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

// leadsToBut returns what a ref leads to, but for what was seen before.
func leadsToBut(ctx context.Context, st *gitpack.Storage, ref plumbing.Hash, cut, seen hashes) (hashes, error) {
	out := hashes{}
	trees, err := commits(ctx, st, []plumbing.Hash{ref}, seen, out, cut, nil)
	if err != nil {
		return nil, err
	}
	return out, files(ctx, st, trees, seen, out)
}
