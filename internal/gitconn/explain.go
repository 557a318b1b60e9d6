package gitconn

import (
	"errors"
	"fmt"
	"io"

	"path/filepath"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/limit"
)

// At puts a remote into the errors that lack it.
func At(remote Remote, err error) error {
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

// BoundedRefs reads what a server says of its refs.
func BoundedRefs(r io.Reader, most int64) io.Reader {
	return &sha1Refs{r: &limit.Reader{R: r, Left: most, Over: limit.Bytes("the server's refs have more than", "refs", most)}}
}

// NoRepositoryError is a URL with no repository behind it.
type NoRepositoryError struct {
	URL string
	// Server is what the server said, if it was a server.
	Server string
}

// Error implements error.
func (e *NoRepositoryError) Error() string {
	if e.Server != "" {
		return fmt.Sprintf("no repository at %s: the server says: %s", e.URL, e.Server)
	}
	return fmt.Sprintf("no repository at %s", e.URL)
}

// Hints says what to look at.
func (e *NoRepositoryError) Hints() []string {
	if filepath.IsAbs(e.URL) {
		return []string{"neither the path nor the path with .git is a git repository"}
	}
	return []string{"check the URL; a server may also hide what the credentials may not see"}
}
