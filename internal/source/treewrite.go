package source

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sync/errgroup"
)

// write fills dir. All writing goes through an os.Root, so that whatever names
// a repository brings, nothing outside dir is touched.
func (w *treeWriter) write(ctx context.Context, dir, folder string) error {
	files, err := w.choose(ctx, folder)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := w.writeAll(ctx, root, files); err != nil {
		return err
	}
	for _, f := range files {
		w.sums = append(w.sums, fileSum{f.path, f.sum})
	}
	w.sums.sort()
	return nil
}

// writeAll writes the files, folder by folder and several folders at once: in
// a folder that is open, a file takes one step instead of one for each part of
// its path. The error is that of the first file that has one.
func (w *treeWriter) writeAll(ctx context.Context, root *os.Root, files []*blobFile) error {
	byFolder := map[string][]*blobFile{}
	for _, f := range files {
		byFolder[path.Dir(f.path)] = append(byFolder[path.Dir(f.path)], f)
	}
	folders := slices.Sorted(maps.Keys(byFolder))
	errs := make([]error, len(folders))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, folder := range folders {
		g.Go(func() error {
			errs[i] = w.writeFolder(ctx, root, folder, byFolder[folder])
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return cmp.Or(errs...)
}

func (w *treeWriter) writeFolder(ctx context.Context, root *os.Root, folder string, files []*blobFile) error {
	if folder != "." {
		name := filepath.FromSlash(folder)
		if err := root.MkdirAll(name, 0o755); err != nil {
			return w.named(err)
		}
		sub, err := root.OpenRoot(name)
		if err != nil {
			return w.named(err)
		}
		defer sub.Close()
		root = sub
	}
	for _, f := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.writeFile(root, f); err != nil {
			return w.named(fmt.Errorf("%s: %w", f.path, err))
		}
	}
	return nil
}

// writeFile writes a file into its folder.
func (w *treeWriter) writeFile(folder *os.Root, f *blobFile) error {
	obj, err := f.object()
	if err != nil {
		return err
	}
	f.obj = nil // it is no longer needed
	out, err := folder.OpenFile(path.Base(f.path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	defer out.Close() // in vain where nothing failed
	if held, ok := obj.(*packedObject); ok {
		err = f.writeHeld(out, held.data)
	} else {
		err = f.writeStream(out, obj)
	}
	if err != nil {
		return err
	}
	return out.Close()
}

func (f *blobFile) writeHeld(out io.Writer, data []byte) error {
	if f.isSource() && bytes.HasPrefix(data, []byte(lfsPointer)) {
		return errLFS
	}
	f.sum = sha256.Sum256(data)
	_, err := out.Write(data)
	return err
}

func (f *blobFile) writeStream(out io.Writer, obj plumbing.EncodedObject) error {
	r, err := obj.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	buf := bufio.NewReader(r)
	if head, _ := buf.Peek(len(lfsPointer)); f.isSource() && string(head) == lfsPointer {
		return errLFS
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), buf); err != nil {
		return err
	}
	sum.Sum(f.sum[:0])
	return nil
}

// goSource are the files that the compiler reads; an LFS pointer in one of
// them would end in a syntax error that explains nothing.
var goSource = map[string]bool{".go": true, ".mod": true, ".s": true, ".c": true, ".h": true, ".syso": true}

func (f *blobFile) isSource() bool { return goSource[path.Ext(f.path)] }

// lfsPointer is what a Git LFS pointer begins with.
const lfsPointer = "version https://git-lfs.github.com/spec/"

var errLFS = errors.New("is a Git LFS pointer, and LFS is not followed")
