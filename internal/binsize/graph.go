package binsize

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// graph says what refers to what in a program. Its nodes are the functions, in the
// order of their addresses, and then the atoms: pieces of data, each from an address
// that something refers to up to the next.
type graph struct {
	im    *image
	t     *pclntab
	m     *moduledata
	text  uint64
	skip  []span
	atoms []atom
	// edges are the nodes that each node refers to: those of node n are
	// to[first[n]:first[n+1]].
	first, to []int32
	// packages are their paths; of has, for each node, the index of its own.
	packages []string
	of       []int32
	// inits are the functions and lists that initialise a package, by its path.
	inits map[string][]int32
	roots []int32
	// methods are those of types, by the type's node; interfaces are what interfaces
	// ask of types. A method is needed with its type if it is asked for.
	methods    map[int32][]methodNode
	interfaces map[int32][]methodKey
	// strays are nodes that nothing was found to refer to, though something must:
	// the linker keeps no others.
	strays []int32
}

// methodNode is a method with its functions. One that is there though no interface
// asks for it is always needed: reflection may ask.
type methodNode struct {
	methodKey
	funcs  []int32
	always bool
}

// atom is a piece of data.
type atom struct {
	addr uint64
	size int64
	pkg  string // of a type, the one that declares it
	// owner is pkg, or the package that alone refers to it; "" if there are several.
	owner string
}

// edge is a reference by address, from a node or, of data, an address.
type edge struct{ from, to uint64 }

func newGraph(im *image, t *pclntab, m *moduledata) *graph {
	g := &graph{im: im, t: t, m: m, text: m.text, inits: map[string][]int32{}}
	g.skip = g.apart()
	code := g.codeEdges()
	data := g.dataEdges()
	types := &typeReader{im: im, m: m, seen: map[uint64]string{}, elems: map[uint64]uint64{}, methods: map[uint64][]method{}, interfaces: map[uint64][]methodKey{},
		refer: func(from, to uint64) { data = append(data, edge{from, to}) }, budget: int(m.etypes - m.types)}
	for _, e := range code {
		types.found(e.to)
	}
	for _, e := range data {
		types.found(e.to)
	}
	types.follow()
	g.makeAtoms(code, data, types)
	g.connect(code, data)
	g.connectMethods(types)
	g.findPackages()
	g.findRoots()
	g.findStrays()
	g.findOwners()
	return g
}

// codeEdges reads the code of all functions.
func (g *graph) codeEdges() []edge {
	read := readers[g.im.arch]
	workers := runtime.GOMAXPROCS(0)
	parts := make([][]edge, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(g.t.funcs); i += workers {
				f := &g.t.funcs[i]
				code := g.im.at(g.text + f.entry)
				code = code[:min(f.code, int64(len(code)))]
				read(code, g.text+f.entry, func(to uint64) {
					if to < g.text+f.entry || to >= g.text+f.entry+uint64(f.code) {
						parts[w] = append(parts[w], edge{uint64(i), to})
					}
				})
			}
		})
	}
	wg.Wait()
	return slices.Concat(parts...)
}

// apart are what is not split into atoms, by address: code, pclntab, what the
// garbage collector knows of functions, and what the runtime knows of the whole
// program, which refers to everything.
func (g *graph) apart() []span {
	spans := append(slices.Clone(g.m.lists), span{g.m.text, g.m.etext}, span{g.t.addr, g.t.addr + g.t.end}, span{g.m.addr, g.m.end}, span{g.m.funcdata, g.m.funcdata + g.t.lastData})
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return spans
}

func (g *graph) skipped(addr uint64) bool {
	return slices.ContainsFunc(g.skip, func(s span) bool { return addr >= s.from && addr < s.to })
}

// dataEdges reads the pointers in data. A number that happens to be an address is
// taken for one too, which is rare, as addresses have 64 bits.
func (g *graph) dataEdges() []edge {
	low, high := g.im.regions[0].addr, uint64(0)
	for _, r := range g.im.regions {
		high = max(high, r.addr+uint64(len(r.data)))
	}
	itabs := map[uint64]bool{}
	for _, at := range g.m.itabs {
		itabs[at] = true
	}
	const heads = 16 // an itab's interface and type; its methods are needed as those of types are
	var edges []edge
	for _, r := range g.im.regions {
		itab := uint64(0)
		for i := int(-r.addr & 7); i+8 <= len(r.data); i += 8 {
			at := r.addr + uint64(i)
			if itabs[at] {
				itab = at
			}
			if itab > 0 && at >= itab+heads && g.inItab(itab, at) {
				continue
			}
			if to := g.im.order.Uint64(r.data[i:]); to >= low && to < high && !g.skipped(at) && g.im.at(to) != nil {
				edges = append(edges, edge{at, to})
			}
		}
	}
	return edges
}

// inItab reports whether at is one of the methods in the itab: there are as many as
// its interface asks for.
func (g *graph) inItab(itab, at uint64) bool {
	n := g.im.word(g.im.word(itab) + 64)
	return n < 1<<16 && at < itab+24+8*n
}

// makeAtoms splits the data at what is referred to.
func (g *graph) makeAtoms(code, data []edge, types *typeReader) {
	var starts []uint64
	for _, edges := range [][]edge{code, data} {
		for _, e := range edges {
			if !g.skipped(e.to) && g.im.at(e.to) != nil {
				starts = append(starts, e.to)
			}
		}
	}
	for _, r := range g.im.regions {
		starts = append(starts, r.addr)
	}
	// What is skipped ends an atom, and the next begins behind it.
	for _, s := range append(g.skip, span{to: g.m.etypes}) {
		if g.im.at(s.to) != nil {
			starts = append(starts, s.to)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	for i, s := range starts {
		if g.skipped(s) {
			continue
		}
		end := s + uint64(len(g.im.at(s)))
		if i+1 < len(starts) {
			end = min(end, starts[i+1])
		}
		for _, skip := range append(g.skip, span{from: g.m.types}) {
			if skip.from > s {
				end = min(end, skip.from)
			}
		}
		g.atoms = append(g.atoms, atom{addr: s, size: int64(end - s), pkg: types.pkg(s)})
	}
}

// node is the function or the atom at an address, or -1.
func (g *graph) node(addr uint64) int32 {
	if addr >= g.m.text && addr < g.m.etext {
		i, ok := slices.BinarySearchFunc(g.t.funcs, addr-g.text, func(f function, entry uint64) int {
			switch {
			case f.entry > entry:
				return 1
			case f.entry < entry:
				return -1
			}
			return 0
		})
		if !ok {
			i--
		}
		return int32(i)
	}
	i, ok := slices.BinarySearchFunc(g.atoms, addr, func(a atom, addr uint64) int {
		switch {
		case a.addr > addr:
			return 1
		case a.addr < addr:
			return -1
		}
		return 0
	})
	if !ok {
		i--
	}
	if i < 0 || addr-g.atoms[i].addr >= uint64(g.atoms[i].size) {
		return -1
	}
	return int32(len(g.t.funcs) + i)
}

// connect turns addresses into nodes.
func (g *graph) connect(code, data []edge) {
	n := len(g.t.funcs) + len(g.atoms)
	type pair struct{ from, to int32 }
	pairs := make([]pair, 0, len(code)+len(data))
	maps := g.mapInits(code)
	for _, e := range code {
		to := g.node(e.to)
		if to >= 0 && (int(to) >= len(g.t.funcs) || !maps.weak[to]) {
			pairs = append(pairs, pair{int32(e.from), to})
		}
		if fn, ok := maps.fills[e.to]; ok && uint64(fn) != e.from {
			pairs = append(pairs, pair{int32(e.from), fn})
		}
	}
	for _, e := range data {
		from, to := g.node(e.from), g.node(e.to)
		if from >= 0 && to >= 0 && from != to {
			pairs = append(pairs, pair{from, to})
		}
	}
	g.first = make([]int32, n+1)
	for _, p := range pairs {
		g.first[p.from+1]++
	}
	for i := range n {
		g.first[i+1] += g.first[i]
	}
	g.to = make([]int32, len(pairs))
	next := slices.Clone(g.first)
	for _, p := range pairs {
		g.to[next[p.from]] = p.to
		next[p.from]++
	}
}

// mapInits are the functions that fill variables with large maps. A package's init
// calls each, but the linker drops the calls for variables that nothing else needs.
type mapInits struct {
	weak  map[int32]bool
	fills map[uint64]int32 // the function that fills the variable at an address
}

// mapInits finds those functions, and their variables: what they refer to in memory
// that is not in the file, and the runtime does not.
func (g *graph) mapInits(code []edge) mapInits {
	m := mapInits{map[int32]bool{}, map[uint64]int32{}}
	runtimes := map[uint64]bool{}
	for _, e := range code {
		if g.t.funcs[e.from].pkg == "runtime" {
			runtimes[e.to] = true
		}
	}
	for _, e := range code {
		if strings.Contains(g.t.funcs[e.from].name, ".map.init.") && g.im.at(e.to) == nil && !runtimes[e.to] {
			m.weak[int32(e.from)] = true
			m.fills[e.to] = int32(e.from)
		}
	}
	return m
}

// connectMethods turns the methods' addresses into nodes.
func (g *graph) connectMethods(types *typeReader) {
	g.methods, g.interfaces = map[int32][]methodNode{}, map[int32][]methodKey{}
	for t, methods := range types.methods {
		n := g.node(t)
		if n < 0 {
			continue
		}
		for _, m := range methods {
			node := methodNode{methodKey: m.methodKey}
			for _, fn := range m.funcs {
				if f := g.node(fn); f >= 0 && fn > 0 {
					node.funcs = append(node.funcs, f)
				}
			}
			g.methods[n] = append(g.methods[n], node)
		}
	}
	for t, keys := range types.interfaces {
		if n := g.node(t); n >= 0 {
			g.interfaces[n] = append(g.interfaces[n], keys...)
		}
	}
}

// findPackages numbers the packages.
func (g *graph) findPackages() {
	index := map[string]int32{}
	for n := range len(g.first) - 1 {
		pkg := g.pkg(int32(n))
		i, ok := index[pkg]
		if !ok {
			i = int32(len(g.packages))
			index[pkg] = i
			g.packages = append(g.packages, pkg)
		}
		g.of = append(g.of, i)
	}
}

// findRoots finds where a program begins: its entry, and what initialises each
// package.
func (g *graph) findRoots() {
	for i := range g.t.funcs {
		if name := g.t.funcs[i].name; strings.HasPrefix(name, "_rt0_") || name == "runtime.rt0_go" {
			g.roots = append(g.roots, int32(i))
		}
	}
	for _, task := range g.m.inittasks {
		n := g.node(task)
		if n < 0 {
			continue
		}
		for i := range min(g.im.word32(task+4), 1<<10) {
			if fn := g.node(g.im.word(task + 8 + 8*uint64(i))); fn >= 0 && int(fn) < len(g.t.funcs) {
				pkg := g.t.funcs[fn].pkg
				g.inits[pkg] = append(g.inits[pkg], n, fn)
			}
		}
	}
}

// findStrays finds the methods, the functions and then the data that cannot be
// reached.
func (g *graph) findStrays() {
	none := func(string) bool { return false }
	w := g.walk(none, none)
	kept, pruned := 0, 0
	for n, methods := range g.methods {
		for i := range methods {
			m := &methods[i]
			m.always = w.seen[n] && slices.ContainsFunc(m.funcs, func(f int32) bool { return !w.seen[f] })
			switch {
			case !w.seen[n] || w.asked[m.methodKey] || !g.exported(m.name):
			case len(m.funcs) > 0:
				kept++
			default:
				pruned++
			}
		}
	}
	if kept > pruned { // the linker found code that calls methods by names
		for _, methods := range g.methods {
			for i := range methods {
				methods[i].always = methods[i].always || g.exported(methods[i].name)
			}
		}
	}
	for _, atoms := range []bool{false, true} {
		for n, ok := range g.reach(none, none) {
			if !ok && atoms == (n >= len(g.t.funcs)) {
				g.strays = append(g.strays, int32(n))
			}
		}
	}
}

// exported reports whether the name at an offset of the types begins with a capital.
func (g *graph) exported(name uint32) bool {
	b := g.im.at(g.m.types + uint64(name))
	return len(b) > 0 && b[0]&1 != 0
}

// walk is on its way through a graph.
type walk struct {
	*graph
	seen    []bool
	todo    []int32
	asked   map[methodKey]bool
	waiting map[methodKey][]int32 // functions of types that were reached
}

// reach returns the nodes that are needed where the packages that are gone are not
// initialised, and the main package does not name the ones that are cut.
func (g *graph) reach(gone, cut func(pkg string) bool) []bool { return g.walk(gone, cut).seen }

func (g *graph) walk(gone, cut func(pkg string) bool) *walk {
	isGone, isCut := make([]bool, len(g.packages)), make([]bool, len(g.packages))
	for i, pkg := range g.packages {
		isGone[i] = gone(pkg)
		isCut[i] = isGone[i] || cut(pkg)
	}
	w := &walk{graph: g, seen: make([]bool, len(g.first)-1), asked: map[methodKey]bool{}, waiting: map[methodKey][]int32{}}
	w.visit(g.roots...)
	for _, n := range g.strays {
		if !isGone[g.of[n]] {
			w.visit(n)
		}
	}
	for pkg, nodes := range g.inits {
		if !gone(pkg) {
			w.visit(nodes...)
		}
	}
	for len(w.todo) > 0 {
		n := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		drop := isGone
		if int(n) < len(g.t.funcs) && g.t.funcs[n].pkg == "main" {
			drop = isCut
		}
		for _, to := range g.to[g.first[n]:g.first[n+1]] {
			if !drop[g.of[to]] {
				w.visit(to)
			}
		}
		w.ask(n)
	}
	return w
}

func (w *walk) visit(nodes ...int32) {
	for _, n := range nodes {
		if !w.seen[n] {
			w.seen[n] = true
			w.todo = append(w.todo, n)
		}
	}
}

// ask visits the methods that n, if it is an interface, asks for, and those of n
// that are asked for.
func (w *walk) ask(n int32) {
	for _, key := range w.interfaces[n] {
		if !w.asked[key] {
			w.asked[key] = true
			w.visit(w.waiting[key]...)
		}
	}
	for _, m := range w.methods[n] {
		if m.always || w.asked[m.methodKey] {
			w.visit(m.funcs...)
		} else {
			w.waiting[m.methodKey] = append(w.waiting[m.methodKey], m.funcs...)
		}
	}
}

// findOwners gives each atom to the package whose functions and data alone refer to
// it. What only data refers to is as deep as data refers to data.
func (g *graph) findOwners() {
	const none, several = "", "\x00"
	owners := make([]string, len(g.atoms))
	for i, a := range g.atoms {
		owners[i] = a.pkg
	}
	for range 4 {
		next := make([]string, len(owners))
		for i, a := range g.atoms {
			next[i] = a.pkg // the others are counted anew
		}
		for n := range len(g.first) - 1 {
			from := g.pkg(int32(n))
			if n >= len(g.t.funcs) {
				from = owners[n-len(g.t.funcs)]
			}
			for _, to := range g.to[g.first[n]:g.first[n+1]] {
				i := int(to) - len(g.t.funcs)
				switch {
				case i < 0 || g.atoms[i].pkg != none || from == none:
				case next[i] == none:
					next[i] = from
				case next[i] != from:
					next[i] = several
				}
			}
		}
		owners = next
	}
	for i := range g.atoms {
		if owners[i] != several {
			g.atoms[i].owner = owners[i]
		}
	}
}

// pkg is the package of a function, or of a type.
func (g *graph) pkg(n int32) string {
	if int(n) < len(g.t.funcs) {
		return g.t.funcs[n].pkg
	}
	return g.atoms[int(n)-len(g.t.funcs)].pkg
}
