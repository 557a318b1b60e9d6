package plan

import "testing"

func TestPlaceholder(t *testing.T) {
	for v, want := range map[string]bool{
		"v0.0.0":                             true,
		"v0.0.0-00010101000000-000000000000": true,
		"v5.0.0-00010101000000-000000000000": true,
		"v0.0.0-20260105080807-abcdef012345": false,
		"v0.0.1":                             false,
		"v1.0.0":                             false,
	} {
		if got := Placeholder(v); got != want {
			t.Errorf("%s: %v, want %v", v, got, want)
		}
	}
}
