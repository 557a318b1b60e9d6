package binsize

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// function is a function of the program, as pclntab has it.
type function struct {
	name  string
	pkg   string
	entry uint64 // relative to the first one's section
	code  int64
	// tables is what pclntab has of it alone; shared are the tables that others may
	// have too, as indexes of pclntab.shared.
	tables int64
	shared []int32
}

// pclntab is Go's table of functions: it is in every program of Go's, with -s -w
// too, as panics need it.
type pclntab struct {
	addr   uint64
	funcs  []function    // by entry
	shared []sharedTable // by place
	end    uint64        // of the records, relative to addr
	// names are those of all functions, with those that were inlined everywhere.
	names names
	// lastData is the last offset of funcdata.
	lastData uint64
	// inlined are the bytes of names of functions that were inlined everywhere, by
	// package; pool are those that are nobody's own: names of files, and padding.
	inlined map[string]int64
	pool    int64
}

// sharedTable is one that several functions may have.
type sharedTable struct {
	place uint64 // with the bits of its kind
	size  int64
}

// The header of Go 1.20 and later.
const (
	magic       = 0xfffffff1
	recordSize  = 44
	mostTables  = 32 // of a kind, that one function has
	noFuncdata  = ^uint32(0)
	funcdataBit = 1 << 63 // tells the places of funcdata from those of pctab,
	unitBit     = 1 << 62 // and the file lists of compilation units
)

var errPclntab = errors.New("no table of functions that Go 1.20 or later writes")

// findPclntab looks for the table in the whole program: a section that is named
// for it is not in every format.
func findPclntab(im *image) (*pclntab, error) {
	for _, quantum := range []byte{1, 2, 4} {
		for _, ptr := range []byte{4, 8} {
			mark := make([]byte, 8)
			im.order.PutUint32(mark, magic)
			mark[6], mark[7] = quantum, ptr
			for _, g := range im.regions {
				for from := 0; ; {
					i := bytes.Index(g.data[from:], mark)
					if i < 0 {
						break
					}
					from += i
					if t := readPclntab(g.data[from:], im.order, int(ptr)); t != nil {
						t.addr = g.addr + uint64(from)
						return t, nil
					}
					from += len(mark)
				}
			}
		}
	}
	return nil, errPclntab
}

// table reads numbers at offsets of a part of pclntab; 0 beyond its end.
type table struct {
	data  []byte
	order binary.ByteOrder
}

func (t table) u32(off uint64) uint32 {
	if off > uint64(len(t.data)) || uint64(len(t.data))-off < 4 {
		return 0
	}
	return t.order.Uint32(t.data[off:])
}

func (t table) pointer(off uint64, ptr int) uint64 {
	if ptr == 4 {
		return uint64(t.u32(off))
	}
	if off > uint64(len(t.data)) || uint64(len(t.data))-off < 8 {
		return 0
	}
	return t.order.Uint64(t.data[off:])
}

// names are texts that end with a NUL, each.
type names string

func (n names) at(off uint64) string {
	if off >= uint64(len(n)) {
		return ""
	}
	s, _, _ := strings.Cut(string(n[off:]), "\x00")
	return s
}

// parts are where the parts of pclntab begin.
type parts struct {
	n                                 int // functions
	names, units, files, pcs, records uint64
}

// readParts reads the header; nil where it makes no sense.
func readParts(data []byte, order binary.ByteOrder, ptr int) *parts {
	head := func(i uint64) uint64 { return table{data, order}.pointer(8+i*uint64(ptr), ptr) }
	n := head(0)
	p := &parts{names: head(3), units: head(4), files: head(5), pcs: head(6), records: head(7)}
	ascending := p.names < p.units && p.units <= p.files && p.files <= p.pcs && p.pcs <= p.records && p.records < uint64(len(data))
	if !ascending || n == 0 || n > uint64(len(data))/recordSize {
		return nil
	}
	p.n = int(n)
	return p
}

// readPclntab reads the table that data begins with, or returns nil.
func readPclntab(data []byte, order binary.ByteOrder, ptr int) *pclntab {
	p := readParts(data, order, ptr)
	if p == nil {
		return nil
	}
	t := &pclntab{names: names(data[p.names:p.units]), inlined: map[string]int64{}, funcs: make([]function, 0, p.n), end: p.records + 8*uint64(p.n) + 4}
	r := recordReader{p, table{data[p.records:], order}, t.names, map[uint64]bool{}, map[string]string{}}
	budget := 4 * len(r.names) // names that overlap would be more
	places := make([][]uint64, 0, p.n)
	for i := range uint64(p.n) {
		f, shared, end, ok := r.read(i)
		if budget -= len(f.name); !ok || budget < 0 {
			return nil
		}
		t.funcs = append(t.funcs, f)
		places = append(places, shared)
		t.end = max(t.end, p.records+end)
		for _, place := range shared {
			if place&funcdataBit != 0 {
				t.lastData = max(t.lastData, place&^funcdataBit)
			}
		}
	}
	t.measure(places, map[uint64]uint64{0: p.records - p.pcs, unitBit: p.files - p.units})
	t.divide(r)
	return t
}

// recordReader reads what pclntab has of each function.
type recordReader struct {
	*parts
	table
	names names
	named map[uint64]bool   // names that were counted: one may have several ranges of code
	paths map[string]string // so that a package's path is one string
}

// read reads the record of a function, and the places of its shared tables. end is
// that of the record.
func (r recordReader) read(i uint64) (f function, shared []uint64, end uint64, ok bool) {
	entry, next, off := r.u32(8*i), r.u32(8*i+8), uint64(r.u32(8*i+4))
	if next < entry || off+recordSize > uint64(len(r.data)) {
		return f, nil, 0, false
	}
	npc, nfd := uint64(r.u32(off+28)), uint64(r.data[off+recordSize-1])
	end = off + recordSize + 4*(npc+nfd)
	if npc > mostTables || nfd > mostTables || end > uint64(len(r.data)) {
		return f, nil, 0, false
	}
	name := uint64(r.u32(off + 4))
	f = function{name: r.names.at(name), entry: uint64(entry), code: int64(next - entry), tables: int64(end-off) + 8}
	f.pkg = packageOf(f.name)
	if _, ok := r.paths[f.pkg]; !ok {
		r.paths[f.pkg] = f.pkg
	}
	f.pkg = r.paths[f.pkg]
	if !r.named[name] {
		r.named[name] = true
		f.tables += int64(len(f.name)) + 1
	}
	if unit := 4 * uint64(r.u32(off+32)); unit < r.files-r.units { // assembly has none
		shared = append(shared, unit|unitBit)
	}
	for k := range 3 + npc {
		at := off + 16 + 4*k
		if k >= 3 {
			at = off + recordSize + 4*(k-3)
		}
		if place := uint64(r.u32(at)); place > 0 {
			shared = append(shared, place)
		}
	}
	for k := range nfd {
		if place := r.u32(off + recordSize + 4*(npc+k)); place != noFuncdata {
			shared = append(shared, uint64(place)|funcdataBit)
		}
	}
	return f, shared, end, true
}

// divide finds the names that no function has, and what is left for all of them.
func (t *pclntab) divide(r recordReader) {
	for at := uint64(0); at < uint64(len(r.names)); {
		s := r.names.at(at)
		if !r.named[at] && s != "" {
			t.inlined[packageOf(s)] += int64(len(s)) + 1
		}
		at += uint64(len(s)) + 1
	}
	t.pool = int64(t.end)
	for _, f := range t.funcs {
		t.pool -= f.tables
	}
	for _, s := range t.shared {
		if s.place&funcdataBit == 0 {
			t.pool -= s.size
		}
	}
	for _, n := range t.inlined {
		t.pool -= n
	}
	t.pool = max(t.pool, 0)
}

// kindBits tell the kinds of shared tables apart.
const kindBits = funcdataBit | unitBit

// measure gives each shared table the bytes up to the next one of its kind, or to
// their end. What ends the last funcdata, nothing says.
func (t *pclntab) measure(places [][]uint64, ends map[uint64]uint64) {
	all := slices.Concat(places...)
	slices.Sort(all)
	all = slices.Compact(all)
	t.shared = make([]sharedTable, len(all))
	for i, p := range all {
		kind := p & kindBits
		next := ends[kind] | kind
		if i+1 < len(all) && all[i+1]&kindBits == kind {
			next = all[i+1]
		}
		t.shared[i] = sharedTable{p, int64(max(next, p) - p)}
	}
	for i, list := range places {
		for _, p := range list {
			index, _ := slices.BinarySearch(all, p)
			t.funcs[i].shared = append(t.funcs[i].shared, int32(index))
		}
	}
}

// packageOf returns the import path in a symbol's name; "runtime" for what the
// compiler and the linker make.
func packageOf(name string) string {
	name = strings.TrimPrefix(name, "type:.eq.")
	name = strings.TrimPrefix(name, "type:.hash.")
	if i := strings.IndexAny(name, "[({"); i >= 0 {
		name = name[:i]
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 || strings.ContainsAny(name, " :*") {
		return "runtime"
	}
	path := name[:slash+dot]
	if unescaped, err := url.PathUnescape(path); err == nil { // gopkg.in/yaml%2ev3
		path = unescaped
	}
	if path == "" || path == "go.shape" {
		return "runtime"
	}
	return path
}
