package update

import (
	"strings"
	"testing"
)

// TestRefs has refs that name one commit, and those that move.
func TestRefs(t *testing.T) {
	for ref, want := range map[string]bool{
		"v1.2.3": true, "v2.0.0+incompatible": true, "v1.2.3-beta.1": true, "v0.0.0-20260301100000-0123456789ab": true, strings.Repeat("0a", 20): true,
		"v1": false, "v1.2": false, "latest": false, "master": false, "": false, strings.Repeat("0a", 19): false, strings.Repeat("xy", 20): false,
	} {
		if got := exactRef(ref); got != want {
			t.Errorf("exactRef(%q) = %v", ref, got)
		}
	}
}
