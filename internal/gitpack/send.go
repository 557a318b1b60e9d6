package gitpack

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"
)

// Packed reports whether all objects are in packs of the repository's own.
func (s *Storage) Packed() (bool, error) {
	dirs, err := s.dirs()
	if err != nil || len(dirs) != 1 {
		return false, err
	}
	entries, err := os.ReadDir(dirs[0].path)
	return !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return len(e.Name()) == 2 }), err
}

// WritePack writes a pack of these objects, or of all that are in packs where
// wanted is nil. What is compressed goes as it is, also a delta if what it is based
// on goes, too: it takes hardly more memory than the indexes do. With offsets, deltas
// name their bases by these where they can, which is shorter.
func (s *Storage) WritePack(w io.Writer, wanted map[plumbing.Hash]bool, offsets bool) error {
	dirs, err := s.dirs()
	if err != nil {
		return err
	}
	var parts []*packPart
	count := 0
	for _, d := range dirs {
		for _, p := range d.packs {
			part, err := newPart(p, parts, wanted)
			if err != nil {
				return inFile(p.name, err)
			}
			parts, count = append(parts, part), count+part.count
		}
	}
	loose := unpacked(parts, wanted)
	if count += len(loose); uint64(count) > math.MaxUint32 {
		return fmt.Errorf("%d objects are too many for a pack", count)
	}
	out := &packWriter{w: w, sum: sha1.New(), z: zlib.NewWriter(nil), wanted: wanted, offsets: offsets}
	if _, err := out.Write(binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(count))); err != nil {
		return err
	}
	for _, p := range parts {
		if err := out.part(p); err != nil {
			return inFile(p.pack.name, err)
		}
	}
	for _, h := range loose {
		obj, err := s.EncodedObject(plumbing.AnyObject, h)
		if err != nil {
			return fmt.Errorf("object %s: %w", h, err)
		}
		if err := WriteEntry(out, out.z, obj); err != nil {
			return err
		}
	}
	_, err = w.Write(out.sum.Sum(nil))
	return err
}

// packPart is what one pack gives to another. Its slices are by the order of the
// objects in the pack.
type packPart struct {
	pack    *pack
	places  []uint32 // in the index
	offsets []int64
	// went is where an object went, toGo for one that is still to go, and 0 for one
	// that does not go.
	went  []int64
	count int // of those that go
	// repeats says that the pack has objects that the index does not know, as it has
	// them twice: then an entry may end before the next one that is known.
	repeats bool
}

const toGo = -1

// newPart chooses what is wanted of a pack and is in none before it. An object is
// then never in an earlier pack than its base, so that deltas do not go in circles.
func newPart(p *pack, before []*packPart, wanted map[plumbing.Hash]bool) (*packPart, error) {
	n := p.index.count
	var head [12]byte
	var sum [sha1.Size]byte
	_, err := p.file.ReadAt(head[:], 0)
	if err == nil {
		_, err = p.file.ReadAt(sum[:], max(0, p.size-sha1.Size))
	}
	if err == nil && !bytes.Equal(sum[:], p.index.sum) {
		err = errors.New("it does not end with the checksum that its index has of it")
	}
	if err != nil {
		return nil, err
	}
	part := &packPart{pack: p, repeats: binary.BigEndian.Uint32(head[8:]) != uint32(n), places: make([]uint32, n), offsets: make([]int64, n), went: make([]int64, n)}
	for i := range n {
		part.places[i] = uint32(i)
		if _, ok := p.index.offset(i); !ok {
			return nil, errIndex
		}
	}
	offset := func(place uint32) int64 { o, _ := p.index.offset(int(place)); return o }
	slices.SortFunc(part.places, func(a, b uint32) int { return cmp.Compare(offset(a), offset(b)) })
	for i, place := range part.places {
		part.offsets[i] = offset(place)
		h := plumbing.Hash(p.index.hash(int(place)))
		if wanted != nil && !wanted[h] || isIn(before, h) {
			continue
		}
		part.went[i] = toGo
		part.count++
	}
	return part, nil
}

func isIn(parts []*packPart, h plumbing.Hash) bool {
	return slices.ContainsFunc(parts, func(p *packPart) bool { _, ok := p.pack.index.find(h); return ok })
}

// unpacked are the wanted objects that are in no pack, sorted.
func unpacked(parts []*packPart, wanted map[plumbing.Hash]bool) []plumbing.Hash {
	var out []plumbing.Hash
	for h := range wanted {
		if !isIn(parts, h) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// base finds the object that a delta is based on.
func (p *packPart) base(h entryHeader) (i int, name plumbing.Hash, err error) {
	offset := h.base
	if h.kind == plumbing.REFDeltaObject {
		offset, _ = p.pack.index.find(h.ref)
	}
	i, ok := slices.BinarySearch(p.offsets, offset)
	if !ok {
		return 0, name, errors.New("a delta to an object that is not in the pack")
	}
	return i, plumbing.Hash(p.pack.index.hash(int(p.places[i]))), nil
}

// end is where an object's entry ends.
func (p *packPart) end(i int) int64 {
	if i+1 < len(p.offsets) {
		return p.offsets[i+1]
	}
	return p.pack.size - sha1.Size
}

// packWriter writes a pack.
type packWriter struct {
	w       io.Writer
	n       int64 // bytes so far
	sum     hash.Hash
	z       *zlib.Writer
	wanted  map[plumbing.Hash]bool // nil for all
	offsets bool
}

// Write implements io.Writer.
func (o *packWriter) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.sum.Write(b[:n])
	o.n += int64(n)
	return n, err
}

// part writes what goes of a pack.
func (o *packWriter) part(p *packPart) error {
	r := &packReader{chunk: 256 << 10}
	r.reset(p.pack.file)
	r.end = p.pack.size
	defer p.pack.drop()
	for i := range p.went {
		if p.went[i] != toGo {
			continue
		}
		p.went[i] = o.n
		if err := o.entry(p, r, i); err != nil {
			return err
		}
	}
	return nil
}

// entry writes an object of a pack.
func (o *packWriter) entry(p *packPart, r *packReader, i int) error {
	if p.repeats {
		return o.whole(p, i)
	}
	h, body, err := r.header(p.offsets[i])
	if err != nil {
		return err
	}
	if !h.isDelta() {
		return o.copy(r, p.offsets[i], p.end(i))
	}
	base, name, err := p.base(h)
	switch {
	case err != nil:
		return err
	case o.wanted != nil && !o.wanted[name]:
		return o.whole(p, i)
	case o.offsets && p.went[base] > 0:
		back := o.n - p.went[base]
		_, err = o.Write(append(appendHead(nil, plumbing.OFSDeltaObject, h.size), backBytes(back)...))
	default:
		_, err = o.Write(append(appendHead(nil, plumbing.REFDeltaObject, h.size), name[:]...))
	}
	if err != nil {
		return err
	}
	return o.copy(r, body, p.end(i))
}

// whole writes an object that may be a delta in its pack.
func (o *packWriter) whole(p *packPart, i int) error {
	obj, err := p.pack.object(p.offsets[i])
	if err != nil {
		return err
	}
	return WriteEntry(o, o.z, &Object{packed: obj})
}

// copy writes what stands between two places.
func (o *packWriter) copy(r *packReader, from, to int64) error {
	if to-from > int64(r.chunk) {
		n, err := io.Copy(o, io.NewSectionReader(r.file, from, to-from))
		if err == nil && n < to-from {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	data, err := r.at(from, int(max(0, to-from)))
	if err == nil && (to <= from || int64(len(data)) < to-from) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	_, err = o.Write(data[:to-from])
	return err
}

// WriteEntry writes an entry of a pack, an object that is no delta, with a writer
// that compresses: see "object entries" in gitformat-pack(5).
func WriteEntry(out io.Writer, z *zlib.Writer, obj plumbing.EncodedObject) error {
	if _, err := out.Write(appendHead(nil, obj.Type(), uint64(obj.Size()))); err != nil {
		return err
	}
	r, err := obj.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	z.Reset(out)
	if _, err := io.Copy(z, r); err != nil {
		return err
	}
	return z.Close()
}

// appendHead appends a type and a size.
func appendHead(b []byte, kind plumbing.ObjectType, size uint64) []byte {
	b = append(b, byte(kind)<<4|byte(size&0xf))
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
}

// backBytes are how far before a delta its base is; readBack reads them.
func backBytes(back int64) []byte {
	b := []byte{byte(back & 0x7f)}
	for back >>= 7; back > 0; back >>= 7 {
		back--
		b = append(b, 0x80|byte(back&0x7f))
	}
	slices.Reverse(b)
	return b
}
