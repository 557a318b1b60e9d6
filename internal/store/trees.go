package store

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// OwnTree is treeDir in the store itself.
func (s *Store) OwnTree(commit, folder string) string {
	return filepath.Join(s.dir, "tree", commit, filepath.Base(s.TreeDir(commit, folder)))
}

// sums are those recorded for a tree in this store.
func (s *Store) sums(commit, folder string) (treeSums, bool) {
	var sums treeSums
	ok := s.own().readJSON(&sums, "sum", commit, filepath.Base(s.TreeDir(commit, folder)))
	return sums, ok
}

// goodShared reports whether a shared store's tree is as it was when this store
// first saw it, or else as the shared one has recorded it. Whoever can write
// there can change both, so all files are looked at each time; that they are
// the right ones, the hash says that is worked out from them.
func (s *Store) goodShared(commit, folder string) bool {
	want, known := s.sums(commit, folder)
	if !known && !(&Store{dir: s.shared}).readJSON(&want, "sum", commit, filepath.Base(s.TreeDir(commit, folder))) {
		return false
	}
	got, err := sumTree(s.TreeDir(commit, folder), want.blob())
	if err != nil || got.recorded() != want {
		return false
	}
	return known || s.record(want, commit, folder) == nil
}

// SumTree works out the sums of a tree as it is on disk, and reports whether
// they are those that were recorded when it was written.
func (s *Store) SumTree(commit, folder string) (got FileSums, same bool, err error) {
	want, known := s.sums(commit, folder)
	got, err = sumTree(s.TreeDir(commit, folder), want.blob())
	return got, known && err == nil && got.recorded() == want, err
}

// PutSums records the sums of a tree, before that is in its place.
func (s *Store) PutSums(sums FileSums, commit, folder string) error {
	return s.record(sums.recorded(), commit, folder)
}

// IsShared reports whether a directory is a shared store's.
func (s *Store) IsShared(dir string) bool {
	return s.shared != "" && strings.HasPrefix(dir, s.shared+string(filepath.Separator))
}

func (s *Store) record(sums treeSums, commit, folder string) error {
	return s.writeJSON(sums, "sum", commit, filepath.Base(s.TreeDir(commit, folder)))
}

// GoodGoMod reports whether a tree is there and its go.mod, on which all of a
// plan depends, is as it was written, or is missing as it may be. The other
// files are compared only when they are going to be used: see [Client.CheckFiles].
// Those of a shared store are compared at once.
func (s *Store) GoodGoMod(commit, folder string, orNone bool) bool {
	if dir := s.TreeDir(commit, folder); s.IsShared(dir) {
		return (orNone || disk.Exists(filepath.Join(dir, "go.mod"))) && s.goodShared(commit, folder)
	}
	sums, ok := s.sums(commit, folder)
	if !ok {
		return false
	}
	dir := s.TreeDir(commit, folder)
	got, err := disk.Sum(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return orNone && sums.GoMod == "" && disk.IsDir(dir)
	}
	return err == nil && hex.EncodeToString(got[:]) == sums.GoMod
}
