package source

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/event"
)

// DamagedError is a repository whose objects are not what their names say, or
// cannot be read.
type DamagedError struct {
	// Where is the remote, or the store's directory.
	Where string
	// Offline says that it is in the store and might be fetched again.
	Offline bool
	Err     error
}

// Error implements error.
func (e *DamagedError) Error() string { return fmt.Sprintf("%s is damaged: %v", e.Where, e.Err) }

// Unwrap returns the reason.
func (e *DamagedError) Unwrap() error { return e.Err }

// Hints says what to do.
func (e *DamagedError) Hints() []string {
	if e.Offline {
		return []string{"run the same build once without --offline, which fetches it again"}
	}
	return []string{"look at it with: git -C " + e.Where + " fsck"}
}

// ownTree is treeDir in the store itself.
func (s *Store) ownTree(commit, folder string) string {
	return filepath.Join(s.dir, "tree", commit, filepath.Base(s.treeDir(commit, folder)))
}

// sums are those recorded for a tree in this store.
func (s *Store) sums(commit, folder string) (treeSums, bool) {
	var sums treeSums
	ok := s.own().readJSON(&sums, "sum", commit, filepath.Base(s.treeDir(commit, folder)))
	return sums, ok
}

// goodShared reports whether a shared store's tree is as it was when this store
// first saw it, or else as the shared one has recorded it. Whoever can write
// there can change both, so all files are looked at each time; that they are
// the right ones, the hash says that is worked out from them.
func (s *Store) goodShared(commit, folder string) bool {
	want, known := s.sums(commit, folder)
	if !known && !(&Store{dir: s.shared}).readJSON(&want, "sum", commit, filepath.Base(s.treeDir(commit, folder))) {
		return false
	}
	got, err := sumTree(s.treeDir(commit, folder), want.blob())
	if err != nil || got.recorded() != want {
		return false
	}
	return known || s.putSums(want, commit, folder) == nil
}

// isShared reports whether a directory is a shared store's.
func (s *Store) isShared(dir string) bool {
	return s.shared != "" && strings.HasPrefix(dir, s.shared+string(filepath.Separator))
}

func (s *Store) putSums(sums treeSums, commit, folder string) error {
	return s.writeJSON(sums, "sum", commit, filepath.Base(s.treeDir(commit, folder)))
}

// goodGoMod reports whether a tree is there and its go.mod, on which all of a
// plan depends, is as it was written, or is missing as it may be. The other
// files are compared only when they are going to be used: see [Client.Verify].
// Those of a shared store are compared at once.
func (s *Store) goodGoMod(commit, folder string, orNone bool) bool {
	if dir := s.treeDir(commit, folder); s.isShared(dir) {
		return (orNone || disk.Exists(filepath.Join(dir, "go.mod"))) && s.goodShared(commit, folder)
	}
	sums, ok := s.sums(commit, folder)
	if !ok {
		return false
	}
	dir := s.treeDir(commit, folder)
	got, err := disk.Sum(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return orNone && sums.GoMod == "" && disk.IsDir(dir)
	}
	return err == nil && hex.EncodeToString(got[:]) == sums.GoMod
}

// Verify compares all files of a module in the store with what was recorded
// when they were written, and writes them anew where they differ. It is for
// those who are about to compile or to hash them, and returns the files' sums.
func (c *Client) Verify(ctx context.Context, f Found, folder string) (FileSums, error) {
	dst := c.store.treeDir(f.Commit, folder)
	if sums, ok := c.wrote.Load(dst); ok {
		return sums.(FileSums), nil // just now, by this run
	}
	if want, ok := c.store.sums(f.Commit, folder); ok {
		if got, err := sumTree(dst, want.blob()); err == nil && got.recorded() == want {
			return got, nil
		}
	}
	if disk.IsDir(dst) {
		c.sink.Send(event.Event{Kind: event.Note, Text: fmt.Sprintf("%s is damaged and is written anew", dst)})
	}
	if err := c.store.discard(dst); err != nil {
		return nil, err
	}
	dst, err := c.Tree(ctx, f, folder)
	if err != nil {
		return nil, err
	}
	if sums, ok := c.wrote.Load(dst); ok {
		return sums.(FileSums), nil
	}
	want, _ := c.store.sums(f.Commit, folder)
	return sumTree(dst, want.blob()) // another run was first
}

// Discard is for the other packages that keep directories in the store.
func (s *Store) Discard(dir string) error { return s.discard(dir) }

// discard takes a directory out of its place. Its files are removed only then:
// nobody finds it half there.
func (s *Store) discard(dir string) error {
	if s.isShared(dir) {
		return nil // it is only read; what is made anew comes before it
	}
	tmp, err := s.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := disk.Rename(dir, filepath.Join(tmp, "damaged")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
