package live

import "testing"

// TestPlanChanged has files after which a server is planned anew.
func TestPlanChanged(t *testing.T) {
	for file, want := range map[string]bool{"a/go.mod": true, "go.sum": true, "go.work": true, "velox.toml": true, "a/x.go": false, "a/page.html": false} {
		if got := planChanged([]string{"other.go", file}); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}
