package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// ErrNone is a file without a manifest.
var ErrNone = errors.New("it has no vxlite manifest")

// ErrDamaged is a file in which a manifest begins that is not whole, or not as
// it was written.
var ErrDamaged = errors.New("its vxlite manifest is damaged")

// window is how much of a file is looked at together, in bytes.
const window = 1 << 20

// Find returns the manifest of a binary, of any format: ELF, Mach-O and PE all
// keep a program's constants in one piece. It reads the file once, from its
// beginning, and holds no more of it than a window and one manifest.
//
// A mark that nothing whole follows is passed over, since a program may have
// the mark for other reasons.
func Find(r io.ReaderAt) (*Manifest, error) {
	mark := begin()
	buf := make([]byte, window)
	damaged := false
	for at := int64(0); ; {
		n, err := r.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return nil, err
		}
		for from := 0; ; {
			i := bytes.Index(buf[from:n], mark)
			if i < 0 {
				break
			}
			from += i + len(mark)
			m, err := read(r, at+int64(from))
			if err == nil {
				return m, nil
			}
			damaged = true
		}
		if err == io.EOF || n < len(buf) {
			break
		}
		at += int64(n - len(mark) + 1) // a mark may lie across two windows
	}
	if damaged {
		return nil, ErrDamaged
	}
	return nil, ErrNone
}

// read decodes the manifest whose begin mark ends at an offset.
func read(r io.ReaderAt, at int64) (*Manifest, error) {
	head := make([]byte, len(header(nil)))
	if _, err := r.ReadAt(head, at); err != nil {
		return nil, err
	}
	size := 0
	for _, c := range head[:7] {
		if c < '0' || c > '9' {
			return nil, ErrDamaged
		}
		size = size*10 + int(c-'0')
	}
	if size > maxSize {
		return nil, ErrDamaged
	}
	at += int64(len(head))
	tail := end() // first, as it tells at little cost
	if n, err := r.ReadAt(tail, at+int64(size)); n < len(tail) {
		return nil, err
	}
	if !bytes.Equal(tail, end()) {
		return nil, ErrDamaged
	}
	body := make([]byte, size)
	if n, err := r.ReadAt(body, at); n < len(body) {
		return nil, err
	}
	if !bytes.Equal(head, header(body)) {
		return nil, ErrDamaged
	}
	m := new(Manifest)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, ErrDamaged
	}
	return m, nil
}
