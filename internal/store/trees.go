package store

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/vxlite/vxlite/internal/disk"
)

// OwnTree is TreeDir in the store itself.
func (s *Store) OwnTree(t Tree) string {
	return filepath.Join(s.dir, "tree", t.Commit, t.name())
}

// sums are those recorded for a tree in this store.
func (s *Store) sums(t Tree) (treeSums, bool) {
	var sums treeSums
	ok := s.own().readJSON(&sums, "sum", t.Commit, t.name())
	return sums, ok
}

// goodShared reports whether a shared store's tree is as it was when this store
// first saw it, or else as the shared one has recorded it. Whoever can write
// there can change both, so all files are looked at each time; that they are
// the right ones, the hash says that is worked out from them.
func (s *Store) goodShared(t Tree) bool {
	want, known := s.sums(t)
	if !known && !(&Store{dir: s.shared}).readJSON(&want, "sum", t.Commit, t.name()) {
		return false
	}
	got, err := sumTree(s.TreeDir(t), want.blob())
	if err != nil || got.recorded() != want {
		return false
	}
	return known || s.record(want, t) == nil
}

// SumTree works out the sums of a tree as it is on disk, and reports whether
// they are those that were recorded when it was written.
func (s *Store) SumTree(t Tree) (got FileSums, same bool, err error) {
	want, known := s.sums(t)
	got, err = sumTree(s.TreeDir(t), want.blob())
	return got, known && err == nil && got.recorded() == want, err
}

// PutSums records the sums of a tree, before that is in its place.
func (s *Store) PutSums(sums FileSums, t Tree) error {
	return s.record(sums.recorded(), t)
}

// IsShared reports whether a directory is a shared store's.
func (s *Store) IsShared(dir string) bool {
	return s.shared != "" && strings.HasPrefix(dir, s.shared+string(filepath.Separator))
}

func (s *Store) record(sums treeSums, t Tree) error {
	return s.writeJSON(sums, "sum", t.Commit, t.name())
}

// GoodGoMod reports whether a tree is there and its go.mod, on which all of a
// plan depends, is as it was written, or is missing as it may be. The other
// files are compared only when they are going to be used: see [Client.CheckFiles].
// Those of a shared store are compared at once.
func (s *Store) GoodGoMod(t Tree, orNone bool) bool {
	if dir := s.TreeDir(t); s.IsShared(dir) {
		return (orNone || disk.Exists(filepath.Join(dir, "go.mod"))) && s.goodShared(t)
	}
	sums, ok := s.sums(t)
	if !ok {
		return false
	}
	dir := s.TreeDir(t)
	got, err := disk.Sum(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return orNone && sums.GoMod == "" && disk.IsDir(dir)
	}
	return err == nil && hex.EncodeToString(got[:]) == sums.GoMod
}
