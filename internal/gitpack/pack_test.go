package gitpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/vxlite/vxlite/internal/config"
)

// variants is a storage of blobs of some size that are like each other, so that a
// pack of them has chains of deltas.
func variants(t testing.TB, n, size int) (*memory.Storage, []plumbing.Hash) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, size)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}
	st := memory.NewStorage()
	var hashes []plumbing.Hash
	for i := range n {
		text = append(bytes.Clone(text), fmt.Sprintf("line %d\n", i)...)
		text[random.IntN(len(text))] = '!'
		hashes = append(hashes, setBlob(t, st, text))
	}
	return st, append(hashes, setBlob(t, st, nil))
}

func setBlob(t testing.TB, st *memory.Storage, data []byte) plumbing.Hash {
	t.Helper()
	obj := new(plumbing.MemoryObject)
	obj.SetType(plumbing.BlobObject)
	if _, err := obj.Write(data); err != nil {
		t.Fatal(err)
	}
	h, err := st.SetEncodedObject(obj)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// encode makes a pack with deltas to the ten objects before.
func encode(t testing.TB, st *memory.Storage, hashes []plumbing.Hash, refDeltas bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := packfile.NewEncoder(&b, st, refDeltas).Encode(hashes, 10); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// openPacked makes a repository of one pack and opens it.
func openPacked(t testing.TB, data []byte) *Storage {
	t.Helper()
	dir := t.TempDir()
	if _, err := WriteRepo(dir, bytes.NewReader(data), nil, config.Limits{}.OrDefault()); err != nil {
		t.Fatal(err)
	}
	st := Open(dir)
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// packsOf are the packs of a repository without alternates.
func packsOf(t testing.TB, st *Storage) []*pack {
	t.Helper()
	dirs, err := st.dirs()
	if err != nil {
		t.Fatal(err)
	}
	return dirs[0].packs
}

func content(t testing.TB, obj plumbing.EncodedObject) []byte {
	t.Helper()
	r, err := obj.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestPacks has every object of a pack read as it was written, by either kind
// of delta, also with room for one base only.
func TestPacks(t *testing.T) {
	want, hashes := variants(t, 60, 4000)
	for _, refDeltas := range []bool{false, true} {
		t.Run(fmt.Sprintf("refDeltas=%v", refDeltas), func(t *testing.T) {
			data := encode(t, want, hashes, refDeltas)
			if len(data) > 60*4000/10 {
				t.Fatalf("%d bytes: there are no deltas in it", len(data))
			}
			st := openPacked(t, data)
			packs := packsOf(t, st)
			if len(packs) != 1 || packs[0].index.count != len(hashes) {
				t.Fatalf("%d packs", len(packs))
			}
			for _, h := range hashes {
				packs[0].held = mostBases // so that the next one is dropped
				obj, err := st.EncodedObject(plumbing.BlobObject, h)
				if err != nil {
					t.Fatal(err)
				}
				exp, _ := want.EncodedObject(plumbing.BlobObject, h)
				if obj.Hash() != h || obj.Size() != exp.Size() || !bytes.Equal(content(t, obj), content(t, exp)) {
					t.Errorf("%s has other content", h)
				}
			}
			if _, err := st.EncodedObject(plumbing.TreeObject, hashes[0]); !errors.Is(err, plumbing.ErrObjectNotFound) {
				t.Errorf("a blob as a tree: %v", err)
			}
			if _, err := st.EncodedObject(plumbing.AnyObject, plumbing.NewHash(hash1)); !errors.Is(err, plumbing.ErrObjectNotFound) {
				t.Errorf("no object: %v", err)
			}
		})
	}
}

// TestPacksLarge streams what is too large to be held.
func TestPacksLarge(t *testing.T) {
	zeros := make([]byte, Large+1)
	h := plumbing.ComputeHash(plumbing.BlobObject, zeros)
	st := openPacked(t, rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: -1, data: zeros}))
	obj, err := st.EncodedObject(plumbing.BlobObject, h)
	if err != nil {
		t.Fatal(err)
	}
	if obj.(*Object).data != nil || obj.Size() != Large+1 || len(content(t, obj)) != Large+1 {
		t.Errorf("an object of %d bytes", obj.Size())
	}
	if _, err := Verified(obj, h); err != nil {
		t.Error(err)
	}
	if _, err := Verified(&Object{packed: obj.(*Object).packed, hash: h}, plumbing.NewHash(hash1)); err == nil {
		t.Error("it has any hash")
	}
}

// TestPacksDamaged changes each byte of a pack in turn: an object is never read
// wrongly.
func TestPacksDamaged(t *testing.T) {
	mem, hashes := variants(t, 4, 1000)
	data := encode(t, mem, hashes, false)
	if len(data) > 4*1000/3 {
		t.Fatalf("%d bytes: there are no deltas in it", len(data))
	}
	st := openPacked(t, data)
	p := packsOf(t, st)[0]
	for at := 12; at < len(data)-20; at++ {
		damaged := bytes.Clone(data)
		damaged[at] ^= 1
		p.file = bytes.NewReader(damaged)
		p.drop()
		for _, h := range hashes {
			obj, err := st.EncodedObject(plumbing.BlobObject, h)
			if err == nil && plumbing.ComputeHash(obj.Type(), content(t, obj)) != h {
				t.Errorf("byte %d: object %s is %q", at, h, content(t, obj))
			}
		}
	}
}

// TestPackIndex finds objects by offsets narrow and wide, and refuses what is
// no index.
func TestPackIndex(t *testing.T) {
	a, b := plumbing.NewHash("00"+hash1[2:]), plumbing.NewHash("ff"+hash1[2:])
	index := []byte("\xfftOc\x00\x00\x00\x02")
	for i := range 256 {
		index = binary.BigEndian.AppendUint32(index, uint32(1+i/255))
	}
	index = append(append(index, a[:]...), b[:]...)
	index = append(index, make([]byte, 8)...) // checksums
	index = binary.BigEndian.AppendUint32(index, 12)
	index = binary.BigEndian.AppendUint32(index, 1<<31)
	index = binary.BigEndian.AppendUint64(index, 5<<30)
	index = append(index, make([]byte, 40)...)
	x, err := parseIndex(index)
	if err != nil {
		t.Fatal(err)
	}
	for h, want := range map[plumbing.Hash]int64{a: 12, b: 5 << 30} {
		if got, ok := x.find(h); !ok || got != want {
			t.Errorf("%s is at %d, %v", h, got, ok)
		}
	}
	if _, ok := x.find(plumbing.NewHash("01" + hash1[2:])); ok {
		t.Error("found what is not there")
	}
	for n := range len(index) {
		if x, err := parseIndex(index[:n]); err == nil {
			x.find(a) // without the wide offsets it is as good
			if _, ok := x.find(b); ok {
				t.Errorf("%d bytes of an index have a wide offset", n)
			}
		}
	}
}

// FuzzPacks reads whatever stands in a pack, and sends it on, and expects an end.
func FuzzPacks(f *testing.F) {
	mem, hashes := variants(f, 4, 4000)
	for _, refDeltas := range []bool{false, true} {
		f.Add(encode(f, mem, hashes, refDeltas), uint16(12))
	}
	index := indexOf(f, encode(f, mem, hashes, true))
	f.Fuzz(func(t *testing.T, data []byte, offset uint16) {
		p := &pack{index: index, file: bytes.NewReader(data), size: int64(len(data)), bases: map[int64]packed{}, work: &work{object: Large, unpacked: 1 << 40}}
		p.index.sum = data[max(0, len(data)-20):]
		st := &Storage{dirs: func() ([]*objectDir, error) { return []*objectDir{{packs: []*pack{p}}}, nil }}
		_ = st.WritePack(io.Discard, nil, true)
		_ = st.WritePack(io.Discard, map[plumbing.Hash]bool{hashes[int(offset)%len(hashes)]: true}, true)
		if obj, err := p.object(int64(offset)); err == nil && len(obj.data) > Large {
			t.Errorf("%d bytes", len(obj.data))
		}
	})
}

// indexOf is a pack's index.
func indexOf(t testing.TB, data []byte) packIndex {
	t.Helper()
	return packsOf(t, openPacked(t, data))[0].index
}
