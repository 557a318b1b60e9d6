package gitpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
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
func readHeader(r *bytes.Reader, offset int64) (entryHeader, error) {
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
			return h, errors.New("object too large")
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
func readBack(r *bytes.Reader, offset int64) (int64, error) {
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
