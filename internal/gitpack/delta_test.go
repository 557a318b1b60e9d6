package gitpack

import (
	"bytes"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// TestDelta applies deltas by hand.
func TestDelta(t *testing.T) {
	const base = "0123456789"
	for _, tt := range []struct{ name, delta, want string }{
		{"copied", "\x0a\x04\x91\x03\x04", "3456"},
		{"inserted", "\x0a\x02\x02ab", "ab"},
		{"both", "\x0a\x05\x90\x03\x02ab", "012ab"},
		{"from the end", "\x0a\x01\x91\x09\x01", "9"},
		{"empty", "\x0a\x00", ""},
		{"of another base", "\x0b\x02\x02ab", "error"},
		{"too much", "\x0a\x01\x02ab", "error"},
		{"too little", "\x0a\x03\x02ab", "error"},
		{"beyond the base", "\x0a\x02\x91\x09\x02", "error"},
		{"far beyond it", "\x0a\x02\xff\xff\xff\xff\xff\xff\xff\xff", "error"},
		{"64 KiB of ten bytes", "\x0a\x02\x80", "error"},
		{"the reserved instruction", "\x0a\x02\x00", "error"},
		{"cut in an insertion", "\x0a\x02\x02a", "error"},
		{"cut in a copy", "\x0a\x02\x91\x01", "error"},
		{"cut in a size", "\x0a\x80", "error"},
		{"nothing", "", "error"},
		{"a size of 64 bits and more", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "error"},
		{"a huge size", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02ab", "error"},
	} {
		got, err := applyDelta([]byte(base), []byte(tt.delta))
		if tt.want == "error" && err == nil || tt.want != "error" && (err != nil || string(got) != tt.want) {
			t.Errorf("%s: %q, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

// FuzzDelta wants an end, an object of the size that was declared, which is what
// the limits are compared with, and that a delta between any two objects gives the second.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("0123456789"), []byte("\x0a\x05\x90\x03\x02ab"))
	f.Add([]byte("0123456789"), []byte("\x0a\x04\x91\x03\x04"))
	f.Add(bytes.Repeat([]byte("0123456789\n"), 9000), []byte("another\n"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		got, err := applyDelta(base, delta)
		size, declared := deltaResult(delta)
		if err == nil && (declared != nil || uint64(len(got)) != size) {
			t.Errorf("%d bytes, and it declares %d, %v", len(got), size, declared)
		}
		if len(base) == 0 {
			return // git makes no delta to nothing
		}
		made := packfile.DiffDelta(base, delta) // as if it were the other object
		back, err := applyDelta(base, made)
		if err != nil || !bytes.Equal(back, delta) {
			t.Errorf("%q of a delta from %q to %q, %v", back, base, delta, err)
		}
	})
}
