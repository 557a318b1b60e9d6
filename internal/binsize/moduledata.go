package binsize

import (
	"bytes"
	"errors"
)

// moduledata is what Go's runtime knows of the program: where its parts are.
type moduledata struct {
	addr, end     uint64 // of itself
	text, etext   uint64
	types, etypes uint64
	funcdata      uint64
	// inittasks are the addresses of what initialises packages, itabs those of the
	// tables of methods by which interfaces are called.
	inittasks, itabs []uint64
	lists            []span // of all types, of itabs, and of inittasks
}

// span is what lies from an address up to another.
type span struct{ from, to uint64 }

var errModuledata = errors.New("the parts of the program are not where Go 1.20 to 1.26 has them")

// Words of moduledata, of 64 bits each. Since Go 1.26 there is one more before the
// lists.
const (
	wordFind     = 19
	wordText     = 22
	wordTypes    = 37
	wordFuncdata = 40
	wordLists    = 41
	mostLists    = 20
	// Among the lists:
	wordTypelinks = 3
	wordItablinks = 6
	wordInits     = 17
)

// findModuledata looks for what begins with the addresses of pclntab and of its
// names.
func findModuledata(im *image, t *pclntab, epclntab bool) (*moduledata, error) {
	mark := make([]byte, 16)
	im.order.PutUint64(mark, t.addr)
	im.order.PutUint64(mark[8:], t.addr+im.word(t.addr+8+3*8))
	for _, g := range im.regions {
		i := bytes.Index(g.data, mark)
		if i < 0 {
			continue
		}
		at := g.addr + uint64(i)
		word := func(n uint64) uint64 { return im.word(at + 8*n) }
		lists := uint64(wordLists)
		if epclntab {
			lists++
		}
		m := &moduledata{addr: at, end: at + 8*(lists+mostLists), text: word(wordText), etext: word(wordText + 1),
			types: word(wordTypes), etypes: word(wordTypes + 1), funcdata: word(wordFuncdata)}
		if m.text >= m.etext || m.types >= m.etypes || uint64(len(im.at(m.text))) < m.etext-m.text || uint64(len(im.at(m.types))) < m.etypes-m.types {
			continue
		}
		// Of each 4096 bytes of code, 20 that find its functions.
		find := word(wordFind)
		m.lists = append(m.lists, span{find, find + (m.etext-m.text+4095)/4096*20})
		for _, list := range []struct{ word, size uint64 }{{wordTypelinks, 4}, {wordItablinks, 8}, {wordInits, 8}} {
			from, n := word(lists+list.word), word(lists+list.word+1)
			if n > uint64(len(im.at(from)))/list.size {
				return nil, errModuledata
			}
			m.lists = append(m.lists, span{from, from + n*list.size})
		}
		m.inittasks, m.itabs = im.words(m.lists[3]), im.words(m.lists[2])
		return m, nil
	}
	return nil, errModuledata
}
