package gitconn

import (
	"fmt"
	"io"
)

// errCut is an answer that ends before its end. go-git makes other errors of
// io.EOF and io.ErrUnexpectedEOF, which do not tell that a connection was lost,
// and keeps any other as it is.
var errCut = fmt.Errorf("the answer ends too early: %w", io.ErrUnexpectedEOF)

// unended reads an answer of which the reader knows where it ends: to meet the
// end of the stream, once anything has come, is too early.
type unended struct {
	r     io.Reader
	begun bool
}

// Read implements io.Reader.
func (u *unended) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	u.begun = u.begun || n > 0
	if err == io.ErrUnexpectedEOF || err == io.EOF && u.begun && n == 0 {
		err = errCut
	} else if err == io.EOF && n > 0 {
		err = nil // the next Read tells
	}
	return n, err
}
