package source

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/utils/ioutil"
	"github.com/klauspost/compress/zlib"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// packed is an object's type and content, which nobody may change.
type packed struct {
	kind plumbing.ObjectType
	data []byte // nil where large is set
	// large reads the content where that is not held in memory.
	large *largeContent
}

// pack is one pack and its index. Its methods may be called by several
// goroutines.
type pack struct {
	index packIndex
	name  string
	file  io.ReaderAt
	close func() error

	most int64 // bytes of an object, and of the deltas that lead to one

	mu    sync.Mutex
	bases map[int64]packed // by offset
	held  int              // bytes in bases
}

// mostBases bounds the delta bases that a pack keeps, in bytes.
const mostBases = 16 << 20

// openPack opens a pack by its index.
func openPack(index string, most int64) (*pack, error) {
	data, err := disk.ReadRegular(index, mostIndex)
	if err != nil {
		return nil, err
	}
	p := &pack{bases: map[int64]packed{}, name: strings.TrimSuffix(index, ".idx") + ".pack", most: most}
	if p.index, err = parseIndex(data); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	f, err := disk.OpenRegular(p.name, math.MaxInt64)
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
	const longest = 4096 // deltas; git makes no longer chain
	var chain []delta
	var held int64 // bytes of the deltas; git's are smaller than what they make
	at := offset
	obj, ok := p.base(at)
	for !ok {
		e, err := p.entry(at, len(chain) == 0)
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
		if held += int64(len(e.data)); held > p.most {
			return packed{}, limit.Bytes("the deltas of an object have more than", "object", p.most)
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
		size, err := deltaResult(chain[i].data)
		if err != nil {
			return packed{}, err
		}
		if size > uint64(p.most) {
			return packed{}, limit.Bytes("an object has more than", "object", p.most)
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

var errDelta = errors.New("a delta that does not fit its base")

// deltaResult reads from a delta how many bytes the object has that it makes:
// the second of the two numbers that it begins with.
func deltaResult(data []byte) (uint64, error) {
	_, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, errDelta
	}
	size, m := binary.Uvarint(data[n:])
	if m <= 0 {
		return 0, errDelta
	}
	return size, nil
}

// applyDelta makes an object of a base and a delta to it. go-git takes sizes that
// are cut off.
func applyDelta(base, delta []byte) ([]byte, error) {
	size, err := deltaResult(delta)
	if err != nil {
		return nil, err
	}
	out, err := packfile.PatchDelta(base, delta)
	if err != nil || uint64(len(out)) != size {
		return nil, errDelta
	}
	return out, nil
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

// entry reads an entry. A large object is only held where it is to be a base.
func (p *pack) entry(offset int64, first bool) (packEntry, error) {
	r := packReaders.Get().(*packReader)
	defer packReaders.Put(r)
	r.reset(p.file)
	h, body, err := r.header(offset)
	if err != nil {
		return packEntry{}, err
	}
	e := packEntry{packed: packed{kind: h.kind}, base: h.base}
	if h.kind == plumbing.REFDeltaObject {
		var ok bool
		if e.base, ok = p.index.find(h.ref); !ok {
			return packEntry{}, errors.New("a delta to an object that is not in the pack")
		}
	}
	if h.size > uint64(p.most) {
		return packEntry{}, limit.Bytes("an object has more than", "object", p.most)
	}
	if first && !h.isDelta() && h.size > largeObject {
		e.large = &largeContent{file: p.file, body: body, size: int64(h.size)}
		return e, nil
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

// verify compares the content with the hash. That of a large object is not
// looked at before it is read: see verified.
func (o *packedObject) verify() error {
	if o.large != nil {
		return nil
	}
	if got := plainHash(o); got != o.hash {
		return &WrongObjectError{Name: o.hash.String(), Is: got.String()}
	}
	o.verified = true
	return nil
}

// WrongObjectError is an object that has other content than its name says.
type WrongObjectError struct {
	Name, Is string // hashes, 40 hex digits each
}

// Error implements error.
func (e *WrongObjectError) Error() string { return "hash mismatch: the content is that of " + e.Is }

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

// largeContent is compressed somewhere in a file, and too large to be held.
type largeContent struct {
	file io.ReaderAt
	body int64 // where it begins
	size int64 // inflated
}

func (c *largeContent) reader() (io.ReadCloser, error) {
	z, err := zlib.NewReader(bufio.NewReader(io.NewSectionReader(c.file, c.body, 1<<62)))
	if err != nil {
		return nil, noEnd(err)
	}
	return ioutil.NewReadCloser(io.LimitReader(z, c.size), z), nil
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
func (o *packedObject) Size() int64 {
	if o.large != nil {
		return o.large.size
	}
	return int64(len(o.data))
}

// SetSize does nothing.
func (o *packedObject) SetSize(int64) {}

// Reader returns the content.
func (o *packedObject) Reader() (io.ReadCloser, error) {
	if o.large != nil {
		return o.large.reader()
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Writer fails.
func (o *packedObject) Writer() (io.WriteCloser, error) { return nil, errors.ErrUnsupported }
