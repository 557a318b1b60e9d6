package gitpack

import (
	"bytes"
	"maps"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
)

// FuzzWritePack indexes whatever comes in the place of a pack or, where framed,
// any entries in a sound one. What is accepted can be read back, and has the
// hashes that the index says; and so can what is sent of it.
func FuzzWritePack(f *testing.F) {
	mem, hashes := variants(f, 4, 4000)
	for _, refDeltas := range []bool{false, true} {
		f.Add(encode(f, mem, hashes, refDeltas), false)
	}
	f.Add(rawPack(f, 1, rawEntry{kind: plumbing.BlobObject, declared: 4 << 30, data: []byte("small")}), false)
	delta := string(copies(5, 2))
	f.Add([]byte("\x02\x05small"), true)
	f.Add([]byte("\x02\x05small\x04\x00"+string(rune(len(delta)))+delta), true)
	f.Add([]byte("\x05\x01"+string(rune(len(delta)))+delta+"\x02\x05small"), true) // before its base
	f.Add([]byte("\x05\x00"+string(rune(len(delta)))+delta), true)                 // to itself
	f.Add([]byte("\x0a\x05small\x00\x06tree x\x01\x00"), true)
	limits := config.Limits{Object: 1 << 20, Unpacked: 8 << 20, Objects: 1000}.OrDefault()
	f.Fuzz(func(t *testing.T, data []byte, framed bool) {
		if framed {
			data = packOfEntries(t, data)
		} else if len(data) > 20 { // or hardly any would be accepted
			sum := sha1Of(data[:len(data)-20])
			data = append(bytes.Clone(data[:len(data)-20]), sum...)
		}
		dir := t.TempDir()
		kept, err := WriteRepo(dir, bytes.NewReader(data), nil, limits)
		if err != nil {
			return
		}
		if err := Check(dir); err != nil {
			t.Fatal(err)
		}
		st, done := OpenObjects(dir)
		defer done()
		for h, obj := range kept.(*memory.Storage).Objects {
			got, err := st.EncodedObject(plumbing.AnyObject, h)
			if err != nil {
				t.Fatal(err)
			}
			if plumbing.ComputeHash(got.Type(), content(t, got)) != h || !bytes.Equal(content(t, got), content(t, obj)) {
				t.Errorf("%s is something else on disk", h)
			}
		}
		all := kept.(*memory.Storage).Objects
		some := map[plumbing.Hash]bool{}
		for h := range all {
			some[h] = h[0]&1 == 0
		}
		maps.DeleteFunc(some, func(_ plumbing.Hash, wanted bool) bool { return !wanted })
		resent(t, st.(*Storage), nil, len(all), limits)
		resent(t, st.(*Storage), some, len(some), limits)
	})
}

// resent sends a repository's objects, and has so many of them arrive.
func resent(t *testing.T, st *Storage, wanted map[plumbing.Hash]bool, want int, limits config.Limits) {
	var pack bytes.Buffer
	if err := st.WritePack(&pack, wanted, true); err != nil {
		t.Fatal(err)
	}
	if want == 0 {
		return // which nobody takes
	}
	got, err := WriteRepo(t.TempDir(), &pack, nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.(*memory.Storage).Objects); n != want {
		t.Errorf("%d objects arrived, want %d", n, want)
	}
}

// packOfEntries makes a pack of what data describes: a byte of kind, for a
// delta a byte that says which entry its base is, a byte of length, and the
// content before it is compressed.
func packOfEntries(t *testing.T, data []byte) []byte {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	kinds := []plumbing.ObjectType{plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject, plumbing.OFSDeltaObject, plumbing.REFDeltaObject}
	const most = 8
	var entries []rawEntry
	var bases, starts []int
	for at := 12; len(data) > 0 && len(entries) < most; {
		kind := next()
		e := rawEntry{kind: kinds[kind&7%len(kinds)], declared: -1}
		base := -1
		if e.kind == plumbing.OFSDeltaObject || e.kind == plumbing.REFDeltaObject {
			base = next()
		}
		n := min(next(), len(data))
		e.data, data = data[:n], data[n:]
		if kind&8 != 0 {
			e.declared = n + 1
		}
		if e.kind == plumbing.OFSDeltaObject && base < len(starts) {
			e.back = at - starts[base]
		}
		entries, bases, starts = append(entries, e), append(bases, base), append(starts, at)
		at += len(rawPack(t, 1, e)) - 12 - 20
	}
	for i, base := range bases {
		if entries[i].kind == plumbing.REFDeltaObject && base < len(entries) {
			entries[i].ref = plumbing.ComputeHash(entries[base].kind, entries[base].data)
		}
	}
	return rawPack(t, len(entries), entries...)
}
