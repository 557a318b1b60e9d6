package gitpack

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io/fs"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
)

// WriteRepo makes dir a bare repository of the objects in a pack. git can read
// it too.
func WriteRepo(dir string, pack io.Reader, shallows []plumbing.Hash, limits config.Limits) (storer.EncodedObjectStorer, error) {
	for _, sub := range []string{"objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	got, err := writePack(filepath.Join(dir, "objects", "pack"), pack, limits, true)
	if err != nil {
		return nil, err
	}
	if len(shallows) > 0 {
		var b strings.Builder
		for _, h := range shallows {
			b.WriteString(h.String() + "\n")
		}
		if err := os.WriteFile(filepath.Join(dir, "shallow"), []byte(b.String()), 0o644); err != nil {
			return nil, err
		}
	}
	// HEAD makes it a repository to git.
	return got.objects, os.WriteFile(filepath.Join(dir, "HEAD"), []byte(Head), 0o644)
}

// Head is the HEAD of each repository in the store. No branch is there.
const Head = "ref: refs/heads/main\n"

// Open opens a bare repository of the store's own making, which was
// within the limits when it was received.
func Open(dir string) *Storage {
	return openObjectDirs(dir, &work{object: math.MaxInt64, unpacked: math.MaxInt64}, filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRUDefault(),
		filesystem.Options{ExclusiveAccess: true}))
}

// OpenObjects is openStorage for those who only read objects.
func OpenObjects(dir string) (storer.EncodedObjectStorer, func()) {
	st := Open(dir)
	return st, func() { _ = st.Close() }
}

// Check reads all of a repository of the store's own making, and compares
// its packs with their checksums.
func Check(dir string) error {
	if head, err := disk.ReadRegular(filepath.Join(dir, "HEAD"), mostSmall); err != nil || string(head) != Head {
		return errors.New("HEAD is not as it was written")
	}
	names, err := disk.List(filepath.Join(dir, "objects", "pack"), "pack-", ".idx")
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return fmt.Errorf("it has %d packs", len(names))
	}
	index, err := disk.ReadRegular(names[0], mostIndex)
	if err != nil {
		return err
	}
	const sum, sums = sha1.Size, 2 * sha1.Size
	if len(index) < sums || sha1.Sum(index[:len(index)-sum]) != [sum]byte(index[len(index)-sum:]) {
		return errors.New("its index does not have the checksum that it ends with")
	}
	if err := checkPack(strings.TrimSuffix(names[0], ".idx")+".pack", index[len(index)-sums:len(index)-sum]); err != nil {
		return err
	}
	x, err := parseIndex(index)
	if err != nil {
		return err
	}
	return checkShallow(filepath.Join(dir, "shallow"), x)
}

// checkPack compares a pack with the checksum that its index has of it.
func checkPack(name string, want []byte) error {
	f, err := disk.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	h := sha1.New()
	if _, err := io.Copy(h, io.LimitReader(f, max(0, fi.Size()-sha1.Size))); err != nil {
		return err
	}
	last, err := io.ReadAll(io.LimitReader(f, 2*sha1.Size))
	if err != nil {
		return err
	}
	if !bytes.Equal(h.Sum(nil), want) || !bytes.Equal(last, want) {
		return errors.New("its pack does not have the checksum that its index says")
	}
	return nil
}

// checkShallow looks for the commits that a repository is said to end at.
func checkShallow(name string, x packIndex) error {
	data, err := disk.ReadText(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		h := strings.TrimSuffix(line, "\n")
		hash := plumbing.NewHash(h)
		if _, ok := x.find(hash); !ok || hash.String() != h {
			return errors.New("shallow names a commit that is not there")
		}
	}
	return nil
}
