package gitconn

import (
	"bytes"
	"io"

	"github.com/vxlite/vxlite/internal/gitpack"
)

// sha1Refs lets what a server says of its refs through where it speaks of
// objects by SHA-1. The server says so with the first ref, behind a zero byte,
// and go-git would stumble over that ref's name.
type sha1Refs struct {
	r      io.Reader
	begun  []byte // until it is known
	passed bool
}

// Read implements io.Reader.
func (s *sha1Refs) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if s.passed {
		return n, err
	}
	s.begun = append(s.begun, p[:n]...)
	_, capabilities, ok := bytes.Cut(s.begun, []byte{0})
	capabilities, _, whole := bytes.Cut(capabilities, []byte("\n"))
	const longest = 64 << 10 // bytes, that a packet may have
	s.passed = ok && whole || len(s.begun) > longest
	for c := range bytes.FieldsSeq(capabilities) {
		if format, ok := bytes.CutPrefix(c, []byte("object-format=")); ok && s.passed && string(format) != "sha1" {
			return 0, &gitpack.ObjectFormatError{Format: string(format)}
		}
	}
	if s.passed {
		s.begun = nil
	}
	return n, err
}
