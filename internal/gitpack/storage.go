// Package gitpack reads and writes git repositories on disk: their packs, their
// loose objects, and what a folder of somebody else's may be. It knows objects by
// their hashes, and nothing of refs, commits or servers.
//
// Begin with [Storage], which has the objects of a repository. [Open] opens one of
// vxlite's own making, [OpenFolder] anybody's, and [WriteRepo] makes one of a pack
// that a server sends.
//
// # What is go-git's, and what is not
//
// go-git's are the types of objects, a repository's refs, config and shallow
// commits, the search for SHA-1 collisions in what a server sends, the encoding of
// a pack's index, and the applying of deltas, of which only the sizes are looked at
// here. Inflating is klauspost/compress's.
//
// Reading objects is not (storage.go, pack.go, reader.go, entry.go, index.go): go-git's
// storage follows wherever a repository leads that somebody else made. A delta to
// itself, or an alternate that leads back, is followed until the stack of a gigabyte is
// full, and an index gets memory for the four billion objects that it declares.
// (It would be 3 % slower, too: 3.54 s of CPU time against 3.47 s for a cold fetch and
// build of 47 local repositories.)
//
// Indexing a pack is not either (write.go). go-git 5.19 takes no more than a gigabyte
// of memory because a pack declares it, and follows 4,095 deltas in a row at most, but
// it bounds neither the size of an object, nor how many there are, nor their total: some
// hundred bytes of deltas make it work on terabytes. [limits] object, objects and
// unpacked are for that.
package gitpack

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/klauspost/compress/zlib"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// Storage is a repository on disk. go-git's storage has its refs, its shallow
// commits and its config; its objects are read here.
type Storage struct {
	*filesystem.Storage
	// dirs are opened when the first object is asked for: often only refs are.
	dirs func() ([]*objectDir, error)
	work *work

	mu     sync.Mutex // of opened
	opened []*objectDir
}

// objectDir is a directory of objects, a repository's own or an alternate's.
type objectDir struct {
	path  string
	packs []*pack
}

// work bounds what a repository asks of its reader.
type work struct {
	object   int64 // bytes of an object, and of the deltas that lead to one
	unpacked int64 // bytes that deltas make, all together
	made     atomic.Int64
}

// make takes note of so many bytes that a delta makes.
func (w *work) make(size uint64) error {
	if size > uint64(w.object) {
		return limit.Bytes("an object has more than", "object", w.object)
	}
	if w.made.Add(int64(size)) > w.unpacked {
		return limit.Bytes("the objects have more than", "unpacked", w.unpacked)
	}
	return nil
}

// openObjectDirs lays a reader of dir's objects over its storage. dir is the
// repository: where objects/ is.
func openObjectDirs(dir string, work *work, st *filesystem.Storage) *Storage {
	s := &Storage{Storage: st, work: work}
	s.dirs = sync.OnceValues(func() ([]*objectDir, error) { return s.open(filepath.Join(dir, "objects")) })
	return s
}

// open opens the packs of a directory of objects and of its alternates.
func (s *Storage) open(dir string) ([]*objectDir, error) {
	paths, err := alternates(dir)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held := int64(0) // bytes of indexes
	for _, path := range paths {
		d := &objectDir{path: path}
		s.opened = append(s.opened, d)
		names, err := disk.List(filepath.Join(path, "pack"), "pack-", ".idx")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, name := range names {
			p, err := openPack(name, s.work)
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed since, or an index without its pack, which git ignores too
			}
			if err != nil {
				return nil, err
			}
			d.packs = append(d.packs, p)
			if held += p.index.size(); held > mostIndex {
				return nil, fmt.Errorf("%s: the pack indexes have more than %d MiB", dir, mostIndex>>20)
			}
		}
		// Most objects are in the largest.
		slices.SortStableFunc(d.packs, func(a, b *pack) int { return cmp.Compare(b.index.count, a.index.count) })
	}
	return s.opened, nil
}

// alternates returns a directory of objects and those that it refers to, each
// once: see "objects/info/alternates" in gitrepository-layout(5).
func alternates(dir string) ([]string, error) {
	const deepest, most = 5, 1000 // the first as git has it
	out := []string{filepath.Clean(dir)}
	todo := out
	for range deepest {
		var next []string
		for _, d := range todo {
			data, err := disk.ReadRegular(filepath.Join(d, "info", "alternates"), mostSmall)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			for line := range strings.Lines(string(data)) {
				path := strings.TrimRight(line, "\r\n")
				if path == "" || strings.HasPrefix(path, "#") {
					continue
				}
				if !filepath.IsAbs(path) {
					path = filepath.Join(d, path)
				}
				if path = filepath.Clean(path); !slices.Contains(out, path) {
					out, next = append(out, path), append(next, path)
				}
				if len(out) > most {
					return nil, fmt.Errorf("%s: more than %d directories of objects are named", d, most)
				}
			}
		}
		todo = next
	}
	return out, nil
}

// Close closes all files.
func (s *Storage) Close() error {
	errs := []error{s.Storage.Close()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.opened {
		for _, p := range d.packs {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}

// DropBases frees what is held for the next object, when a tree is complete:
// as many repositories stay open as a config has.
func (s *Storage) DropBases() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.opened {
		for _, p := range d.packs {
			p.drop()
		}
	}
}

// EncodedObject implements storer.EncodedObjectStorer. What it returns has been
// compared with its hash, but for a large blob, which is hashed by who writes it
// out.
func (s *Storage) EncodedObject(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	obj, err := s.read(hash)
	if err != nil {
		return nil, unreadable(hash, err)
	}
	o := &Object{packed: obj, hash: hash}
	if err := o.verify(); err != nil {
		return nil, unreadable(hash, err)
	}
	if kind != plumbing.AnyObject && kind != obj.kind {
		return nil, plumbing.ErrObjectNotFound
	}
	if o.large != nil && obj.kind != plumbing.BlobObject {
		return Verified(o, hash)
	}
	return o, nil
}

// UnreadableError is an object of a folder that is there and cannot be read.
type UnreadableError struct {
	Hash plumbing.Hash
	Err  error
}

// Error implements error.
func (e *UnreadableError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *UnreadableError) Unwrap() error { return e.Err }

// unreadable makes an UnreadableError of what is neither absent nor too large.
func unreadable(hash plumbing.Hash, err error) error {
	if _, ok := errors.AsType[*limit.Error](err); ok || errors.Is(err, plumbing.ErrObjectNotFound) {
		return err
	}
	return &UnreadableError{hash, err}
}

// read finds an object in the packs, or by itself.
func (s *Storage) read(hash plumbing.Hash) (packed, error) {
	dirs, err := s.dirs()
	if err != nil {
		return packed{}, err
	}
	for _, d := range dirs {
		for _, p := range d.packs {
			if offset, ok := p.index.find(hash); ok {
				obj, err := p.object(offset)
				if err != nil {
					return packed{}, inFile(p.name, err)
				}
				return obj, nil
			}
		}
	}
	for _, d := range dirs {
		obj, err := d.loose(hash, s.work.object)
		if !errors.Is(err, fs.ErrNotExist) {
			return obj, err
		}
	}
	return packed{}, plumbing.ErrObjectNotFound
}

// inFile puts a file's name in front of an error. The end of a file is not that of
// a connection, which might last longer the next time.
func inFile(name string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("it is truncated")
	}
	return fmt.Errorf("%s: %w", name, err)
}

// loose reads an object that is in no pack.
func (d *objectDir) loose(hash plumbing.Hash, most int64) (packed, error) {
	name := hash.String()
	f, err := disk.OpenRegular(filepath.Join(d.path, name[:2], name[2:]), mostLoose)
	if err != nil {
		return packed{}, err
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return packed{}, inFile(f.Name(), err)
	}
	defer z.Close()
	r := bufio.NewReader(z)
	kind, size, err := looseHeader(r)
	if err != nil {
		return packed{}, inFile(f.Name(), err)
	}
	if size > most {
		return packed{}, limit.Bytes("an object has more than", "object", most)
	}
	data, err := readSized(r, int(size))
	if err != nil {
		return packed{}, inFile(f.Name(), err)
	}
	return packed{kind: kind, data: data}, nil
}

// looseHeader reads "KIND SIZE" and a zero: see gitformat-loose(5). go-git's own
// reader takes one of any length.
func looseHeader(r *bufio.Reader) (kind plumbing.ObjectType, size int64, err error) {
	const longest = 32 // bytes
	begin, _ := r.Peek(longest)
	head, _, ended := bytes.Cut(begin, []byte{0})
	word, number, _ := strings.Cut(string(head), " ")
	kind, kindErr := plumbing.ParseObjectType(word)
	size, sizeErr := strconv.ParseInt(number, 10, 64)
	if !ended || kindErr != nil || sizeErr != nil || size < 0 {
		return kind, 0, errors.New("it does not begin as an object does")
	}
	_, err = r.Discard(len(head) + 1)
	return kind, size, err
}

// HashesWithPrefix returns the objects whose hash begins with these bytes, of
// which there must be one.
func (s *Storage) HashesWithPrefix(prefix []byte) ([]plumbing.Hash, error) {
	dirs, err := s.dirs()
	if err != nil {
		return nil, err
	}
	var out []plumbing.Hash
	for _, d := range dirs {
		for _, p := range d.packs {
			out = append(out, p.index.withPrefix(prefix)...)
		}
		first := hex.EncodeToString(prefix[:1])
		entries, err := os.ReadDir(filepath.Join(d.path, first))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if name := first + e.Name(); plumbing.NewHash(name).String() == name && strings.HasPrefix(name, hex.EncodeToString(prefix)) {
				out = append(out, plumbing.NewHash(name))
			}
		}
	}
	slices.SortFunc(out, func(a, b plumbing.Hash) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(out), nil
}
