package source

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/vxlite/vxlite/internal/disk"
)

// packStorage reads the objects of a repository on disk.
//
// go-git's storage could do it alone, and is asked for whatever is not found
// here: loose objects, alternates, large blobs, packs of a kind unknown. But it
// decodes the whole index of each pack, hashes every delta base that it keeps,
// and inflates with the standard library, which is most of the time that
// taking a few files out of a large repository costs. Here, what is returned is
// hashed, and only that; but for what is streamed, as it is too large.
type packStorage struct {
	*filesystem.Storage
	// packs are opened when the first object is asked for: often only refs are.
	packs func() []*pack

	mu     sync.Mutex // of the list below, and of Storage's objects
	opened []*pack
}

// openPacks lays a reader of dir's packs over its storage. dir is the
// repository: where objects/ is.
func openPacks(dir string, st *filesystem.Storage) *packStorage {
	s := &packStorage{Storage: st}
	s.packs = sync.OnceValue(func() []*pack { return s.open(dir) })
	return s
}

func (s *packStorage) open(dir string) []*pack {
	names, _ := disk.List(filepath.Join(dir, "objects", "pack"), "pack-", ".idx") // else go-git tells why
	var packs []*pack
	for _, name := range names {
		if p, err := openPack(name); err == nil { // else go-git may know better
			packs = append(packs, p)
		}
	}
	// Most objects are in the largest.
	slices.SortStableFunc(packs, func(a, b *pack) int { return cmp.Compare(b.index.count, a.index.count) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = packs
	return packs
}

// Close closes all files.
func (s *packStorage) Close() error {
	errs := []error{s.Storage.Close()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.opened {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// forget lets go of what is held for the next object, when a tree is complete:
// as many repositories stay open as a config has.
func (s *packStorage) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.opened {
		p.drop()
	}
}

// EncodedObject implements storer.EncodedObjectStorer.
func (s *packStorage) EncodedObject(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	for _, p := range s.packs() {
		offset, ok := p.index.find(hash)
		if !ok {
			continue
		}
		obj, err := p.object(offset)
		if errors.Is(err, errNotHere) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		held := &packedObject{packed: obj, hash: hash}
		if err := held.verify(); err != nil {
			return nil, err
		}
		if kind != plumbing.AnyObject && kind != obj.kind {
			return nil, plumbing.ErrObjectNotFound
		}
		return held, nil
	}
	return s.slow(kind, hash)
}

// slow asks go-git, whose storage must not be asked by two at once. What it
// streams, it streams from a file of its own.
func (s *packStorage) slow(kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	obj, err := s.Storage.EncodedObject(kind, hash)
	if err != nil || obj.Size() > largeObject {
		return obj, err
	}
	held, err := hold(obj, hash)
	if err != nil {
		return nil, err
	}
	return held, held.verify()
}

// errNotHere is an object that go-git has to be asked for.
var errNotHere = errors.New("not read here")

// packed is an object's type and content, which nobody may change.
type packed struct {
	kind plumbing.ObjectType
	data []byte
}

// pack is one pack and its index. Its methods may be called by several
// goroutines.
type pack struct {
	index packIndex
	name  string
	file  io.ReaderAt
	close func() error

	mu    sync.Mutex
	bases map[int64]packed // by offset
	held  int              // bytes in bases
}

// mostBases bounds the delta bases that a pack keeps, in bytes.
const mostBases = 16 << 20

func openPack(index string) (*pack, error) {
	data, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	p := &pack{bases: map[int64]packed{}, name: strings.TrimSuffix(index, ".idx") + ".pack"}
	if p.index, err = parseIndex(data); err != nil {
		return nil, err
	}
	f, err := os.Open(p.name)
	if err != nil {
		return nil, err
	}
	p.file, p.close = f, f.Close
	return p, nil
}

// delta is a step from a base to an object.
type delta struct {
	offset int64 // of the object that it makes
	data   []byte
}

// object reads the object at an offset: the chain of deltas down to a whole
// object or a base that is known, then up again.
func (p *pack) object(offset int64) (packed, error) {
	const longest = 4096            // deltas; git makes no longer chain
	const largest = 4 * largeObject // bytes, of all deltas of a chain; git's are smaller than what they make
	var chain []delta
	held := 0
	at := offset
	obj, ok := p.base(at)
	for !ok {
		e, err := p.entry(at)
		if err != nil {
			return packed{}, err
		}
		if e.base == 0 {
			obj = e.packed
			if len(chain) > 0 {
				p.keep(at, obj)
			}
			break
		}
		if len(chain) == longest {
			return packed{}, errors.New("a chain of deltas without end")
		}
		if held += len(e.data); held > largest {
			return packed{}, errors.New("a chain of deltas that are too large")
		}
		chain = append(chain, delta{at, e.data})
		at = e.base
		obj, ok = p.base(at)
	}
	return p.apply(obj, chain)
}

// apply makes an object of its base and the deltas to it, the last first.
func (p *pack) apply(obj packed, chain []delta) (packed, error) {
	for i := len(chain) - 1; i >= 0; i-- {
		if deltaResult(chain[i].data) > largeObject {
			return packed{}, errNotHere
		}
		data, err := applyDelta(obj.data, chain[i].data)
		if err != nil {
			return packed{}, err
		}
		obj.data = data
		if i > 0 {
			p.keep(chain[i].offset, obj)
		}
	}
	return obj, nil
}

// deltaResult reads from a delta how large the object is that it makes: the
// second of the two numbers that it begins with.
func deltaResult(data []byte) uint64 {
	_, n := binary.Uvarint(data)
	size, _ := binary.Uvarint(data[max(n, 0):])
	return size
}

// base returns the base at an offset, if it is still held.
func (p *pack) base(offset int64) (packed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	obj, ok := p.bases[offset]
	return obj, ok
}

// keep holds a base for the next delta to it. When there are too many, all are
// dropped: what is asked for next lies near what was asked for last.
func (p *pack) keep(offset int64, obj packed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.bases[offset]; ok {
		return // another goroutine was first
	}
	if p.held+len(obj.data) > mostBases {
		clear(p.bases)
		p.held = 0
	}
	p.bases[offset] = obj
	p.held += len(obj.data)
}

// drop lets go of all bases.
func (p *pack) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.bases)
	p.held = 0
}

// packEntry is what stands in a pack at an offset: a whole object, or a delta
// to the one at base.
type packEntry struct {
	packed
	base int64 // 0 for none: no object is there
}

// entry reads an entry.
func (p *pack) entry(offset int64) (packEntry, error) {
	r := packReaders.Get().(*packReader)
	defer packReaders.Put(r)
	r.reset(p.file)
	h, body, err := r.header(offset)
	if err != nil {
		return packEntry{}, err
	}
	e := packEntry{packed: packed{kind: h.kind}, base: h.base}
	if h.kind == plumbing.REFDeltaObject {
		base, ok := p.index.find(h.ref)
		if !ok || base == offset {
			return packEntry{}, errNotHere
		}
		e.base = base
	}
	if h.size > largeObject {
		return packEntry{}, errNotHere
	}
	e.data, _, err = r.inflate(body, int(h.size))
	return e, err
}

// packedObject is an object as go-git wants to see it. It cannot be written.
type packedObject struct {
	packed
	hash     plumbing.Hash
	verified bool // the content has the hash
}

// verify compares the content with the hash.
func (o *packedObject) verify() error {
	if got := plainHash(o); got != o.hash {
		return fmt.Errorf("it is %s in truth", got)
	}
	o.verified = true
	return nil
}

// plainHash is an object's hash without go-git's search for signs of a SHA-1
// collision, which makes it half as slow again. What comes from a server is
// searched when it comes. A folder belongs to somebody who may put into it what
// they like, under any hash; whether it is what was expected, the SHA-256 in
// the lock and in go.sum files says.
func plainHash(obj *packedObject) (hash plumbing.Hash) {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", obj.kind, len(obj.data))
	h.Write(obj.data)
	h.Sum(hash[:0])
	return hash
}

// hold reads an object into memory. It has to be of the size that it declares.
func hold(obj plumbing.EncodedObject, hash plumbing.Hash) (*packedObject, error) {
	r, err := obj.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]byte, obj.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, noEnd(err)
	}
	return &packedObject{packed: packed{kind: obj.Type(), data: data}, hash: hash}, nil
}

// Hash implements plumbing.EncodedObject, as all below do.
func (o *packedObject) Hash() plumbing.Hash { return o.hash }

// Type returns the object's type.
func (o *packedObject) Type() plumbing.ObjectType { return o.kind }

// SetType does nothing.
func (o *packedObject) SetType(plumbing.ObjectType) {}

// Size returns how many bytes the content has.
func (o *packedObject) Size() int64 { return int64(len(o.data)) }

// SetSize does nothing.
func (o *packedObject) SetSize(int64) {}

// Reader returns the content.
func (o *packedObject) Reader() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Writer fails.
func (o *packedObject) Writer() (io.WriteCloser, error) { return nil, errors.ErrUnsupported }
