package source

import (
	"encoding/binary"
	"errors"
)

var errDelta = errors.New("a delta that does not fit its base")

// applyDelta makes an object of a base and a delta to it: see "Deltified
// representation" in gitformat-pack(5). go-git's PatchDelta does the same in
// a buffer that grows, which takes more than twice as long.
//
// The memory for the result is taken as it comes: a size is easily declared.
func applyDelta(base, delta []byte) ([]byte, error) {
	from, n := binary.Uvarint(delta)
	if n <= 0 || from != uint64(len(base)) {
		return nil, errDelta
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 {
		return nil, errDelta
	}
	delta = delta[n:]
	out := make([]byte, 0, min(size, uint64(len(base)+len(delta))))
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		var ok bool
		if op&0x80 != 0 {
			piece, delta, ok = copied(op, base, delta)
		} else if ok = op > 0 && int(op) <= len(delta); ok { // 0 is reserved
			piece, delta = delta[:op], delta[op:]
		}
		if !ok || uint64(len(piece)) > size-uint64(len(out)) {
			return nil, errDelta
		}
		out = append(out, piece...)
	}
	if uint64(len(out)) != size {
		return nil, errDelta
	}
	return out, nil
}

// copied reads which piece of the base an instruction copies. Its bits say
// which bytes of the offset and of the size follow; the others are 0.
func copied(op byte, base, delta []byte) (piece, rest []byte, ok bool) {
	var at [7]byte // 4 of the offset, 3 of the size
	for i := range at {
		if op&(1<<i) == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, false
		}
		at[i], delta = delta[0], delta[1:]
	}
	offset := uint64(at[0]) | uint64(at[1])<<8 | uint64(at[2])<<16 | uint64(at[3])<<24
	size := uint64(at[4]) | uint64(at[5])<<8 | uint64(at[6])<<16
	if size == 0 {
		size = 0x10000
	}
	if offset+size > uint64(len(base)) {
		return nil, nil, false
	}
	return base[offset : offset+size], delta, true
}
