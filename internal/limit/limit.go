// Package limit holds what others send to the config's [limits]: an [Error] names the
// limit that was met and the key that raises it, and a [Reader] ends there.
package limit

import (
	"fmt"
	"io"

	"github.com/vxlite/vxlite/internal/config"
)

// Error is a repository, or a server's answer, that is larger than the config
// allows.
type Error struct {
	// URL is the remote's; empty until it is known.
	URL string
	// What is said to be too large, with the limit: "the pack has more than 2GiB".
	What string
	// Key is the limit's in [limits], Now its value, and More a larger one: a
	// number, or a text for a size.
	Key  string
	Now  string
	More any
	// Final says that Go allows no more.
	Final bool
}

// Error implements error.
func (e *Error) Error() string {
	if e.URL == "" {
		return e.What
	}
	return e.URL + ": " + e.What
}

// Hints shows the key.
func (e *Error) Hints() []string {
	if e.Final {
		return []string{"Go allows no more in a module, whatever [limits] " + e.Key + " says"}
	}
	return []string{config.Snippet("if it is meant to be that large, allow more than "+e.Now+" in the config", "[limits]", config.Setting{Key: e.Key, Value: e.More})}
}

// Count returns the error for more than most of something that is counted.
func Count(what, key string, most int64) *Error {
	return &Error{What: fmt.Sprintf("%s %d", what, most), Key: key, Now: fmt.Sprint(most), More: 2 * most}
}

// Bytes returns the error for more than most bytes.
func Bytes(what, key string, most int64) *Error {
	size := config.FormatSize(most)
	return &Error{What: what + " " + size, Key: key, Now: size, More: config.FormatSize(2 * most)}
}

// Reader reads at most Left bytes of R, and fails with Over at the next one.
type Reader struct {
	R    io.Reader
	Left int64
	Over error
}

// Read implements io.Reader.
func (b *Reader) Read(p []byte) (int, error) {
	if b.Left < 0 {
		return 0, b.Over
	}
	n, err := b.R.Read(p)
	if b.Left -= int64(n); b.Left < 0 {
		return 0, b.Over
	}
	return n, err
}
