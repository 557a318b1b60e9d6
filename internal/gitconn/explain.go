package gitconn

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"path/filepath"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/gitpack"
	"github.com/vxlite/vxlite/internal/giturl"
	"github.com/vxlite/vxlite/internal/limit"
)

// At puts a remote into the errors that lack it.
func At(remote giturl.Remote, err error) error {
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

// Cause names what a failure has in common with those of other repositories: a
// host, or a folder of mirrors. It is empty where the failure is a repository's
// own.
func Cause(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok { // of the candidates for one repository
		var all []string
		for _, err := range several.Unwrap() {
			all = append(all, Cause(err))
		}
		if slices.Contains(all, "") {
			return ""
		}
		return strings.Join(all, "\n")
	}
	e, ok := errors.AsType[interface {
		error
		cause() string
	}](err)
	if !ok {
		return ""
	}
	return e.cause()
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
	// Missing is the directory that is not there, of those above a local path.
	Missing string
	// Server is what the server said, if it was a server.
	Server string
}

// Error implements error.
func (e *NoRepositoryError) Error() string {
	if e.Server != "" {
		return fmt.Sprintf("no repository at %s: the server says: %s", e.URL, e.Server)
	}
	if e.Missing != "" {
		return fmt.Sprintf("no repository at %s: there is no directory %s", e.URL, e.Missing)
	}
	return fmt.Sprintf("no repository at %s", e.URL)
}

func (e *NoRepositoryError) cause() string { return e.Missing }

// Hints says what to look at.
func (e *NoRepositoryError) Hints() []string {
	if e.Missing != "" {
		return []string{"check the path in the config or in --mirror; where it is a mount, whether it is there"}
	}
	if filepath.IsAbs(e.URL) {
		return []string{"correct the path: neither it nor PATH.git is a git repository"}
	}
	return []string{"check the URL; a server may also hide what the credentials may not see"}
}
