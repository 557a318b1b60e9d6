package live

import "testing"

// TestOnlyData has changes after which the build may give the same binary.
func TestOnlyData(t *testing.T) {
	for _, tt := range []struct {
		files []string
		want  bool
	}{
		{[]string{"page.html"}, true},
		{[]string{"page.html", "a.go"}, false},
		{nil, true},
	} {
		if got := onlyData(tt.files); got != tt.want {
			t.Errorf("%q: %v", tt.files, got)
		}
	}
}
