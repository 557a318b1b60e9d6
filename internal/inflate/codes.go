package inflate

import "math/bits"

// entry says what a code leads to. From its lowest bit on it has
//
//	6 bits: how many bits to drop, those of the code and the extra bits after
//	it; 0 for a code that is none
//	4 bits: how many of them are the code's own; for a link, how many bits
//	index the further table
//	2 bits: the kind
//	the rest: the literal, the smallest length or distance, or where in the
//	array the further table begins
type entry uint32

const (
	kindLiteral = iota << 10
	kindValue   // a length or a distance
	kindLink    // to a further table, for codes that are longer than the first one's index
	kindEnd     // of the block; without a base, of what is no code
	kindMask    = 3 << 10
)

func (e entry) drop() uint      { return uint(e & 63) }
func (e entry) base() int       { return int(e >> 12) }
func (e entry) literal() byte   { return byte(e >> 12) }
func (e entry) isLiteral() bool { return e&kindMask == kindLiteral }
func (e entry) isValue() bool   { return e&kindMask == kindValue }
func (e entry) isLink() bool    { return e&kindMask == kindLink }
func (e entry) isEnd() bool     { return e&kindMask == kindEnd && e.base() == 1 }

// value is the length or the distance. buf are the bits before any are dropped.
func (e entry) value(buf uint64) int {
	return e.base() + int(buf&(1<<e.drop()-1)>>(e>>6&15))
}

// link is where a further table has the code that the next bits begin with.
func (e entry) link(buf uint64) int { return e.base() + int(buf&(1<<(e>>6&15)-1)) }

// entryOf makes an entry that has no code yet.
func entryOf(kind entry, base, extra int) entry { return kind | entry(base)<<12 | entry(extra) }

// code gives an entry the length of its code.
func (e entry) code(n uint) entry { return e + entry(n) | entry(n)<<6 }

// noCode is what bits lead to that are no code.
const noCode entry = kindEnd

const (
	maxLiterals  = 288 // two of which are in fixed codes and mean nothing
	maxDistances = 32  // likewise
	maxCode      = 15  // bits

	literalBits  = 10 // index the first table; more of them cost more to fill
	distanceBits = 8

	// The first table and all further ones at their largest, for an index of
	// 10 and of 8 bits: see zlib's examples/enough.c.
	literalEntries  = 1334
	distanceEntries = 402
)

// literalEntry and distanceEntry are what each symbol means, without a length:
// see RFC 1951, 3.2.5.
var literalEntry, distanceEntry = meanings()

func meanings() (lit [maxLiterals]entry, dist [maxDistances]entry) {
	for i := range lit {
		lit[i] = noCode
		if i < 256 {
			lit[i] = entryOf(kindLiteral, i, 0)
		}
	}
	lit[256] = entryOf(kindEnd, 1, 0)
	base := 3
	for i := 257; i < 285; i++ {
		extra := max(0, (i-261)/4)
		lit[i] = entryOf(kindValue, base, extra)
		base += 1 << extra
	}
	lit[285] = entryOf(kindValue, 258, 0)
	base = 1
	for i := range dist {
		dist[i] = noCode
		if i < 30 {
			extra := max(0, i/2-1)
			dist[i] = entryOf(kindValue, base, extra)
			base += 1 << extra
		}
	}
	return lit, dist
}

// fixedCodes sets the tables to those of RFC 1951, 3.2.6.
func (d *decoder) fixedCodes() {
	if d.fixed {
		return
	}
	lengths := d.lengths[:maxLiterals+maxDistances]
	for i := range lengths {
		switch {
		case i < 144 || i >= 280 && i < maxLiterals:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 5
		}
	}
	fill(d.literals[:], literalBits, lengths[:maxLiterals], literalEntry[:])
	fill(d.distance[:], distanceBits, lengths[maxLiterals:], distanceEntry[:])
	d.fixed = true
}

// lengthOrder is the order in which the lengths of the codes for lengths come.
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamicCodes reads the codes that a block begins with: RFC 1951, 3.2.7.
func (d *decoder) dynamicCodes() error {
	d.fixed = false
	d.refill()
	literals, distances, codes := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	const mostLiterals, mostDistances = 286, 30
	if literals > mostLiterals || distances > mostDistances {
		return ErrData
	}
	var order [len(lengthOrder)]uint8
	for _, i := range lengthOrder[:codes] {
		d.refill()
		order[i] = uint8(d.take(3))
	}
	const lengthBits = 7
	var table [1 << lengthBits]entry
	if !fill(table[:], lengthBits, order[:], lengthSymbols[:]) {
		return ErrData
	}
	if err := d.readLengths(&table, literals+distances); err != nil {
		return err
	}
	if d.lengths[256] == 0 { // never an end
		return ErrData
	}
	if !fill(d.literals[:], literalBits, d.lengths[:literals], literalEntry[:]) ||
		!fill(d.distance[:], distanceBits, d.lengths[literals:literals+distances], distanceEntry[:]) {
		return ErrData
	}
	return nil
}

// lengthSymbols are the symbols of the codes for lengths, in entries.
var lengthSymbols = func() (out [19]entry) {
	for i := range out {
		out[i] = entryOf(kindLiteral, i, 0)
	}
	return out
}()

// readLengths reads n lengths of codes.
func (d *decoder) readLengths(table *[128]entry, n int) error {
	for i := 0; i < n; {
		d.refill()
		e := table[d.buf&127]
		if e == noCode || d.overrun() {
			return ErrData
		}
		d.skip(e)
		symbol, times := e.literal(), 0
		var length uint8
		switch symbol {
		case 16:
			if i == 0 {
				return ErrData
			}
			length, times = d.lengths[i-1], 3+int(d.take(2))
		case 17:
			times = 3 + int(d.take(3))
		case 18:
			times = 11 + int(d.take(7))
		default:
			length, times = symbol, 1
		}
		if times > n-i {
			return ErrData
		}
		for range times {
			d.lengths[i] = length
			i++
		}
	}
	return nil
}

// fill makes the tables of the codes that have these lengths; no length is no
// code. It reports whether the lengths are those of codes that are complete,
// or of one code of one bit, or of none at all: others are refused, as by
// compress/flate.
func fill(table []entry, index uint, lengths []uint8, symbols []entry) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	var next [maxCode + 1]int // in sorted, the next symbol of each length
	left, codes := 1, 0       // left is how many codes of the length could still be
	for n := 1; n <= maxCode; n++ {
		next[n] = codes
		codes += count[n]
		if left = left<<1 - count[n]; left < 0 {
			return false
		}
	}
	if left > 0 {
		if codes > 1 || codes == 1 && count[1] != 1 {
			return false
		}
		for i := range table[:1<<index] {
			table[i] = noCode
		}
	}
	var sorted [maxLiterals]uint16 // symbols, by the length of their codes
	for symbol, n := range lengths {
		if n > 0 {
			sorted[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	f := filler{table: table, index: index, symbols: symbols, used: 1 << index, prefix: -1}
	f.fill(sorted[:codes], &count)
	return true
}

// filler is a set of tables being made.
type filler struct {
	table   []entry
	index   uint // bits, of the first table
	symbols []entry
	used    int // entries, of all tables so far

	prefix  int  // the codes of the latest further table begin with it
	start   int  // where that table is
	further uint // its index
}

// fill goes through the codes, the shortest first.
func (f *filler) fill(sorted []uint16, count *[maxCode + 1]int) {
	code := 0
	for n := uint(1); n <= maxCode; n, code = n+1, code<<1 {
		for remain := count[n]; remain > 0; remain-- {
			e := f.symbols[sorted[0]]
			sorted = sorted[1:]
			reversed := int(bits.Reverse16(uint16(code)) >> (16 - n))
			if code++; n <= f.index {
				every(f.table[:1<<f.index], reversed, 1<<n, e.code(n))
				continue
			}
			prefix := reversed & (1<<f.index - 1)
			if prefix != f.prefix {
				f.begin(prefix, n, remain, count)
			}
			every(f.table[f.start:f.start+1<<f.further], reversed>>f.index, 1<<(n-f.index), e.code(n-f.index))
		}
	}
}

// begin makes a further table, as large as the codes that are left demand:
// remain of n bits, and those that are longer.
func (f *filler) begin(prefix int, n uint, remain int, count *[maxCode + 1]int) {
	f.prefix, f.start, f.further = prefix, f.used, n-f.index
	for room := remain; room < 1<<f.further; {
		f.further++
		room = room<<1 + count[f.index+f.further]
	}
	f.used += 1 << f.further
	f.table[prefix] = entryOf(kindLink, f.start, int(f.index)) | entry(f.further)<<6
}

// every sets each step-th entry from the first on.
func every(table []entry, first, step int, e entry) {
	for i := first; i < len(table); i += step {
		table[i] = e
	}
}
