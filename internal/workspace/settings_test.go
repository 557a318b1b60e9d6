package workspace

import "testing"

// TestVersion has what a server calls its version, by the ref that it was asked
// for with.
func TestVersion(t *testing.T) {
	for _, tt := range []struct {
		ref, version string
		want         bool
	}{{"latest", "v1.2.3", true}, {"v1", "v1.2.3", true}, {"v1.2", "v1.2.3", true}, {"v1.2.3", "v1.2.3", false}, {"master", "v1.2.3", false}, {"v1.2", "v1.20.3", false}} {
		if got := isQuery(tt.ref, tt.version); got != tt.want {
			t.Errorf("isQuery(%q, %q) = %v", tt.ref, tt.version, got)
		}
	}
	for in, want := range map[string]string{"v2025.1.15": "2025.1.15", "v": "v", "master": "master", "vendor": "vendor", "v1": "1"} {
		if got := withoutV(in); got != want {
			t.Errorf("withoutV(%q) = %q", in, got)
		}
	}
}
