package gitpack

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/klauspost/compress/zlib"

	"github.com/vxlite/vxlite/internal/config"
	"github.com/vxlite/vxlite/internal/limit"
	"github.com/vxlite/vxlite/internal/testkit"
)

// rawEntry is an entry of a pack as nobody checks it.
type rawEntry struct {
	kind     plumbing.ObjectType
	declared int // size; -1 for the true one
	back     int // of an OFS delta, or 0
	ref      plumbing.Hash
	data     []byte
}

// rawPack makes a pack, with a checksum that fits.
func rawPack(t testing.TB, count int, entries ...rawEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("PACK\x00\x00\x00\x02")
	_ = binary.Write(&b, binary.BigEndian, uint32(count))
	for _, e := range entries {
		size := uint64(e.declared)
		if e.declared < 0 {
			size = uint64(len(e.data))
		}
		c := byte(e.kind)<<4 | byte(size&15)
		for size >>= 4; size > 0; size >>= 7 {
			b.WriteByte(c | 0x80)
			c = byte(size & 0x7f)
		}
		b.WriteByte(c)
		switch e.kind {
		case plumbing.OFSDeltaObject:
			b.Write(backwards(e.back))
		case plumbing.REFDeltaObject:
			b.Write(e.ref[:])
		}
		w.Reset(&b) // a new one for each would take longer
		_, _ = w.Write(e.data)
		_ = w.Close()
	}
	sum := sha1.Sum(b.Bytes())
	return append(b.Bytes(), sum[:]...)
}

// TestHeavyChain reads a chain of deltas each of which is as large as one may be:
// a few bytes in the pack, and more than there is memory when they are held.
func TestHeavyChain(t *testing.T) {
	zeros := make([]byte, Large)
	whole := rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: -1, data: []byte("base")})
	const head, trailer = 12, 20
	at := []int64{head}
	for range 4 {
		data := whole[:len(whole)-trailer]
		last := at[len(at)-1]
		next := rawPack(t, 1, rawEntry{kind: plumbing.OFSDeltaObject, declared: -1, back: int(int64(len(data)) - last), data: zeros})
		at = append(at, int64(len(data)))
		whole = append(data, next[head:]...)
	}
	p := &pack{file: bytes.NewReader(whole), bases: map[int64]packed{}, work: &work{object: 2 * Large, unpacked: 1 << 40}}
	_, err := p.object(at[len(at)-1])
	testkit.WantError(t, err, "the deltas of an object have more than 32MiB",
		"if it is meant to be that large, allow more than 32MiB in the config:\n  [limits]\n  object = \"64MiB\"")
}

// backwards encodes how far before a delta its base is.
func backwards(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{byte(n&0x7f) | 0x80}, out...)
	}
	return out
}

func uvarint(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// copies is a delta that copies its base, of that many bytes, again and again.
func copies(base, times int) []byte {
	out := append(uvarint(base), uvarint(base*times)...)
	for range times {
		// offset 0, three bytes of size
		out = append(out, 0x80|0x70, byte(base), byte(base>>8), byte(base>>16))
	}
	return out
}

// TestHostilePacks has packs that ask for more work or memory than they are
// worth. Each is refused, quickly and with little memory.
func TestHostilePacks(t *testing.T) {
	const mib = 1 << 20
	blob := func(data []byte) rawEntry { return rawEntry{kind: plumbing.BlobObject, declared: -1, data: data} }
	small := blob([]byte("small"))
	smallAt := len(rawPack(t, 1, small)) - 12 - 20 // bytes of its entry
	large := blob(make([]byte, mib))
	largeHash := plumbing.ComputeHash(plumbing.BlobObject, large.data)
	wide := []rawEntry{large}
	for range 3000 {
		wide = append(wide, rawEntry{kind: plumbing.REFDeltaObject, ref: largeHash, declared: -1, data: copies(mib, 16)})
	}
	hint := func(key, now, more string) string {
		return "if it is meant to be that large, allow more than " + now + " in the config:\n  [limits]\n  " + key + " = " + more
	}
	for _, tt := range []struct {
		name string
		pack []byte
		want string
		hint string
	}{
		{"4 GB declared, 5 bytes sent", rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: 4 << 30, data: small.data}),
			"an object has more than 128MiB", hint("object", "128MiB", `"256MiB"`)},
		{"a size of 63 bits", rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: 1<<62 + 1, data: small.data}),
			"the pack is damaged: object too large", ""},
		{"100 MB declared, 5 bytes sent", rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: 100e6, data: small.data}),
			"the pack is damaged: unexpected EOF", ""},
		{"12 MB declared, 5 bytes sent", rawPack(t, 1, rawEntry{kind: plumbing.TreeObject, declared: 12e6, data: small.data}),
			"the pack is damaged: unexpected EOF", ""},
		{"5 bytes declared, 8 MB sent", rawPack(t, 1, rawEntry{kind: plumbing.BlobObject, declared: 5, data: make([]byte, 8*mib)}),
			"the pack is damaged: an object is not of the 5 bytes that it declares", ""},
		{"a delta that makes 100 GB", rawPack(t, 2, large, rawEntry{kind: plumbing.REFDeltaObject, ref: largeHash, declared: -1, data: copies(mib, 100_000)}),
			"an object has more than 128MiB", hint("object", "128MiB", `"256MiB"`)},
		{"many deltas that make 48 GB", rawPack(t, len(wide), wide...),
			"the objects have more than 32GiB", hint("unpacked", "32GiB", `"64GiB"`)},
		{"4 billion objects declared", rawPack(t, 1<<32-1, small),
			"the pack has more objects than 5000000", hint("objects", "5000000", `10000000`)},
		{"4 million objects declared", rawPack(t, 4_000_000, small),
			"the pack is damaged: unexpected EOF", ""},
		{"fewer objects declared", rawPack(t, 1, small, small),
			"the pack is damaged: it has more than its objects", ""},
		{"a delta to itself", rawPack(t, 1, rawEntry{kind: plumbing.OFSDeltaObject, back: 0, declared: -1, data: copies(5, 1)}),
			"the pack is damaged: a delta to itself", ""},
		{"a delta to what is before the pack", rawPack(t, 2, small, rawEntry{kind: plumbing.OFSDeltaObject, back: 1 << 20, declared: -1, data: copies(5, 1)}),
			"the pack is damaged: a delta whose base lies outside the pack", ""},
		{"a delta to the middle of an object", rawPack(t, 2, small, rawEntry{kind: plumbing.OFSDeltaObject, back: smallAt - 2, declared: -1, data: copies(5, 1)}),
			"the pack is damaged: it has a delta to an object that is not in it", ""},
		{"a delta to what is not in the pack", rawPack(t, 2, small, rawEntry{kind: plumbing.REFDeltaObject, ref: plumbing.NewHash(hash1), declared: -1, data: copies(5, 1)}),
			"the pack is damaged: it has a delta to an object that is not in it", ""},
		{"a delta for another base", rawPack(t, 2, small, rawEntry{kind: plumbing.OFSDeltaObject, back: smallAt, declared: -1, data: copies(6, 1)}),
			"the pack is damaged: a delta that does not fit its base", ""},
		{"a delta that copies beyond its base", rawPack(t, 2, small, rawEntry{kind: plumbing.OFSDeltaObject, back: smallAt, declared: -1, data: []byte{5, 6, 0x90, 6}}),
			"the pack is damaged: a delta that does not fit its base", ""},
		{"an empty delta", rawPack(t, 2, small, rawEntry{kind: plumbing.OFSDeltaObject, back: smallAt, declared: -1}),
			"the pack is damaged: a delta that does not fit its base", ""},
		{"an unknown kind of object", rawPack(t, 1, rawEntry{kind: 5, declared: -1, data: small.data}),
			"the pack is damaged: an object of the unknown type 5", ""},
		{"no kind of object", rawPack(t, 1, rawEntry{kind: 0, declared: -1, data: small.data}),
			"the pack is damaged: an object of the unknown type 0", ""},
		{"another checksum", append(rawPack(t, 1, small)[:len(rawPack(t, 1, small))-1], 0),
			"the pack is damaged: checksum mismatch", ""},
		{"half of it", rawPack(t, 1, large)[:500], "the pack is damaged: unexpected EOF", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := writePack(t.TempDir(), bytes.NewReader(tt.pack), config.Limits{}.OrDefault(), true)
			runtime.ReadMemStats(&after)
			var hints []string
			if tt.hint != "" {
				hints = []string{tt.hint}
			}
			testkit.WantError(t, err, tt.want, hints...)
			const most = 128 << 20 // bytes
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("%d bytes of memory were taken for it", got)
			}
		})
	}
}

// TestPackLimits has each limit met, and just not met.
func TestPackLimits(t *testing.T) {
	base := rawEntry{kind: plumbing.BlobObject, declared: -1, data: bytes.Repeat([]byte("x"), 1000)}
	hash := plumbing.ComputeHash(plumbing.BlobObject, base.data)
	pack := rawPack(t, 2, base, rawEntry{kind: plumbing.REFDeltaObject, ref: hash, declared: -1, data: copies(1000, 2)})
	delta := int64(len(copies(1000, 2)))
	for _, tt := range []struct {
		key    string
		exact  int64
		limits func(n int64) config.Limits
	}{
		{"pack", int64(len(pack)), func(n int64) config.Limits { return config.Limits{Pack: n} }},
		{"objects", 2, func(n int64) config.Limits { return config.Limits{Objects: n} }},
		{"object", 2000, func(n int64) config.Limits { return config.Limits{Object: n} }},
		{"unpacked", 3000 + delta, func(n int64) config.Limits { return config.Limits{Unpacked: n} }},
	} {
		if _, err := writePack(t.TempDir(), bytes.NewReader(pack), tt.limits(tt.exact).OrDefault(), true); err != nil {
			t.Errorf("%s: %v", tt.key, err)
		}
		_, err := writePack(t.TempDir(), bytes.NewReader(pack), tt.limits(tt.exact-1).OrDefault(), true)
		var tooMuch *limit.Error
		if !errors.As(err, &tooMuch) || tooMuch.Key != tt.key {
			t.Errorf("%s: one less: error %v", tt.key, err)
		}
	}
}

// TestHeldObjects has a pack whose deltas part at every step, so that much has
// to be held while it is unpacked.
func TestHeldObjects(t *testing.T) {
	const size = 1 << 20
	base := make([]byte, size)
	entries := []rawEntry{{kind: plumbing.BlobObject, declared: -1, data: base}}
	for i := range 9 {
		hash := plumbing.ComputeHash(plumbing.BlobObject, base)
		// One byte of its own, and the rest of the base.
		change := func(c byte) []byte {
			out := append(uvarint(size), uvarint(size)...)
			rest := size - 1
			return append(out, 1, c, 0x80|0x70, byte(rest), byte(rest>>8), byte(rest>>16))
		}
		next := append([]byte{byte(2*i + 1)}, base[:size-1]...)
		entries = append(entries,
			rawEntry{kind: plumbing.REFDeltaObject, ref: hash, declared: -1, data: change(byte(2*i + 1))},
			rawEntry{kind: plumbing.REFDeltaObject, ref: hash, declared: -1, data: change(byte(2*i + 2))})
		base = next
	}
	pack := rawPack(t, len(entries), entries...)
	if _, err := writePack(t.TempDir(), bytes.NewReader(pack), config.Limits{}.OrDefault(), true); err != nil {
		t.Error(err)
	}
	_, err := writePack(t.TempDir(), bytes.NewReader(pack), config.Limits{Object: size}.OrDefault(), true)
	if err == nil || !strings.HasPrefix(err.Error(), "unpacking it has to hold more than 4 objects of 1MiB") {
		t.Errorf("error %v", err)
	}
}

func sha1Of(data []byte) []byte {
	sum := sha1.Sum(data)
	return sum[:]
}
