package modfiles

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/store"
)

// Write fills dir with the files of the module in folder, and returns their sums.
// All writing goes through an os.Root, so that whatever names a repository brings,
// nothing outside dir is touched.
func (m *Module) Write(ctx context.Context, dir, folder string) (store.FileSums, error) {
	files, err := m.choose(ctx, folder)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	open := openFolders(root, files)
	defer open.close()
	err = m.each(ctx, files, func(f *blobFile, obj plumbing.EncodedObject) error {
		in, err := open.enter(f)
		if err != nil {
			return err
		}
		defer open.leave(f)
		return f.write(in, obj)
	})
	if err != nil {
		return nil, err
	}
	var sums store.FileSums
	for _, f := range files {
		sums = append(sums, store.FileSum{Name: f.path, Sum: f.sum, Blob: f.blob})
	}
	sums.Sort()
	return sums, nil
}

// Touch reads every object that Write would.
func (m *Module) Touch(ctx context.Context, folder string) error {
	files, err := m.choose(ctx, folder)
	if err != nil {
		return err
	}
	return m.each(ctx, files, func(*blobFile, plumbing.EncodedObject) error { return nil })
}

// folders are those of a tree that are being filled. In a folder that is open,
// a file takes one step instead of one for each part of its path.
type folders struct {
	top *os.Root

	mu  sync.Mutex
	all map[string]*folder // by path, with slashes
}

type folder struct {
	root *os.Root // nil before the first file
	left int      // files that are to be written
}

func openFolders(top *os.Root, files []*blobFile) *folders {
	s := &folders{top: top, all: map[string]*folder{}}
	for _, f := range files {
		dir := path.Dir(f.path)
		if s.all[dir] == nil {
			s.all[dir] = new(folder)
		}
		s.all[dir].left++
	}
	return s
}

// enter returns the folder that a file belongs into. It is open until all of
// its files have left, which come one after the other: few are open at a time.
func (s *folders) enter(f *blobFile) (*os.Root, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := path.Dir(f.path)
	d := s.all[dir]
	if d.root != nil {
		return d.root, nil
	}
	name := filepath.FromSlash(dir)
	if err := s.top.MkdirAll(name, 0o755); err != nil {
		return nil, err
	}
	var err error
	d.root, err = s.top.OpenRoot(name)
	return d.root, err
}

func (s *folders) leave(f *blobFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := path.Dir(f.path)
	d := s.all[dir]
	if d.left--; d.left == 0 {
		_ = d.root.Close() // it was only used
		delete(s.all, dir)
	}
}

func (s *folders) close() {
	for _, d := range s.all {
		if d.root != nil {
			_ = d.root.Close()
		}
	}
}

// write writes a file into its folder.
func (f *blobFile) write(folder *os.Root, obj plumbing.EncodedObject) error {
	out, err := folder.OpenFile(path.Base(f.path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	defer out.Close() // in vain where nothing failed
	if data, ok := gitpack.Held(obj); ok {
		err = f.writeHeld(out, data)
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

// IsLFSPointer reports whether a file on disk is a Git LFS pointer.
func IsLFSPointer(name string) bool {
	f, err := disk.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(lfsPointer))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == lfsPointer
}

var errLFS = errors.New("is a Git LFS pointer, and LFS is not followed")
