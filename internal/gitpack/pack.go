package gitpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// pack is one pack and its index. Its methods may be called by several
// goroutines.
type pack struct {
	index packIndex
	name  string
	file  io.ReaderAt
	size  int64 // of the file
	close func() error

	work *work

	mu    sync.Mutex
	bases map[int64]packed // by offset
	held  int              // bytes in bases
}

// mostBases bounds the delta bases that a pack keeps, in bytes.
const mostBases = 16 << 20

// openPack opens a pack by its index.
func openPack(index string, work *work) (*pack, error) {
	data, err := disk.ReadRegular(index, mostIndex)
	if err != nil {
		return nil, err
	}
	p := &pack{bases: map[int64]packed{}, name: strings.TrimSuffix(index, ".idx") + ".pack", work: work}
	if p.index, err = parseIndex(data); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	f, err := disk.OpenRegular(p.name, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	p.file, p.close = f, f.Close
	fi, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p.size = fi.Size()
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
		if held += int64(len(e.data)); held > p.work.object {
			return packed{}, limit.Bytes("the deltas of an object have more than", "object", p.work.object)
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
		if err := p.work.make(size); err != nil {
			return packed{}, err
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
	if h.size > uint64(p.work.object) {
		return packEntry{}, limit.Bytes("an object has more than", "object", p.work.object)
	}
	if first && !h.isDelta() && h.size > Large {
		e.large = &largeContent{file: p.file, body: body, size: int64(h.size)}
		return e, nil
	}
	e.data, _, err = r.inflate(body, int(h.size))
	return e, err
}
