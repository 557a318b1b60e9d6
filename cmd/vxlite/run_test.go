package main

import "testing"

// TestEnded wants the server's exit status to become the program's, where the
// system lets no program take another's place.
func TestEnded(t *testing.T) {
	if err := ended(0); err != nil {
		t.Errorf("a server that ended well: %#v", err)
	}
	if got := describe(ended(7)).status; got != 7 {
		t.Errorf("status %d, not 7", got)
	}
}
