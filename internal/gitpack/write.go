package gitpack

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/disk"
	"github.com/vxlite/vxlite/internal/limit"
)

// Error is a pack that is not as it was when it was sent, or that nothing
// but a broken server sends.
type Error struct{ Err error }

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("the pack is damaged: %v", e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

var ErrEmpty = errors.New("the server sent nothing")

// received is a pack that has been stored.
type received struct {
	// name is pack-SHA1, without an extension.
	name string
	size int64 // bytes
	// objects are those of a small pack, for whoever needs them next: inflating them
	// again from the pack is most of what extracting a tree costs. It is nil for none.
	objects storer.EncodedObjectStorer
}

// writePack stores a pack and its index in dir. The pack is received whole
// before it is indexed. Whoever is killed leaves files that git's gc removes, too.
//
// go-git could index it too, but has no limits for what comes of it: see the
// package comment.
func writePack(dir string, pack io.Reader, limits config.Limits, keep bool) (got received, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "tmp_pack_"+rand.Text()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return got, err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	defer f.Close()
	pack = &limit.Reader{R: pack, Left: limits.Pack, Over: limit.Bytes("the pack has more than", "pack", limits.Pack)}
	if got.size, err = io.Copy(f, pack); err != nil {
		return got, err
	}
	if got.size == 0 {
		return got, ErrEmpty
	}
	x := &indexer{file: f, size: got.size, limits: limits, keep: keep && got.size <= inMemory}
	if err := x.open(); err != nil {
		return got, err
	}
	sum, err := x.index()
	if err != nil {
		return got, err
	}
	if x.keep {
		got.objects = x.objects()
	}
	got.name = "pack-" + sum.String()
	if err := f.Close(); err != nil { // Windows renames no open file
		return got, err
	}
	base := filepath.Join(dir, got.name)
	if err := x.write(f.Name()+".idx", sum); err != nil {
		return got, err
	}
	defer os.Remove(f.Name() + ".idx")
	if err := disk.Rename(f.Name(), base+".pack"); err != nil {
		return got, err
	}
	return got, disk.Rename(f.Name()+".idx", base+".idx") // last: it is what readers look for
}

// open begins to read the pack: from memory, where it is to be kept.
func (x *indexer) open() error {
	x.in = packReader{file: x.file, end: max(0, x.size-sha1.Size), chunk: 1 << 20}
	if !x.keep {
		return nil
	}
	data := make([]byte, x.size)
	if _, err := x.file.ReadAt(data, 0); err != nil {
		return err
	}
	x.file = bytes.NewReader(data)
	x.in.file, x.in.data = x.file, data[:x.in.end]
	return nil
}

// inMemory is how large a pack may be to be kept, in bytes: as many as there
// are jobs are held at once. It is a variable for its test.
var inMemory int64 = 2 << 20

// mostKept is how large the objects of such a pack may be, in bytes.
const mostKept = 48 << 20

// indexer works out what the objects of a pack are.
type indexer struct {
	file   io.ReaderAt
	size   int64 // of the file
	in     packReader
	limits config.Limits
	keep   bool // the objects, in memory

	entries  []indexed // by offset
	unpacked int64     // bytes of all objects
	resolved int
	held     int64 // bytes of the deltas and of the bases that are in work
	ofs      map[int64][]int
	ref      map[plumbing.Hash][]int

	follow bool // what commits and tags lead to, in links
	links  []Link
}

// indexed is an entry of the pack.
type indexed struct {
	start, end int64
	crc        uint32
	header     entryHeader
	kind       plumbing.ObjectType // of the object that it leads to
	hash       plumbing.Hash       // zero until it is known
	data       []byte              // of an object where they are kept; of a delta until it is resolved
}

// index reads the pack: first what stands in it, then what deltas make of it.
func (x *indexer) index() (sum plumbing.Hash, err error) {
	x.ofs, x.ref = map[int64][]int{}, map[plumbing.Hash][]int{}
	if err := x.scan(); err != nil {
		if _, over := errors.AsType[*limit.Error](err); over {
			return sum, err
		}
		return sum, &Error{err}
	}
	if sum, err = x.checksum(); err != nil {
		return sum, err
	}
	for i := range x.entries {
		if x.entries[i].header.isDelta() {
			continue
		}
		if err := x.resolve(i); err != nil {
			if _, over := errors.AsType[*limit.Error](err); over {
				return sum, err
			}
			return sum, &Error{err}
		}
	}
	if x.resolved != len(x.entries) {
		return sum, &Error{errors.New("it has a delta to an object that is not in it")}
	}
	return sum, nil
}

// checksum compares the pack with the sum at its end.
func (x *indexer) checksum() (sum plumbing.Hash, err error) {
	h := sha1.New()
	if _, err := io.Copy(h, io.NewSectionReader(x.file, 0, x.size-int64(len(sum)))); err != nil {
		return sum, err
	}
	if _, err := x.file.ReadAt(sum[:], x.size-int64(len(sum))); err != nil {
		return sum, err
	}
	if !bytes.Equal(h.Sum(nil), sum[:]) {
		return sum, &Error{errors.New("checksum mismatch")}
	}
	return sum, nil
}

// scan reads all entries, in order.
func (x *indexer) scan() error {
	const head = 12
	header, err := x.in.at(0, head)
	if err != nil {
		return err
	}
	if len(header) < head {
		return io.ErrUnexpectedEOF
	}
	version, count := binary.BigEndian.Uint32(header[4:]), int64(binary.BigEndian.Uint32(header[8:]))
	if string(header[:4]) != "PACK" || version != 2 && version != 3 {
		return errors.New("it does not begin as a pack does")
	}
	if count > x.limits.Objects {
		return limit.Count("the pack has more objects than", "objects", x.limits.Objects)
	}
	const least = 9 // bytes of an entry
	x.entries = make([]indexed, 0, min(count, x.size/least))
	at := int64(head)
	for range count {
		e := indexed{start: at}
		if err := x.entry(&e); err != nil {
			return err
		}
		if e.crc, err = x.in.crc(e.start, e.end); err != nil {
			return err
		}
		at = e.end
		x.entries = append(x.entries, e)
	}
	if at != x.in.end {
		return errors.New("it has more than its objects")
	}
	return nil
}

// entry reads one entry. What it declares is held against the limits before it
// is believed.
func (x *indexer) entry(e *indexed) (err error) {
	var body int64
	if e.header, body, err = x.in.header(e.start); err != nil {
		return err
	}
	size := int64(e.header.size)
	if err := x.weigh(e.header.size); err != nil {
		return err
	}
	n := len(x.entries)
	switch h := e.header; {
	case h.isDelta():
		if e.data, e.end, err = x.in.inflate(body, int(size)); err != nil {
			return err
		}
		makes, err := deltaResult(e.data)
		if err != nil {
			return err
		}
		if err := x.weigh(makes); err != nil {
			return err
		}
		if h.kind == plumbing.OFSDeltaObject {
			x.ofs[h.base] = append(x.ofs[h.base], n)
		} else {
			x.ref[h.ref] = append(x.ref[h.ref], n)
		}
		if x.held+size > mostKept {
			e.data = nil // it is read again
			return nil
		}
		x.held += size
		return nil
	case size <= Large:
		var data []byte
		if data, e.end, err = x.in.inflate(body, int(size)); err != nil {
			return err
		}
		e.kind, e.hash = h.kind, plumbing.ComputeHash(h.kind, data)
		x.note(e, data)
		if x.keep {
			e.data = data
		}
		return nil
	default:
		hash := plumbing.NewHasher(h.kind, size)
		e.end, err = x.in.inflateTo(hash, body, int(size))
		e.kind, e.hash = h.kind, hash.Sum()
		return err
	}
}

// weigh takes note of so many bytes that have to be worked on.
func (x *indexer) weigh(size uint64) error {
	if size > uint64(x.limits.Object) {
		return limit.Bytes("an object has more than", "object", x.limits.Object)
	}
	if x.unpacked += int64(size); x.unpacked > x.limits.Unpacked {
		return limit.Bytes("the objects have more than", "unpacked", x.limits.Unpacked)
	}
	if x.unpacked > mostKept || size > Large {
		x.drop()
	}
	return nil
}

// drop lets go of the objects: together they are too large.
func (x *indexer) drop() {
	if !x.keep {
		return
	}
	x.keep = false
	for i := range x.entries {
		if !x.entries[i].header.isDelta() {
			x.entries[i].data = nil
		}
	}
}

// step is an object whose deltas are being applied.
type step struct {
	data     []byte
	kind     plumbing.ObjectType
	children []int // that are left to do
}

// resolve applies the deltas to the whole object at entry i, and those to what
// comes of it. An object is let go as soon as its last delta is applied, so
// that a chain holds two at a time.
func (x *indexer) resolve(i int) error {
	e := &x.entries[i]
	x.resolved++
	children := x.children(e)
	if len(children) == 0 {
		return nil
	}
	data, err := x.data(e)
	if err != nil {
		return err
	}
	stack := []step{{data, e.kind, children}}
	held := int64(len(data))
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		child := &x.entries[top.children[0]]
		base, kind := top.data, top.kind
		if top.children = top.children[1:]; len(top.children) == 0 {
			held -= int64(len(base))
			stack = stack[:len(stack)-1]
		}
		made, err := x.apply(child, base, kind)
		if err != nil {
			return err
		}
		if next := x.children(child); len(next) > 0 {
			const most = 4 // of the largest that are allowed
			if held += int64(len(made)); held > most*x.limits.Object {
				return limit.Bytes("unpacking it has to hold more than 4 objects of", "object", x.limits.Object)
			}
			stack = append(stack, step{made, kind, next})
		}
	}
	return nil
}

// children returns the deltas to an entry's object.
func (x *indexer) children(e *indexed) []int {
	out := x.ofs[e.start]
	if more := x.ref[e.hash]; len(more) > 0 {
		delete(x.ref, e.hash) // the object may be there twice
		out = append(out[:len(out):len(out)], more...)
	}
	return out
}

// data returns what is compressed in an entry.
func (x *indexer) data(e *indexed) ([]byte, error) {
	if e.data != nil {
		return e.data, nil
	}
	_, body, err := x.in.header(e.start)
	if err != nil {
		return nil, err
	}
	data, _, err := x.in.inflate(body, int(e.header.size))
	return data, err
}

// apply makes the object of a delta.
func (x *indexer) apply(e *indexed, base []byte, kind plumbing.ObjectType) ([]byte, error) {
	delta, err := x.data(e)
	if err != nil {
		return nil, err
	}
	made, err := applyDelta(base, delta)
	if err != nil {
		return nil, err
	}
	e.kind, e.hash, e.data = kind, plumbing.ComputeHash(kind, made), nil
	x.note(e, made)
	if x.keep {
		e.data = made
	}
	x.resolved++
	return made, nil
}

// objects are those of a pack that is kept.
func (x *indexer) objects() *memory.Storage {
	st := memory.NewStorage()
	for _, e := range x.entries {
		st.Objects[e.hash] = &Object{packed: packed{kind: e.kind, data: e.data}, hash: e.hash}
	}
	return st
}

// write writes the pack's index.
func (x *indexer) write(name string, sum plumbing.Hash) error {
	data, err := x.encode(sum)
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

// encode makes the pack's index.
func (x *indexer) encode(sum plumbing.Hash) ([]byte, error) {
	sort.Slice(x.entries, func(i, j int) bool { return bytes.Compare(x.entries[i].hash[:], x.entries[j].hash[:]) < 0 })
	w := new(idxfile.Writer)
	if err := w.OnHeader(uint32(len(x.entries))); err != nil {
		return nil, err
	}
	for _, e := range x.entries {
		if err := w.OnInflatedObjectContent(e.hash, e.start, e.crc, nil); err != nil {
			return nil, err
		}
	}
	if err := w.OnFooter(sum); err != nil {
		return nil, err
	}
	index, err := w.Index()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = idxfile.NewEncoder(&b).Encode(index)
	return b.Bytes(), err
}
