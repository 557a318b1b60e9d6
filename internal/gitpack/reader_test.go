package gitpack

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// countedReads is a file that counts how often it is read.
type countedReads struct {
	io.ReaderAt
	n int
}

func (c *countedReads) ReadAt(p []byte, off int64) (int, error) {
	c.n++
	return c.ReaderAt.ReadAt(p, off)
}

// deflated compresses data, all at once or with an end after so many bytes.
func deflated(t *testing.T, data []byte, flush int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	for len(data) > 0 {
		n := len(data)
		if flush > 0 {
			n = min(n, flush)
		}
		if _, err := w.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		if data = data[n:]; flush > 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPackReader inflates what is in the first chunk, what takes a second look,
// and what has to be streamed, at the end of a file and before it.
func TestPackReader(t *testing.T) {
	noise := make([]byte, 100_000)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	text := []byte(strings.Repeat("a line of text\n", 2000))
	for _, tt := range []struct {
		name        string
		data        []byte
		flush, most int // reads that it may take
	}{
		{"nothing", nil, 0, 1},
		{"a few bytes", []byte("package acme\n"), 0, 1},
		{"text", text, 0, 2},
		{"what does not compress", noise, 0, 8},
		{"what was compressed badly", text[:3000], 1, 4},
		{"large", bytes.Repeat(text, 140), 0, 20},
	} {
		for _, behind := range []int{0, 1, 10_000} {
			const before = 5000
			compressed := deflated(t, tt.data, tt.flush)
			file := &countedReads{ReaderAt: bytes.NewReader(append(append(make([]byte, before), compressed...), make([]byte, behind)...))}
			r := &packReader{chunk: 4 << 10}
			r.reset(file)
			data, end, err := r.inflate(before, len(tt.data))
			if err != nil || !bytes.Equal(data, tt.data) || end != before+int64(len(compressed)) {
				t.Errorf("%s, %d bytes behind it: %d bytes, up to %d, %v; want %d, up to %d", tt.name, behind, len(data), end, err, len(tt.data), before+len(compressed))
			}
			if file.n > tt.most {
				t.Errorf("%s: %d reads, want %d at most", tt.name, file.n, tt.most)
			}
			if len(tt.data) == 0 {
				continue
			}
			if _, _, err := r.inflate(before, len(tt.data)-1); err == nil || err.Error() != sizeError(len(tt.data)-1).Error() {
				t.Errorf("%s as a byte less: %v", tt.name, err)
			}
			cut := &packReader{chunk: 4 << 10}
			cut.reset(bytes.NewReader(append(make([]byte, before), compressed[:len(compressed)-5]...)))
			if _, _, err := cut.inflate(before, len(tt.data)); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, cut off: %v", tt.name, err)
			}
		}
	}
}

// TestPackReaderChunks reads headers and bytes that lie across two chunks.
func TestPackReaderChunks(t *testing.T) {
	data := make([]byte, 300)
	for i := range data {
		data[i] = byte(i)
	}
	r := &packReader{chunk: 64}
	r.reset(bytes.NewReader(data))
	for _, tt := range []struct {
		offset int64
		n      int
	}{{0, 10}, {60, 10}, {0, 64}, {63, 1}, {63, 2}, {250, 100}, {299, 1}, {300, 1}, {400, 5}, {10, 200}} {
		got, err := r.at(tt.offset, tt.n)
		from := min(tt.offset, 300)
		least := min(from+int64(tt.n), 300) - from
		if err != nil || int64(len(got)) < least || !bytes.Equal(got, data[from:from+int64(len(got))]) {
			t.Errorf("%d bytes at %d: %v, %v", tt.n, tt.offset, got, err)
		}
	}
}
