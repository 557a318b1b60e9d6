package source

import (
	"errors"
	"fmt"
	"io"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/limit"
)

// at puts a remote into the errors that lack it.
func at(remote Remote, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*limit.Error](err); ok {
		if e.URL == "" {
			e.URL = remote.String()
		}
		return err
	}
	if e, ok := errors.AsType[*gitpack.ObjectFormatError](err); ok {
		e.URL = remote.String()
		return e
	}
	return fmt.Errorf("%s: %w", remote, brief.Error(err)) // which may have the server's words
}

// isBound reports whether err is about how much or how slowly a server sends.
func isBound(err error) bool {
	_, tooMuch := errors.AsType[*limit.Error](err)
	_, slow := errors.AsType[*SlowError](err)
	return tooMuch || slow
}

// boundedRefs reads what a server says of its refs.
func boundedRefs(r io.Reader, most int64) io.Reader {
	return &sha1Refs{r: &limit.Reader{R: r, Left: most, Over: limit.Bytes("the server's refs have more than", "refs", most)}}
}
