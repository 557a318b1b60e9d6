package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// hashes is a set of objects.
type hashes = map[plumbing.Hash]bool

func setOf(list []plumbing.Hash) hashes {
	out := hashes{}
	for _, h := range list {
		out[h] = true
	}
	return out
}

// behind returns these objects with all the commits and annotated tags behind them.
// What is not there is passed over, and so is what is behind a commit in cut: those
// at which a shallow repository ends.
func behind(ctx context.Context, st *gitpack.Storage, from []plumbing.Hash, cut hashes) (hashes, error) {
	out := hashes{}
	err := walk(ctx, from, nil, out, func(h plumbing.Hash) ([]plumbing.Hash, error) {
		next, _, err := links(st, h)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			delete(out, h)
			return nil, nil
		}
		if cut[h] {
			next = nil
		}
		return next, err
	})
	return out, err
}

// leads reports whether a commit is behind another. The newest are looked at first:
// a branch has seldom gone far.
func leads(ctx context.Context, st *gitpack.Storage, was, now plumbing.Hash, cut hashes) (bool, error) {
	if _, err := st.EncodedObject(plumbing.CommitObject, was); err != nil {
		return false, nil // it is not here, so it is behind nothing
	}
	tip, err := object.GetCommit(st, now)
	if err != nil {
		return false, err
	}
	for all := object.NewCommitIterCTime(tip, nil, nil); ; {
		c, err := all.Next()
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err == io.EOF:
			return false, nil
		case errors.Is(err, plumbing.ErrObjectNotFound) && len(cut) > 0: // go-git knows of no shallow repositories
			there, err := behind(ctx, st, []plumbing.Hash{now}, cut)
			return there[was], err
		case err != nil:
			return false, err
		case c.Hash == was:
			return true, nil
		}
	}
}

// lacking returns the objects that wants lead to and haves do not, for somebody who
// has all that haves lead to. Files that were there long ago may be among them: to list
// all files that there ever were, as go-git's revlist does, takes 3.5 s and 1,077 MB of
// allocations where this takes 1.0 s and 99 MB, for 521 new refs of a repository of 26 MB.
func lacking(ctx context.Context, st *gitpack.Storage, wants, haves []plumbing.Hash, cut hashes) (hashes, error) {
	there, err := behind(ctx, st, haves, cut)
	if err != nil {
		return nil, err
	}
	out, known := hashes{}, hashes{}
	var edge []plumbing.Hash
	trees, err := commits(ctx, st, wants, there, out, cut, func(h plumbing.Hash) {
		if there[h] {
			edge = append(edge, h)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, h := range edge {
		_, tree, err := links(st, h)
		if err != nil {
			return nil, err
		}
		if err := files(ctx, st, tree, nil, known); err != nil {
			return nil, err
		}
	}
	return out, files(ctx, st, trees, known, out)
}

// commits adds to out what wants lead to by way of commits and annotated tags, but for
// what is known, and returns the trees of it. met is told of each step, to what is known
// too; nil for nobody.
func commits(ctx context.Context, st *gitpack.Storage, wants []plumbing.Hash, known, out, cut hashes, met func(plumbing.Hash)) (trees []plumbing.Hash, err error) {
	err = walk(ctx, wants, known, out, func(h plumbing.Hash) ([]plumbing.Hash, error) {
		next, tree, err := links(st, h)
		trees = append(trees, tree...)
		if cut[h] {
			next = nil
		}
		if met != nil {
			for _, h := range next {
				met(h)
			}
		}
		return next, err
	})
	for _, h := range trees {
		delete(out, h) // a tag's own: what is below it is to come, too
	}
	return trees, err
}

// links returns what a commit or an annotated tag is made on, and the tree of a
// commit. A tag may also be of a tree or a file, which have no links.
func links(st *gitpack.Storage, h plumbing.Hash) (next, tree []plumbing.Hash, err error) {
	obj, err := st.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		return nil, nil, fmt.Errorf("object %s: %w", h, err)
	}
	switch obj.Type() {
	case plumbing.CommitObject:
		c, err := object.DecodeCommit(st, obj)
		if err != nil {
			return nil, nil, err
		}
		return c.ParentHashes, []plumbing.Hash{c.TreeHash}, nil
	case plumbing.TagObject:
		tag, err := object.DecodeTag(st, obj)
		if err != nil {
			return nil, nil, err
		}
		return []plumbing.Hash{tag.Target}, nil, nil
	case plumbing.TreeObject:
		return nil, []plumbing.Hash{h}, nil
	}
	return nil, nil, nil
}

// files adds trees, and what is in them, but for what is known.
func files(ctx context.Context, st *gitpack.Storage, trees []plumbing.Hash, known, out hashes) error {
	return walk(ctx, trees, known, out, func(h plumbing.Hash) (below []plumbing.Hash, err error) {
		tree, err := object.GetTree(st, h)
		if err != nil {
			return nil, fmt.Errorf("tree %s: %w", h, err)
		}
		for _, e := range tree.Entries {
			switch {
			case e.Mode == filemode.Submodule:
			case e.Mode == filemode.Dir:
				below = append(below, e.Hash)
			case !known[e.Hash]:
				out[e.Hash] = true
			}
		}
		return below, nil
	})
}

// walk adds to out what next leads to, each once, and passes over what is known.
func walk(ctx context.Context, from []plumbing.Hash, known, out hashes, next func(plumbing.Hash) ([]plumbing.Hash, error)) error {
	todo := slices.Clone(from)
	for len(todo) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if known[h] || out[h] {
			continue
		}
		out[h] = true
		more, err := next(h)
		if err != nil {
			return err
		}
		todo = append(todo, more...)
	}
	return nil
}
