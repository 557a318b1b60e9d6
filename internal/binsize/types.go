package binsize

// Go's kinds of types that have more than the common part, and how long that is
// with it.
const (
	kindArray     = 17
	kindChan      = 18
	kindFunc      = 19
	kindInterface = 20
	kindMap       = 21
	kindPointer   = 22
	kindSlice     = 23
	kindStruct    = 25
	kindLast      = 26
)

const commonSize = 48

var kindSizes = map[byte]uint64{kindArray: 72, kindChan: 64, kindFunc: 56, kindInterface: 80, kindMap: 112, kindPointer: 56, kindSlice: 56, kindStruct: 80}

// typeReader follows types: what is a type is known only from what refers to it.
type typeReader struct {
	im *image
	m  *moduledata
	// seen are the types by address, with the import path of the package that
	// declares each; empty for one without a name.
	seen map[uint64]string
	// elems are the elements of those without.
	elems map[uint64]uint64
	// methods are those of types, and interfaces those that interfaces ask for.
	methods    map[uint64][]method
	interfaces map[uint64][]methodKey
	todo       []uint64
	refer      func(from, to uint64)
	// budget is how many members may be read: lists that overlap would be more.
	budget int
}

// methodKey is a method's name and type, by their places.
type methodKey struct{ name, typ uint32 }

// method is one of a type's, and the functions that are called for it.
type method struct {
	methodKey
	funcs [2]uint64
}

// found is called with what may be a type.
func (r *typeReader) found(addr uint64) {
	if addr < r.m.types || addr >= r.m.etypes || addr%8 != 0 {
		return
	}
	if _, ok := r.seen[addr]; !ok {
		r.seen[addr] = ""
		r.todo = append(r.todo, addr)
	}
}

// follow reads all that was found, and what that leads to.
func (r *typeReader) follow() {
	for len(r.todo) > 0 {
		addr := r.todo[len(r.todo)-1]
		r.todo = r.todo[:len(r.todo)-1]
		r.read(addr)
	}
}

// pkg is the package that a type belongs to, by its elements if need be.
func (r *typeReader) pkg(t uint64) string {
	for range 8 {
		if p := r.seen[t]; p != "" {
			return p
		}
		t = r.elems[t]
	}
	return ""
}

// pointer follows a pointer of the type t to another one.
func (r *typeReader) pointer(t, at uint64) uint64 {
	to := r.im.word(at)
	if to != 0 {
		r.refer(t, to)
		r.found(to)
	}
	return to
}

// key reads a method's name and type.
func (r *typeReader) key(at uint64) methodKey {
	return methodKey{r.im.word32(at), r.im.word32(at + 4)}
}

// typeAt follows an offset to another type.
func (r *typeReader) typeAt(t, at uint64) {
	if to := r.offset(at); to != 0 {
		r.refer(t, to)
		r.found(to)
	}
}

// plain follows a pointer or an offset to what is no type.
func (r *typeReader) plain(t, to uint64) {
	if to != 0 {
		r.refer(t, to)
	}
}

// offset is an address of 32 bits, relative to the types.
func (r *typeReader) offset(at uint64) uint64 {
	if off := r.im.word32(at); off != 0 && off != 0xffffffff {
		return r.m.types + uint64(off)
	}
	return 0
}

// isType reports whether what lies at an address looks like a type: pieces of data
// lie among the types.
func (r *typeReader) isType(t uint64) bool {
	head := r.im.at(t)
	if len(head) < commonSize || t+commonSize > r.m.etypes {
		return false
	}
	align, fieldAlign, kind := head[21], head[22], head[23]&31
	name := r.offset(t + 40)
	return kind > 0 && kind <= kindLast && align > 0 && align <= 16 && align&(align-1) == 0 && fieldAlign == align &&
		name > 0 && name < r.m.etypes && r.name(name) != ""
}

// inTypes reports whether a list lies within the types.
func (r *typeReader) inTypes(list, n, size uint64) bool {
	if r.budget--; r.budget < 0 {
		return false
	}
	return list >= r.m.types && list < r.m.etypes && n <= (r.m.etypes-list)/size
}

func (r *typeReader) read(t uint64) {
	if !r.isType(t) {
		return
	}
	head := r.im.at(t)
	flag, kind := head[20], head[23]&31
	r.plain(t, r.im.word(t+24)) // equal
	r.plain(t, r.im.word(t+32)) // what the garbage collector knows
	r.plain(t, r.offset(t+40))  // its name
	r.typeAt(t, t+44)           // the pointer to it, with its methods
	size, ok := kindSizes[kind]
	if !ok {
		size = commonSize
	}
	elem := r.members(t, kind, flag&1 != 0)
	if flag&1 == 0 { // no name of its own, and no methods
		r.elems[t] = elem
		return
	}
	u := t + size
	path := r.offset(u)
	r.plain(t, path)
	r.seen[t] = r.name(path)
	n, methods := uint64(r.im.word32(u+4)&0xffff), u+uint64(r.im.word32(u+8))
	for i := range n {
		if !r.inTypes(methods, n, 16) {
			break
		}
		at := methods + 16*i
		r.plain(t, r.offset(at))
		r.typeAt(t, at+4)
		m := method{methodKey: r.key(at)}
		for i := range m.funcs {
			if off := r.im.word32(at + 8 + 4*uint64(i)); off != 0 && off != 0xffffffff {
				m.funcs[i] = r.m.text + uint64(off)
			}
		}
		r.methods[t] = append(r.methods[t], m)
	}
}

// members follows what a type is made of. It returns the element, of a type that
// has one.
func (r *typeReader) members(t uint64, kind byte, named bool) (elem uint64) {
	switch kind {
	case kindArray:
		r.pointer(t, t+56)
		return r.pointer(t, t+48)
	case kindChan, kindPointer, kindSlice:
		return r.pointer(t, t+48)
	case kindMap:
		r.pointer(t, t+48)
		elem = r.pointer(t, t+56)
		r.pointer(t, t+64)
		r.plain(t, r.im.word(t+72)) // the function that hashes a key
	case kindFunc:
		counts := r.im.word32(t + 48)
		at, n := t+kindSizes[kindFunc], uint64(counts&0xffff+counts>>16&0x7fff)
		if named {
			at += 16
		}
		for i := range n {
			if !r.inTypes(at, n, 8) {
				break
			}
			r.pointer(t, at+8*i)
		}
	case kindInterface:
		r.plain(t, r.im.word(t+48))
		list, n := r.im.word(t+56), r.im.word(t+64)
		for i := range n {
			if !r.inTypes(list, n, 8) {
				break
			}
			r.plain(t, r.offset(list+8*i))
			r.typeAt(t, list+8*i+4)
			r.interfaces[t] = append(r.interfaces[t], r.key(list+8*i))
		}
	case kindStruct:
		r.plain(t, r.im.word(t+48))
		list, n := r.im.word(t+56), r.im.word(t+64)
		for i := range n {
			if !r.inTypes(list, n, 24) {
				break
			}
			r.plain(t, r.im.word(list+24*i))
			r.pointer(t, list+24*i+8)
		}
	}
	return elem
}

// name reads a name as Go's reflection has it: flags, its length, and the text.
func (r *typeReader) name(addr uint64) string {
	b := r.im.at(addr)
	n, shift := 0, 0
	for i := 1; i < len(b) && i < 4; i++ {
		n |= int(b[i]&0x7f) << shift
		shift += 7
		if b[i]&0x80 == 0 {
			if i+1+n > len(b) {
				return ""
			}
			return string(b[i+1 : i+1+n])
		}
	}
	return ""
}
