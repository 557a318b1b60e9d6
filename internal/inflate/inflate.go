// Package inflate reads zlib streams (RFC 1950, RFC 1951) that are in memory,
// whole, into memory whose size is known.
//
// Git objects are such streams, and taking them out is half of what fetching
// costs. The readers of the standard library and of klauspost/compress read a
// byte at a time and copy each byte through a window of their own; here the
// result is the window, and bits come 56 at a time. See BenchmarkZlib.
package inflate

import (
	"encoding/binary"
	"errors"
	"io"
	"sync"
)

// What can be wrong with a stream. One that ends too early is
// io.ErrUnexpectedEOF.
var (
	ErrHeader = errors.New("zlib: no header of a zlib stream")
	ErrData   = errors.New("zlib: damaged data")
	ErrSize   = errors.New("zlib: not as much data as is declared")
)

// Zlib fills dst with what the zlib stream at the beginning of src holds, and
// returns how many bytes of src the stream has. A stream that holds more or
// less than dst takes is an ErrSize. What dst holds after an error is
// undefined.
//
// The checksum at the end, an Adler-32, is not looked at, which would take a
// seventh of the time: it is for callers who compare all they get with a
// stronger one.
func Zlib(dst, src []byte) (n int, err error) {
	const head, trailer = 2, 4
	if len(src) < head {
		return 0, io.ErrUnexpectedEOF
	}
	const deflate, largestWindow, dictionary = 8, 7, 0x20
	if src[0]&15 != deflate || src[0]>>4 > largestWindow || src[1]&dictionary != 0 || binary.BigEndian.Uint16(src)%31 != 0 {
		return 0, ErrHeader
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	if n, err = d.inflate(dst, src[head:]); err != nil {
		return 0, err
	}
	n += head
	if len(src)-n < trailer {
		return 0, io.ErrUnexpectedEOF
	}
	return n + trailer, nil
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder is one stream being read, and the memory for its tables.
type decoder struct {
	reader
	dst []byte
	out int // bytes of dst that are filled

	lengths  [maxLiterals + maxDistances]uint8
	literals [literalEntries]entry
	distance [distanceEntries]entry
	fixed    bool // the tables are those of fixed codes
}

// inflate reads the blocks of a DEFLATE stream.
func (d *decoder) inflate(dst, src []byte) (n int, err error) {
	d.reader, d.dst, d.out = reader{src: src}, dst, 0
	defer func() { d.dst, d.src = nil, nil }() // they may be large
	for final := false; !final; {
		d.refill()
		final = d.take(1) == 1
		switch d.take(2) {
		case 0:
			err = d.stored()
		case 1:
			d.fixedCodes()
			err = d.block()
		case 2:
			if err = d.dynamicCodes(); err == nil {
				err = d.block()
			}
		default:
			err = ErrData
		}
		if d.overrun() { // what went wrong may be due to that
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
	}
	if d.out != len(dst) {
		return 0, ErrSize
	}
	return d.align(), nil
}

// stored copies a block that is not compressed.
func (d *decoder) stored() error {
	at := d.align()
	if d.overrun() || len(d.src)-at < 4 {
		return io.ErrUnexpectedEOF
	}
	size := int(binary.LittleEndian.Uint16(d.src[at:]))
	if size != int(^binary.LittleEndian.Uint16(d.src[at+2:])) {
		return ErrData
	}
	at += 4
	if len(d.src)-at < size {
		return io.ErrUnexpectedEOF
	}
	if len(d.dst)-d.out < size {
		return ErrSize
	}
	d.out += copy(d.dst[d.out:], d.src[at:at+size])
	d.reader = reader{src: d.src, next: at + size}
	return nil
}

// block reads the symbols of a compressed block up to its end.
func (d *decoder) block() error {
	if done, err := d.inner(); done || err != nil {
		return err
	}
	for {
		d.refill()
		e := d.literals[d.buf&(1<<literalBits-1)]
		if e.isLink() {
			d.skip(e)
			e = d.literals[e.link(d.buf)]
		}
		buf := d.buf
		d.skip(e)
		switch {
		case e.isLiteral():
			if d.out == len(d.dst) {
				return ErrSize
			}
			d.dst[d.out] = e.literal()
			d.out++
		case e.isEnd():
			return nil
		case e.isValue():
			if err := d.match(e.value(buf)); err != nil {
				return err
			}
		default:
			return ErrData
		}
	}
}

// match reads a distance and copies from there.
func (d *decoder) match(length int) error {
	d.refill()
	e := d.distance[d.buf&(1<<distanceBits-1)]
	if e.isLink() {
		d.skip(e)
		e = d.distance[e.link(d.buf)]
	}
	distance := e.value(d.buf)
	d.skip(e)
	if !e.isValue() || distance > d.out || d.overrun() {
		return ErrData
	}
	if length > len(d.dst)-d.out {
		return ErrSize
	}
	repeat(d.dst, d.out, distance, length)
	d.out += length
	return nil
}

// inner is what block does as long as no end is near, neither of src nor of
// dst. It takes nearly all of the time, so the state of the stream is held in
// variables, which the compiler keeps in registers, and nothing is looked at
// twice. It reports whether the block has ended.
func (d *decoder) inner() (ended bool, err error) {
	src, next, buf, count := d.src, d.next, d.buf, d.count
	dst, out := d.dst, d.out
	var e entry
	const nearSrc, nearDst = 24, 3 + 258 + 8 // bytes that a round may read, and write
	if len(src)-next < nearSrc {
		return false, nil
	}
	// 56 bits are enough for two literals and a length, or for a distance.
	buf |= binary.LittleEndian.Uint64(src[next:]) << (count & 63)
	next += int(63-count) >> 3
	count |= 56
	e = d.literals[buf&(1<<literalBits-1)]
	for len(src)-next >= nearSrc && len(dst)-out >= nearDst {
		if e.isLiteral() {
			buf, count = buf>>e.drop(), count-e.drop()
			dst[out] = e.literal()
			out++
			if e = d.literals[buf&(1<<literalBits-1)]; e.isLiteral() {
				buf, count = buf>>e.drop(), count-e.drop()
				dst[out] = e.literal()
				out++
				e = d.literals[buf&(1<<literalBits-1)]
			}
		}
		if e.isLink() {
			buf, count = buf>>e.drop(), count-e.drop()
			e = d.literals[e.link(buf)]
		}
		if !e.isValue() {
			buf, count = buf>>e.drop(), count-e.drop()
			if !e.isLiteral() {
				if ended = e.isEnd(); !ended {
					err = ErrData
				}
				break
			}
			dst[out] = e.literal()
			out++
			buf |= binary.LittleEndian.Uint64(src[next:]) << (count & 63)
			next += int(63-count) >> 3
			count |= 56
			e = d.literals[buf&(1<<literalBits-1)]
			continue
		}
		length := e.value(buf)
		buf, count = buf>>e.drop(), count-e.drop()

		buf |= binary.LittleEndian.Uint64(src[next:]) << (count & 63)
		next += int(63-count) >> 3
		count |= 56
		e = d.distance[buf&(1<<distanceBits-1)]
		if e.isLink() {
			buf, count = buf>>e.drop(), count-e.drop()
			e = d.distance[e.link(buf)]
		}
		distance := e.value(buf)
		buf, count = buf>>e.drop(), count-e.drop()
		if !e.isValue() || distance > out {
			err = ErrData
			break
		}
		// The next symbol is looked up before the copying, which it need not
		// wait for.
		buf |= binary.LittleEndian.Uint64(src[next:]) << (count & 63)
		next += int(63-count) >> 3
		count |= 56
		e = d.literals[buf&(1<<literalBits-1)]
		repeat(dst, out, distance, length)
		out += length
	}
	d.next, d.buf, d.count, d.out = next, buf, count, out
	return ended, err
}

// repeat copies length bytes to dst[out:] from distance bytes before, where
// they may overlap: what is copied first is then copied again.
func repeat(dst []byte, out, distance, length int) {
	from, end := out-distance, out+length
	if distance >= 8 && len(dst)-end >= 8 {
		for out < end { // up to 7 bytes too many, which are written over
			binary.LittleEndian.PutUint64(dst[out:], binary.LittleEndian.Uint64(dst[from:]))
			out += 8
			from += 8
		}
		return
	}
	for out < end {
		out += copy(dst[out:end], dst[from:out])
	}
}
