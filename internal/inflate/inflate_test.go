package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	kzlib "github.com/klauspost/compress/zlib"
)

// compressed returns data as a zlib stream of the given level.
func compressed(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wrapped makes a zlib stream of a DEFLATE stream.
func wrapped(deflate, data []byte) []byte {
	out := append([]byte{0x78, 0x9c}, deflate...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(data))
}

// samples are data of many kinds, and lengths about where something changes.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	few := make([]byte, 100_000) // many short matches, far and near
	skewed := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
		few[i] = "ab"[random.IntN(2)]
	}
	for i := range skewed { // codes of all lengths
		skewed[i] = byte(min(255, random.ExpFloat64()*12))
	}
	source, err := os.ReadFile("inflate.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{"noise": noise, "few": few, "skewed": skewed, "source": source, "zeros": make([]byte, 300_000),
		"lines": []byte(strings.Repeat("some line of text, again and again\n", 3000))}
	for n := range 40 {
		out["begin "+string(rune('0'+n))] = source[:n]
		out["run "+string(rune('0'+n))] = bytes.Repeat([]byte("abcdefghijklmnopqrstuvwxyz0123456789ABCDE")[:n+1], 40)
	}
	return out
}

// TestZlib reads what compress/zlib writes, at every level.
func TestZlib(t *testing.T) {
	for name, data := range samples(t) {
		for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression, zlib.BestCompression} {
			stream := compressed(t, data, level)
			dst := make([]byte, len(data))
			n, err := Zlib(dst, append(stream, "what follows"...))
			if err != nil || n != len(stream) || !bytes.Equal(dst, data) {
				t.Errorf("%s at level %d: %d of %d bytes, %v, the same data: %t", name, level, n, len(stream), err, bytes.Equal(dst, data))
			}
			if n, err := Zlib(dst, stream); err != nil || n != len(stream) {
				t.Errorf("%s at level %d, without anything behind: %d of %d bytes, %v", name, level, n, len(stream), err)
			}
		}
	}
}

// TestSizes reads streams that hold more or less than is expected.
func TestSizes(t *testing.T) {
	for name, data := range samples(t) {
		stream := compressed(t, data, zlib.DefaultCompression)
		for _, size := range []int{len(data) - 300, len(data) - 1, len(data) + 1, len(data) + 300} {
			if size < 0 {
				continue
			}
			if _, err := Zlib(make([]byte, size), stream); !errors.Is(err, ErrSize) {
				t.Errorf("%s, %d bytes as %d: %v", name, len(data), size, err)
			}
		}
	}
}

// TestCut reads streams that end too early.
func TestCut(t *testing.T) {
	for name, data := range samples(t) {
		stream := compressed(t, data, zlib.DefaultCompression)
		dst := make([]byte, len(data))
		step := max(1, len(stream)/500)
		for n := len(stream) - 1; n >= 0; n -= step {
			if _, err := Zlib(dst, stream[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(stream), err)
			}
		}
	}
}

// TestDamaged reads what is no zlib stream.
func TestDamaged(t *testing.T) {
	good := compressed(t, []byte("hello, hello, hello"), zlib.DefaultCompression)
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(good)
		b[at] = to
		return b
	}
	for _, tt := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"another method", changed(0, 0x77), ErrHeader},
		{"a window too large", changed(0, 0x88), ErrHeader},
		{"a dictionary", []byte{0x78, 0xbb, 0, 0, 0, 0, 0}, ErrHeader},
		{"another header checksum", changed(1, 0x9d), ErrHeader},
		{"the reserved kind of block", wrapped([]byte{7}, nil), ErrData},
		{"a stored length that is not confirmed", wrapped([]byte{1, 5, 0, 0, 0, 1, 2, 3, 4, 5}, nil), ErrData},
		{"a distance beyond the beginning", wrapped([]byte{0x03, 0x02, 0, 0, 0, 0}, nil), ErrData},
		{"the length symbol 286", wrapped([]byte{0x1b, 0x03, 0, 0}, nil), ErrData},
		{"too many literal codes", wrapped([]byte{0xfd, 0, 0, 0, 0}, nil), ErrData},
		{"no codes at all", wrapped([]byte{5, 0, 0, 0, 0, 0, 0, 0}, nil), ErrData},
	} {
		if _, err := Zlib(make([]byte, 19), tt.stream); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// TestBlocks reads streams with blocks of all kinds in them.
func TestBlocks(t *testing.T) {
	var b bytes.Buffer
	var data []byte
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	noise := samples(t)["noise"]
	for _, part := range [][]byte{[]byte("short"), noise[:500], bytes.Repeat([]byte("long "), 5000), noise, {}} {
		data = append(data, part...)
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil { // an empty stored block
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, len(data))
	stream := wrapped(b.Bytes(), data)
	if n, err := Zlib(dst, stream); err != nil || n != len(stream) || !bytes.Equal(dst, data) {
		t.Errorf("%d of %d bytes, %v", n, len(stream), err)
	}
}

// FuzzZlib compares with compress/flate: where that finds data and an end, it
// has to be the same here, and where it finds none, here neither.
func FuzzZlib(f *testing.F) {
	for _, level := range []int{zlib.HuffmanOnly, zlib.NoCompression, zlib.DefaultCompression} {
		for _, data := range [][]byte{[]byte("hello, hello, hello, world"), bytes.Repeat([]byte("abcdefgh\n"), 200), samples(f)["skewed"][:3000]} {
			stream := compressed(f, data, level)
			f.Add(stream[2 : len(stream)-4])
		}
	}
	f.Add([]byte{0x1b, 0x03, 0, 0})
	f.Fuzz(func(t *testing.T, deflate []byte) {
		const most = 1 << 20 // bytes of a result
		in := bytes.NewReader(deflate)
		want, refused := io.ReadAll(io.LimitReader(flate.NewReader(in), most))
		if len(want) == most {
			return
		}
		used := len(deflate) - in.Len()
		stream := wrapped(deflate[:used], want)
		dst := make([]byte, len(want))
		n, err := Zlib(dst, stream)
		switch {
		case (err == nil) != (refused == nil):
			t.Errorf("%v, and compress/flate: %v", err, refused)
		case err == nil && (!bytes.Equal(dst, want) || n != len(stream)):
			t.Errorf("%d of %d bytes and %q, want %q", n, len(stream), dst, want)
		}
		switch _, err := Zlib(make([]byte, len(want)+1), stream); {
		case refused == nil && !errors.Is(err, ErrSize):
			t.Errorf("a byte more than there is: %v", err)
		case refused != nil && err == nil:
			t.Errorf("room for a byte more, and no error, and compress/flate: %v", refused)
		}
		if refused != nil || len(stream) == 0 {
			return
		}
		cut := int(adler32.Checksum(stream)) % len(stream) // anywhere
		if _, err := Zlib(dst, stream[:cut]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d of %d bytes: %v", cut, len(stream), err)
		}
	})
}

// BenchmarkZlib reads source files of the house.
func BenchmarkZlib(b *testing.B) {
	names, err := filepath.Glob(filepath.Join("..", "*", "*.go"))
	if err != nil || len(names) == 0 {
		b.Fatal("no files", err)
	}
	var streams [][]byte
	var sizes []int
	total := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		streams, sizes = append(streams, compressed(b, data, zlib.DefaultCompression)), append(sizes, len(data))
		total += len(data)
	}
	dst := make([]byte, 4<<20)
	through := func(reset func(io.Reader) (io.Reader, error)) func(b *testing.B) {
		return func(b *testing.B) {
			b.SetBytes(int64(total))
			for b.Loop() {
				for i, stream := range streams {
					r, err := reset(bytes.NewReader(stream))
					if err == nil {
						_, err = io.ReadFull(r, dst[:sizes[i]])
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	}
	b.Run("vxlite", func(b *testing.B) {
		b.SetBytes(int64(total))
		for b.Loop() {
			for i, stream := range streams {
				if _, err := Zlib(dst[:sizes[i]], stream); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	var std, klauspost io.Reader
	b.Run("compress/zlib", through(func(in io.Reader) (r io.Reader, err error) {
		if std == nil {
			std, err = zlib.NewReader(in)
			return std, err
		}
		return std, std.(zlib.Resetter).Reset(in, nil)
	}))
	b.Run("klauspost", through(func(in io.Reader) (r io.Reader, err error) {
		if klauspost == nil {
			klauspost, err = kzlib.NewReader(in)
			return klauspost, err
		}
		return klauspost, klauspost.(kzlib.Resetter).Reset(in, nil)
	}))
}
