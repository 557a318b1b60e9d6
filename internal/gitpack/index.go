package gitpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
)

// packIndex finds objects in a pack: see "pack-*.idx files" in
// gitformat-pack(5). Only what is looked up is decoded.
type packIndex struct {
	fanout, hashes, offsets, wide []byte
	count                         int
	sum                           []byte // the checksum that the pack ends with
}

var errIndex = errors.New("not a pack index of version 2, or damaged")

// parseIndex checks that an index of version 2 is whole enough to be read.
func parseIndex(data []byte) (packIndex, error) {
	const head, fanout, perObject, trailer = 8, 4 * 256, 20 + 4 + 4, 20 + 20
	if len(data) < head+fanout+trailer || !bytes.Equal(data[:head], []byte("\xfftOc\x00\x00\x00\x02")) {
		return packIndex{}, errIndex
	}
	x := packIndex{fanout: data[head : head+fanout]}
	before := 0
	for b := range 256 {
		n := int(binary.BigEndian.Uint32(x.fanout[4*b:]))
		if n < before {
			return packIndex{}, errIndex
		}
		before = n
	}
	x.count = before
	rest := data[head+fanout:]
	if len(rest)-trailer < x.count*perObject {
		return packIndex{}, errIndex
	}
	x.hashes, rest = rest[:20*x.count], rest[24*x.count:] // past the checksums
	x.offsets, rest = rest[:4*x.count], rest[4*x.count:]
	x.wide = rest[:len(rest)-trailer]
	x.sum = rest[len(rest)-trailer:][:20]
	if len(x.wide) > 8*x.count {
		return packIndex{}, errIndex
	}
	return x, nil
}

// find returns the offset of an object in the pack.
func (x packIndex) find(hash plumbing.Hash) (int64, bool) {
	low, high := 0, int(binary.BigEndian.Uint32(x.fanout[4*int(hash[0]):]))
	if hash[0] > 0 {
		low = int(binary.BigEndian.Uint32(x.fanout[4*(int(hash[0])-1):]))
	}
	at := low + sort.Search(high-low, func(i int) bool {
		return bytes.Compare(x.hash(low+i), hash[:]) >= 0
	})
	if at == high || !bytes.Equal(x.hash(at), hash[:]) {
		return 0, false
	}
	return x.offset(at)
}

// offset returns where the object of an entry is in the pack.
func (x packIndex) offset(at int) (int64, bool) {
	offset := binary.BigEndian.Uint32(x.offsets[4*at:])
	const isWide = 1 << 31
	if offset&isWide == 0 {
		return int64(offset), offset > 0
	}
	i := 8 * int(offset&^isWide)
	if i+8 > len(x.wide) {
		return 0, false
	}
	far := int64(binary.BigEndian.Uint64(x.wide[i:]))
	return far, far > 0
}

// withPrefix returns the hashes that begin with these bytes, in order.
func (x packIndex) withPrefix(prefix []byte) []plumbing.Hash {
	var out []plumbing.Hash
	at := sort.Search(x.count, func(i int) bool { return bytes.Compare(x.hash(i), prefix) >= 0 })
	for ; at < x.count && bytes.HasPrefix(x.hash(at), prefix); at++ {
		out = append(out, plumbing.Hash(x.hash(at)))
	}
	return out
}

func (x packIndex) hash(i int) []byte { return x.hashes[20*i : 20*i+20] }

// size is how much memory it takes, in bytes.
func (x packIndex) size() int64 { return int64(28*x.count + len(x.wide)) }
