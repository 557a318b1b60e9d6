package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"
)

// entryHeader is what stands before an entry's compressed bytes.
type entryHeader struct {
	kind plumbing.ObjectType
	size uint64 // of what is compressed: an object or a delta
	base int64  // where an OFS delta's base is
	ref  plumbing.Hash
}

func (h entryHeader) isDelta() bool {
	return h.kind == plumbing.OFSDeltaObject || h.kind == plumbing.REFDeltaObject
}

// readHeader reads the header of the entry at an offset: see "object entries"
// in gitformat-pack(5).
func readHeader(r *bufio.Reader, offset int64) (entryHeader, error) {
	c, err := r.ReadByte()
	if err != nil {
		return entryHeader{}, noEnd(err)
	}
	h := entryHeader{kind: plumbing.ObjectType(c >> 4 & 7), size: uint64(c & 15)}
	for shift := 4; c&0x80 != 0; shift += 7 {
		if c, err = r.ReadByte(); err != nil {
			return h, noEnd(err)
		}
		if shift > 56 {
			return h, errors.New("an object of a size beyond all")
		}
		h.size |= uint64(c&0x7f) << shift
	}
	switch h.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		h.base, err = readBack(r, offset)
	case plumbing.REFDeltaObject:
		_, err = io.ReadFull(r, h.ref[:])
	default:
		err = fmt.Errorf("an object of the unknown type %d", h.kind)
	}
	return h, noEnd(err)
}

// readBack reads how far before a delta its base is, and returns where.
func readBack(r *bufio.Reader, offset int64) (int64, error) {
	var back int64
	for more := true; more; {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		back = back<<7 | int64(c&0x7f)
		if more = c&0x80 != 0; more {
			back++
		}
		if back >= offset {
			return 0, errors.New("a delta whose base lies outside the pack")
		}
	}
	if back == 0 {
		return 0, errors.New("a delta to itself")
	}
	return offset - back, nil
}

// noEnd says of an end that it comes too early.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// inflater is what reading an entry needs and can be used again.
type inflater struct {
	buf  *bufio.Reader
	zlib io.ReadCloser // nil before its first use; also a zlib.Resetter
}

var inflaters = sync.Pool{New: func() any { return &inflater{buf: bufio.NewReaderSize(nil, 8<<10)} }}

// start begins with what is compressed next in buf.
func (in *inflater) start() error {
	var err error
	if in.zlib == nil {
		in.zlib, err = zlib.NewReader(in.buf)
	} else {
		err = in.zlib.(zlib.Resetter).Reset(in.buf, nil)
	}
	if err != nil {
		in.zlib = nil
	}
	return noEnd(err)
}

// inflate reads exactly size bytes of what is compressed in buf. The memory for
// them is taken as they come: a size is easily declared.
func (in *inflater) inflate(size int) ([]byte, error) {
	if err := in.start(); err != nil {
		return nil, err
	}
	const atOnce = 1 << 20
	data := make([]byte, min(size, atOnce))
	for n := 0; ; {
		if _, err := io.ReadFull(in.zlib, data[n:]); err != nil {
			return nil, noEnd(err)
		}
		if n = len(data); n == size {
			return data, in.end(size)
		}
		more := make([]byte, min(size, 4*n))
		copy(more, data)
		data = more
	}
}

// inflateTo is inflate for what is too large to be held.
func (in *inflater) inflateTo(w io.Writer, size int64) error {
	if err := in.start(); err != nil {
		return err
	}
	if _, err := io.CopyN(w, in.zlib, size); err != nil {
		return noEnd(err)
	}
	return in.end(int(size))
}

// end has to be here, and its checksum is looked at when it is met.
func (in *inflater) end(size int) error {
	var more [1]byte
	n, err := io.ReadFull(in.zlib, more[:])
	switch {
	case n > 0:
		return fmt.Errorf("an object is not of the %d bytes that it declares", size)
	case err != io.EOF:
		return noEnd(err)
	}
	return nil
}
