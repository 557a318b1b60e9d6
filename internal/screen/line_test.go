package screen

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/vxlite/vxlite/internal/event"
)

// TestHowFar compiles for a minute, a package every four seconds, without a
// terminal.
func TestHowFar(t *testing.T) {
	var stderr bytes.Buffer
	s := New(&bytes.Buffer{}, &stderr, Options{})
	clock := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return clock }
	s.Show(event.Event{Kind: event.CompileStart, Target: "linux/amd64", Total: 1110})
	for i := range 12 {
		clock = clock.Add(4 * time.Second)
		s.Show(event.Event{Kind: event.CompilePackage, Target: "linux/amd64", Package: fmt.Sprint("p", i), Done: i + 1})
	}
	s.Show(event.Event{Kind: event.CompileDone, Target: "linux/amd64"})
	const want = `compiling linux/amd64 (1110 packages)
compiling linux/amd64: 4 of 1110 packages
compiling linux/amd64: 8 of 1110 packages
compiling linux/amd64: 12 of 1110 packages
compiled linux/amd64
`
	if got := stderr.String(); got != want {
		t.Errorf("it says\n%swant\n%s", got, want)
	}
}
