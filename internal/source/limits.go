package source

import (
	"errors"
	"fmt"
	"io"

	"github.com/vxlite/vxlite/internal/brief"
	"github.com/vxlite/vxlite/internal/config"
)

// LimitError is a repository, or a server's answer, that is larger than the
// config allows.
type LimitError struct {
	// URL is the remote's; empty until it is known.
	URL string
	// What is said to be too large, with the limit: "the pack has more than 2GiB".
	What string
	// Key is the limit's in [limits], with its value as it is now.
	Key, Now string
	// Final says that Go allows no more.
	Final bool
}

// Error implements error.
func (e *LimitError) Error() string {
	if e.URL == "" {
		return e.What
	}
	return e.URL + ": " + e.What
}

// Hints names the key.
func (e *LimitError) Hints() []string {
	if e.Final {
		return []string{"Go allows no more in a module, whatever [limits] " + e.Key + " says"}
	}
	return []string{fmt.Sprintf("if it is meant to be that large, allow more in the config: [limits] %s, which is %s", e.Key, e.Now)}
}

// tooMany is the error for more than most of something that is counted.
func tooMany(what, key string, most int64) *LimitError {
	return &LimitError{What: fmt.Sprintf("%s %d", what, most), Key: key, Now: fmt.Sprint(most)}
}

// tooLarge is the error for more than most bytes.
func tooLarge(what, key string, most int64) *LimitError {
	size := config.FormatSize(most)
	return &LimitError{What: what + " " + size, Key: key, Now: size}
}

// at puts a remote into the errors that lack it.
func at(remote Remote, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*LimitError](err); ok {
		if e.URL == "" {
			e.URL = remote.String()
		}
		return err
	}
	if e, ok := errors.AsType[*ObjectFormatError](err); ok {
		e.URL = remote.String()
		return e
	}
	return fmt.Errorf("%s: %w", remote, brief.Error(err)) // which may have the server's words
}

// isBound reports whether err is about how much or how slowly a server sends.
func isBound(err error) bool {
	_, limit := errors.AsType[*LimitError](err)
	_, slow := errors.AsType[*SlowError](err)
	return limit || slow
}

// bounded reads at most left bytes; the next one is over.
type bounded struct {
	r    io.Reader
	left int64
	over error
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.over
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.over
	}
	return n, err
}

// boundedRefs reads what a server says of its refs.
func boundedRefs(r io.Reader, most int64) io.Reader {
	return &sha1Refs{r: &bounded{r: r, left: most, over: tooLarge("the server's refs have more than", "refs", most)}}
}
