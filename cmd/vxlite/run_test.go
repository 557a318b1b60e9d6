package main

import (
	"io"
	"testing"

	"github.com/vxlite/vxlite/internal/screen"
)

// TestEnded wants the server's exit status to become the program's, where the
// system lets no program take another's place.
func TestEnded(t *testing.T) {
	if err := ended(0); err != nil {
		t.Errorf("a server that ended well: %#v", err)
	}
	if got := screen.New(io.Discard, io.Discard, screen.Options{}).Report(ended(7)); got != 7 {
		t.Errorf("status %d, not 7", got)
	}
}
