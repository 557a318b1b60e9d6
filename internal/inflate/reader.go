package inflate

import "encoding/binary"

// reader reads the bits of a stream, the lowest of each byte first.
type reader struct {
	src   []byte
	next  int    // of src, the byte to be read next
	buf   uint64 // bits that were read, the next is the lowest
	count uint   // how many bits buf has
	ghost int    // how many bytes beyond the end of src are among them
}

// refill makes count at least 56. Beyond the end there are zeros.
func (r *reader) refill() {
	if len(r.src)-r.next >= 8 {
		r.buf |= binary.LittleEndian.Uint64(r.src[r.next:]) << (r.count & 63)
		r.next += int(63-r.count) >> 3
		r.count |= 56 // the bits above are there too, and come again
		return
	}
	r.refillEnd()
}

func (r *reader) refillEnd() {
	r.buf &= 1<<(r.count&63) - 1
	for r.count < 56 {
		if r.next < len(r.src) {
			r.buf |= uint64(r.src[r.next]) << r.count
			r.next++
		} else {
			r.ghost++
		}
		r.count += 8
	}
}

// take returns the next n bits, at most 16.
func (r *reader) take(n uint) uint64 {
	v := r.buf & (1<<(n&63) - 1)
	r.buf >>= n & 63
	r.count -= n
	return v
}

// skip drops the bits of an entry.
func (r *reader) skip(e entry) {
	r.buf >>= e.drop()
	r.count -= e.drop()
}

// overrun reports whether bits beyond the end were taken.
func (r *reader) overrun() bool { return r.ghost > 0 && 8*r.ghost > int(r.count) }

// align drops the rest of a byte of which some bits were taken, and returns
// where the next one is in src.
func (r *reader) align() int { return r.next - (int(r.count)/8 - r.ghost) }
